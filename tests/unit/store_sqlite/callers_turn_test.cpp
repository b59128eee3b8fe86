#include "device-mgmt/store/callers_turn.hpp"

#include "tests/unit/store_sqlite/samples.hpp"

#include <string>

#include <doctest/doctest.h>
#include <sqlite3.h>

using namespace dm;
using namespace dm::test;
using namespace std::chrono_literals;
using store::CallersTurn;

namespace {

void make_small_commits(CallersTurn& turns, int count, core::Instant at = kStart.mono) {
    for (; count > 0; --count) {
        turns.committed(1, at, at);
    }
}

/// Accepts commands, one by one, until the caller's turn comes.
void make_small_commits(OpenStore& store) {
    for (int number = 0; number < CallersTurn::kInARow; ++number) {
        store.accept(accepted(key("before-" + std::to_string(number))));
    }
}

/// How many functions of the store have run on the caller's thread until `id` was accepted: its
/// completion, and the caller's turn if there was one.
std::size_t runs_to_accept(OpenStore& store, const std::string& id) {
    const std::size_t before = store.posted.runs();
    store.accept(accepted(key(id)));
    return store.posted.runs() - before;
}

constexpr std::size_t kByWriter = 1;
constexpr std::size_t kByCaller = 2;

/// Another program that holds the database for writing.
class Holder {
public:
    explicit Holder(const std::string& path) {
        REQUIRE(sqlite3_open(path.c_str(), &other_) == SQLITE_OK);
        sqlite3_busy_timeout(other_, 5000);
        execute("BEGIN IMMEDIATE");
    }

    ~Holder() { sqlite3_close(other_); }

    Holder(const Holder&) = delete;
    Holder& operator=(const Holder&) = delete;

    void let_go() { execute("ROLLBACK"); }

private:
    void execute(const char* sql) {
        REQUIRE(sqlite3_exec(other_, sql, nullptr, nullptr, nullptr) == SQLITE_OK);
    }

    sqlite3* other_ = nullptr;
};

}  // namespace

TEST_CASE("the caller's turn comes after many small commits, and goes with a large one") {
    CallersTurn turns;
    make_small_commits(turns, CallersTurn::kInARow - 1);
    CHECK_FALSE(turns.allowed(kStart.mono));
    turns.committed(CallersTurn::kSmall, kStart.mono, kStart.mono);
    CHECK(turns.allowed(kStart.mono));
    turns.committed(CallersTurn::kSmall + 1, kStart.mono, kStart.mono);
    CHECK_FALSE(turns.allowed(later(1h).mono));
    make_small_commits(turns, CallersTurn::kInARow);
    CHECK(turns.allowed(kStart.mono));
}

TEST_CASE("a slow commit is followed by a rest, so that callers do not wait for a slow disk") {
    CallersTurn turns;
    make_small_commits(turns, CallersTurn::kInARow);
    const core::Instant begun = kStart.mono;
    turns.committed(1, begun, begun + CallersTurn::kSlow - 1us);
    CHECK(turns.allowed(begun + CallersTurn::kSlow));
    turns.committed(1, begun, begun + 30ms);
    CHECK_FALSE(turns.allowed(begun + 30ms + CallersTurn::kRest * 30ms - 1us));
    CHECK(turns.allowed(begun + 30ms + CallersTurn::kRest * 30ms));
    // Those of the writer's thread do not end it.
    make_small_commits(turns, 1, begun + 40ms);
    CHECK_FALSE(turns.allowed(begun + 41ms));
}

TEST_CASE("the caller's thread makes small commits, and they are as durable as the writer's") {
    const TempFolder folder;
    const std::string path = (folder.path() / "store.db").string();
    {
        OpenStore store(path);
        CHECK(runs_to_accept(store, "first") == kByWriter);
        make_small_commits(store);
        CHECK(runs_to_accept(store, "c-1") == kByCaller);
        store.finish(finished(key("c-1")), message(1));
        CHECK(store.find(key("c-1")));
    }
    OpenStore again(path);
    CHECK(again.loaded.unfinished.size() == CallersTurn::kInARow + 1);
    CHECK(again.loaded.outbox.size() == 1);
    CHECK(again.find(key("c-1")));
}

TEST_CASE("calls that gather before the caller's turn are one commit, and the turn is over") {
    const TempFolder folder;
    OpenStore store((folder.path() / "store.db").string());
    make_small_commits(store);
    // The writer, if it has not gone to sleep yet, may take the first ones.
    constexpr int kGathered = 16;
    int last = 0;
    for (int number = 1; number <= kGathered; ++number) {
        store->accept(accepted(key("gathered-" + std::to_string(number))), [&last, number] {
            CHECK(last == number - 1);
            last = number;
        });
    }
    store.posted.run_until([&] { return last == kGathered; });
    CHECK(runs_to_accept(store, "d") == kByWriter);
}

TEST_CASE("what asks, removes or is large is the writer's thread's") {
    const TempFolder folder;
    OpenStore store((folder.path() / "store.db").string());
    make_small_commits(store);
    core::Command large = accepted(key("large"));
    large.content.args = '"' + std::string(store::OpQueue::kMaxLightBytes, 'x') + '"';
    const std::size_t before = store.posted.runs();
    store.accept(large);
    CHECK(store.posted.runs() - before == kByWriter);
    CHECK(runs_to_accept(store, "small") == kByCaller);
    store->remove_outbox({1, 2, 3});
    CHECK(runs_to_accept(store, "c-1") == kByWriter);
    CHECK(runs_to_accept(store, "c-2") == kByCaller);
    // A question sees what was called before it, whoever writes that.
    bool accepted_first = false;
    store->accept(accepted(key("c-3")), [&] { accepted_first = true; });
    CHECK(store.query(key("c-3")));
    CHECK(accepted_first);
}

TEST_CASE("what the caller's turn cannot write the writer writes, once, before what comes later") {
    const TempFolder folder;
    const std::string path = (folder.path() / "store.db").string();
    OpenStore store(path);
    make_small_commits(store);
    Holder other(path);
    std::string order;
    store->accept(accepted(key("c-1")), [&] { order += "accepted "; });
    store->mark({key("c-1"), proto::CommandState::sent, 1, later(30s).wall, kStart.wall, ""});
    store.posted.run_until([&] { return store.became_full > 0; });
    CHECK(order.empty());
    CHECK(store->backlog() > 0);
    store->finish(finished(key("c-1")), message(1), [&] { order += "finished"; });
    other.let_go();
    store.posted.run_until([&] { return order == "accepted finished"; });
    CHECK(store.became_writable == 1);
    CHECK(store.query(key("c-1"))->history.size() == 3);
}

TEST_CASE("a store that is closed before the caller's turn writes what was called") {
    const TempFolder folder;
    const std::string path = (folder.path() / "store.db").string();
    {
        OpenStore store(path);
        make_small_commits(store);
        store->accept(accepted(key("last")), [] {});
        store.close();
    }
    OpenStore again(path);
    CHECK(again.loaded.unfinished.size() == CallersTurn::kInARow + 1);
}
