#include "firmware-sim/reply_memory.hpp"

#include <string>

#include <doctest/doctest.h>

using dm::sim::ReplyMemory;
using Known = ReplyMemory::Known;

TEST_SUITE("firmware-sim/reply_memory") {
    TEST_CASE("an id is unknown, then executing, then replied") {
        ReplyMemory memory;
        CHECK(memory.known("a") == Known::no);
        CHECK_FALSE(memory.begin("a"));
        CHECK(memory.known("a") == Known::executing);
        CHECK(memory.reply("a") == nullptr);
        memory.finish({"a", "ok", {}, {}, {}});
        CHECK(memory.known("a") == Known::replied);
        REQUIRE(memory.reply("a") != nullptr);
        CHECK(memory.reply("a")->status == "ok");
    }

    TEST_CASE("acknowledged replies are kept for redeliveries but not repeated") {
        ReplyMemory memory;
        for (const char* id : {"a", "b", "c"}) {
            static_cast<void>(memory.begin(id));
        }
        memory.finish({"c", "ok", {}, {}, {}});
        memory.finish({"a", "ok", {}, {}, {}});
        REQUIRE(memory.unacknowledged().size() == 2);
        CHECK(memory.unacknowledged()[0].id == "a");
        memory.acknowledged("a");
        memory.acknowledged("nobody");
        REQUIRE(memory.unacknowledged().size() == 1);
        CHECK(memory.unacknowledged()[0].id == "c");
        CHECK(memory.reply("a") != nullptr);
    }

    TEST_CASE("the last 1,024 ids are remembered; an unacknowledged reply that falls out is told") {
        ReplyMemory memory;
        static_cast<void>(memory.begin("first"));
        memory.finish({"first", "ok", {}, {}, {}});
        for (std::size_t i = 1; i < ReplyMemory::kMaxIds; ++i) {
            CHECK_FALSE(memory.begin("x" + std::to_string(i)));
        }
        CHECK(memory.known("first") == Known::replied);
        CHECK(memory.begin("one more"));
        CHECK(memory.known("first") == Known::no);
        CHECK(memory.known("x1") == Known::executing);
        CHECK_FALSE(memory.begin("and another"));
    }
}
