#include "device-mgmt/store/outbox_rows.hpp"

#include <doctest/doctest.h>

using dm::store::parse_lines;
using dm::store::Properties;
using dm::store::to_lines;

TEST_CASE("user properties are one line each and come back as they were") {
    CHECK(to_lines({{"type", "terminal"}, {"message_id", "m-1"}}) ==
          "type\tterminal\nmessage_id\tm-1\n");
    const Properties odd{{"a\tb", "c\nd"}, {"", ""}, {"\\", "\\t"}, {"same", "1"}, {"same", "2"}};
    CHECK(parse_lines(to_lines(odd)) == odd);
    CHECK(parse_lines("").empty());
}
