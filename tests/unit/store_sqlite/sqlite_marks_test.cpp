#include "device-mgmt/store/mark_buffer.hpp"
#include "device-mgmt/store/sqlite.hpp"
#include "tests/unit/store_sqlite/samples.hpp"

#include <filesystem>
#include <string>

#include <doctest/doctest.h>

using namespace dm;
using namespace dm::test;
using namespace std::chrono_literals;
using proto::CommandState;
using store::MarkBuffer;

namespace {

store::Mark sent(const std::string& id, std::uint32_t attempt = 1) {
    return {key(id), CommandState::sent, attempt, later(30s).wall, kStart.wall, ""};
}

}  // namespace

TEST_CASE("a mark is due when somebody waits for it, when it is old, and when all are wanted") {
    MarkBuffer marks;
    marks.hold(sent("c-1"), false, kStart.mono);
    marks.hold(sent("c-2"), true, kStart.mono);
    marks.hold(sent("c-3"), false, later(200ms).mono);
    CHECK(marks.due(later(200ms).mono, 0, false).size() == 1);
    CHECK(marks.due(later(200ms).mono, 0, false)[0] == key("c-2"));
    CHECK(marks.due(later(300ms).mono, 0, false).size() == 2);
    CHECK(marks.due(kStart.mono, 0, true).size() == 3);
    marks.forget(key("c-1"));
    marks.forget(key("c-2"));
    CHECK(marks.due(later(300ms).mono, 0, false).empty());
    marks.forget(key("c-3"));
    CHECK(marks.empty());
}

TEST_CASE("old marks go a few at a time, unless there are very many") {
    MarkBuffer marks;
    for (std::size_t number = 0; number < 2 * MarkBuffer::kPerTransaction; ++number) {
        marks.hold(sent("c-" + std::to_string(number)), false, kStart.mono);
    }
    marks.hold(sent("awaited"), true, later(200ms).mono);
    const auto first = marks.due(later(300ms).mono, 0, false);
    CHECK(first.size() == 1 + MarkBuffer::kPerTransaction);
    CHECK(first[1] == key("c-0"));
    // In a transaction of many calls as many as those, so that the marks they bring cannot gather.
    CHECK(marks.due(later(300ms).mono, MarkBuffer::kPerTransaction + 5, false).size() ==
          1 + MarkBuffer::kPerTransaction + 5);
    for (const core::CommandKey& written : first) {
        marks.forget(written);
    }
    CHECK(marks.due(later(300ms).mono, 0, false)[0] ==
          key("c-" + std::to_string(MarkBuffer::kPerTransaction)));
    for (std::size_t number = 0; number <= MarkBuffer::kMaxHeld; ++number) {
        marks.hold(sent("d-" + std::to_string(number)), false, later(300ms).mono);
    }
    CHECK(marks.due(later(300ms).mono, 0, false).size() > MarkBuffer::kMaxHeld);
}

TEST_CASE("marks in a batch are no calls that somebody waits for") {
    constexpr std::size_t kMarks = 3 * MarkBuffer::kPerTransaction;
    const TempFolder folder;
    const std::string path = (folder.path() / "store.db").string();
    OpenStore store(path);
    const auto mark_all = [&](std::uint32_t attempt) {
        for (std::size_t number = 0; number < kMarks; ++number) {
            store->mark(sent("c-" + std::to_string(number), attempt), {});
        }
    };
    const auto written = [&] {
        return store::Database(path, store::Database::Mode::read_only)
            .integer("SELECT count(*) FROM steps");
    };
    for (std::size_t number = 0; number < kMarks; ++number) {
        store.accept(accepted(key("c-" + std::to_string(number))));
    }
    mark_all(1);
    store.accept(accepted(key("brings them")));
    CHECK(written() == 0);
    store.set_clock(later(300ms));
    mark_all(2);
    store.accept(accepted(key("brings as many again")));
    CHECK(written() == MarkBuffer::kPerTransaction);
}

TEST_CASE("the marks of a command are put together") {
    MarkBuffer marks;
    marks.hold(sent("c-1"), false, kStart.mono);
    marks.hold(
        {key("c-1"), CommandState::delivered, 1, {}, later(1s).wall, ""}, false, kStart.mono);
    const store::HeldMark* held = marks.find(key("c-1"));
    REQUIRE(held != nullptr);
    CHECK(held->state == CommandState::delivered);
    CHECK(held->reply_by == later(30s).wall);
    CHECK(held->steps == R"([1800000000000,"sent",1],[1800000001000,"delivered",1])");
    marks.forget(key("c-1"));
    marks.hold(sent("c-1", 2), false, later(1s).mono);
    CHECK(marks.due(later(1100ms).mono, 0, false).empty());
    CHECK(marks.find(key("c-1"))->attempts == 2);
}

TEST_CASE("a mark that is waited for is durable when that completes") {
    const TempFolder folder;
    const std::string path = (folder.path() / "store.db").string();
    OpenStore store(path);
    store.accept(accepted(key("c-1")));
    store.wait([&](auto done) { store->mark(sent("c-1"), std::move(done)); });
    // A second reader sees it, so a restart would.
    CHECK(store.query(key("c-1"))->state == CommandState::sent);
    store.close();
    CHECK(OpenStore(path).loaded.unfinished[0].attempts == 1);
}

TEST_CASE("a mark of a command that has ended changes nothing") {
    const TempFolder folder;
    OpenStore store((folder.path() / "store.db").string());
    store.accept(accepted(key("c-1")));
    store.finish(finished(key("c-1")));
    store.wait([&](auto done) { store->mark(sent("c-1"), std::move(done)); });
    store.wait([&](auto done) { store->mark(sent("never accepted"), std::move(done)); });
    const auto record = store.query(key("c-1"));
    CHECK(record->state == CommandState::succeeded);
    CHECK(record->history.size() == 2);
    CHECK_FALSE(store.query(key("never accepted")));
}

TEST_CASE("a step of a big command writes little, and its end still tells all") {
    const TempFolder folder;
    const std::string path = (folder.path() / "store.db").string();
    OpenStore store(path);
    core::Command big = accepted(key("c-1"));
    big.content.args = R"({"blob":")" + std::string(50'000, 'x') + R"("})";
    store.accept(big);
    const auto before = std::filesystem::file_size(path + "-wal");
    store.wait([&](auto done) { store->mark(sent("c-1", 1), std::move(done)); });
    store.wait([&](auto done) { store->mark(sent("c-1", 2), std::move(done)); });
    CHECK(std::filesystem::file_size(path + "-wal") - before < 20'000);
    CHECK(store.query(key("c-1"))->attempts == 2);
    CHECK(store.query(key("c-1"))->history.size() == 3);
    store.finish(finished(key("c-1"), later(2s)));
    CHECK(store.query(key("c-1"))->history.size() == 4);
    CHECK(store.query(key("c-1"))->reply_by == later(30s).wall);
    store.close();
    CHECK(store::Database(path, store::Database::Mode::read_only)
              .integer("SELECT (SELECT count(*) FROM accepted) + (SELECT count(*) FROM steps)") ==
          0);
}
