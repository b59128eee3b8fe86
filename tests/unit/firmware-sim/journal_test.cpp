#include "firmware-sim/journal.hpp"

#include "tests/support/temp_folder.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <doctest/doctest.h>

using namespace dm;
using sim::Journal;
using sim::ReplyMemory;
using Known = ReplyMemory::Known;

namespace {

const proto::DeviceId kFirst = *proto::DeviceId::parse("sim-00001");
const proto::DeviceId kSecond = *proto::DeviceId::parse("sim-00002");

proto::Reply reply(const std::string& id, const std::string& status = "ok") {
    return {id, status, R"({"on":true,"text":"a b"})", proto::WallTime{}, {}};
}

std::string content(const std::string& path) {
    std::ifstream file{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{}};
}

struct Fixture {
    test::TempFolder folder;
    std::string path = (folder.path() / "a.journal").string();
    std::unique_ptr<Journal> journal = open();

    [[nodiscard]] std::unique_ptr<Journal> open() const {
        auto opened = Journal::open(path);
        REQUIRE_MESSAGE(opened.has_value(), (opened ? "" : opened.error()));
        return *std::move(opened);
    }

    void reopen() {
        journal.reset();
        journal = open();
    }
};

}  // namespace

TEST_SUITE("firmware-sim/journal") {
    TEST_CASE_FIXTURE(Fixture,
                      "what was begun, replied and acknowledged is there after reopening") {
        CHECK(journal->begun(kFirst, "a b"));
        CHECK(journal->replied(kFirst, reply("a b")));
        CHECK(journal->begun(kSecond, "x"));
        CHECK(journal->replied(kSecond, reply("x")));
        CHECK(journal->acknowledged(kSecond, "x"));
        CHECK(journal->begun(kFirst, "c"));
        reopen();
        const auto one = journal->take(kFirst);
        REQUIRE(one.unacknowledged().size() == 1);
        CHECK(one.unacknowledged()[0].id == "a b");
        CHECK(one.unacknowledged()[0].data == reply("a b").data);
        CHECK(one.interrupted() == std::vector<std::string>{"c"});
        const auto two = journal->take(kSecond);
        CHECK(two.known("x") == Known::replied);
        CHECK(two.unacknowledged().empty());
        CHECK(journal->take(kSecond).known("x") == Known::no);
    }

    TEST_CASE_FIXTURE(Fixture, "a torn end is cut off, and what follows it can be read") {
        CHECK(journal->begun(kFirst, "whole"));
        journal.reset();
        std::ofstream(path, std::ios::app) << "B sim-00001 to";
        journal = open();
        CHECK(journal->begun(kFirst, "next"));
        reopen();
        CHECK(journal->take(kFirst).interrupted() == std::vector<std::string>{"whole", "next"});
    }

    TEST_CASE_FIXTURE(Fixture, "lines that make no sense are skipped") {
        journal.reset();
        std::ofstream(path, std::ios::app)
            << "\nB\nB sim-00001\nX sim-00001 y\nR sim-00001 {}\nB sim-00001 good\n";
        journal = open();
        CHECK(journal->take(kFirst).interrupted() == std::vector<std::string>{"good"});
    }

    TEST_CASE_FIXTURE(Fixture, "only one process at a time has a journal") {
        const auto second = Journal::open(path);
        REQUIRE_FALSE(second);
        CHECK(second.error().find("another process") != std::string::npos);
    }

    TEST_CASE_FIXTURE(Fixture, "rewriting keeps what the memory has, in order, and nothing else") {
        ReplyMemory memory;
        for (int i = 0; i < 2000; ++i) {
            const auto id = std::to_string(i);
            static_cast<void>(memory.begin(id));
            CHECK(journal->begun(kFirst, id));
            memory.finish(reply(id));
            CHECK(journal->replied(kFirst, reply(id)));
        }
        memory.acknowledged("1999");
        const auto before = std::filesystem::file_size(path);
        CHECK(journal->rewrite([&](Journal::Lines& lines) { lines.remember(kFirst, memory); }));
        CHECK(std::filesystem::file_size(path) < before * 3 / 4);
        CHECK_FALSE(Journal::open(path));  // still ours
        CHECK(journal->begun(kFirst, "later"));
        reopen();
        const auto left = journal->take(kFirst);
        CHECK(left.known("976") == Known::no);  // fell out for `later`
        CHECK(left.known("977") == Known::replied);
        CHECK(left.unacknowledged().size() == ReplyMemory::kMaxIds - 2);
        CHECK(left.interrupted() == std::vector<std::string>{"later"});
    }

    TEST_CASE_FIXTURE(Fixture, "a file that has grown to twice its living entries is oversized") {
        const std::string data(1000, 'x');
        proto::Reply big{"a", "ok", "\"" + data + "\"", {}, {}};
        ReplyMemory memory;
        static_cast<void>(memory.begin("a"));
        memory.finish(big);
        while (!journal->oversized()) {
            REQUIRE(journal->replied(kFirst, big));
        }
        CHECK(std::filesystem::file_size(path) > Journal::kRewriteBytes);
        CHECK(journal->rewrite([&](Journal::Lines& lines) { lines.remember(kFirst, memory); }));
        CHECK_FALSE(journal->oversized());
        CHECK(content(path).size() < 2 * data.size());
    }
}
