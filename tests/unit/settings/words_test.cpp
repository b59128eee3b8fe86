#include "device-mgmt/settings/words.hpp"

#include <doctest/doctest.h>

using Words = std::vector<std::string>;

TEST_CASE("words are told from flags and from their values, wherever they are") {
    Words arguments{"--a", "1", "add", "--b=2", "dev-1", "--c", "3", "", "--last"};
    CHECK(dm::settings::take_words(arguments) == Words{"add", "dev-1", ""});
    CHECK(arguments == Words{"--a", "1", "--b=2", "--c", "3", "--last"});
}
