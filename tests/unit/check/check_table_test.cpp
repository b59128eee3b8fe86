#include "device-mgmt/check/check_table.hpp"

#include <string>

#include <doctest/doctest.h>

using dm::check::Check;
using dm::check::CheckTable;
using dm::check::Verdict;

namespace {

constexpr Check kFirst{"does this", "Frames", "an answer", "Answer it."};
constexpr Check kSecond{"does that", "Liveness", "life", "Live."};

}  // namespace

TEST_SUITE("check table") {
    TEST_CASE("a table is good when something passed and nothing failed") {
        CheckTable table{false};
        CHECK_FALSE(table.good());
        table.add(kFirst, Verdict::skipped, "no broker");
        CHECK_FALSE(table.good());
        table.add(kFirst, true, "ok");
        CHECK(table.good());
        table.add(kSecond, false, "nothing");
        CHECK_FALSE(table.good());
        CHECK(table.count(Verdict::passed) == 1);
        CHECK(table.count(Verdict::failed) == 1);
        CHECK(table.count(Verdict::skipped) == 1);
    }

    TEST_CASE("advice stands under what failed and nowhere else") {
        CheckTable table{false};
        table.add(kFirst, true, "ok");
        table.add(kSecond, false, "nothing");
        CHECK(table.text() ==
              "verdict  check      section   expected   seen\n"
              "passed   does this  Frames    an answer  ok\n"
              "FAILED   does that  Liveness  life       nothing\n"
              "         Live.\n"
              "1 passed, 1 failed, 0 skipped; sections are those of docs/protocol.md\n");
        CHECK(table.json() ==
              R"({"passed":1,"failed":1,"skipped":0,"checks":[)"
              R"({"check":"does this","section":"Frames","expected":"an answer","seen":"ok",)"
              R"("verdict":"passed","advice":""},)"
              R"({"check":"does that","section":"Liveness","expected":"life","seen":"nothing",)"
              R"("verdict":"failed","advice":"Live."}]})");
    }

    TEST_CASE("what a peer says cannot forge a line and is cut") {
        CheckTable table{false};
        table.add(kFirst, true, "a\nFAILED b\x1B[31m \xC3\xA4 \xFF");
        CHECK(table.rows().back().seen == "a?FAILED b?[31m \xC3\xA4 ?");
        table.add(kFirst, true, std::string(10000, 'x'));
        CHECK(table.rows().back().seen.size() == CheckTable::kMaxSeenBytes);
    }
}
