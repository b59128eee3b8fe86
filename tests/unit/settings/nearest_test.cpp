#include "device-mgmt/settings/nearest.hpp"

#include <doctest/doctest.h>

using dm::settings::nearest;

TEST_CASE("the nearest key is the one a person meant") {
    const std::vector<std::string> names{"listen.port", "listen.cert", "ops.port", "broker.url"};
    CHECK(nearest("listen.prot", names) == "listen.port");
    CHECK(nearest("listn.cert", names) == "listen.cert");
    CHECK(nearest("url", names) == "broker.url");
    CHECK_FALSE(nearest("port", names));
    CHECK_FALSE(nearest("something.else", names));
    CHECK_FALSE(nearest("", names));
}
