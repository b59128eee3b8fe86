#pragma once

#include "device-mgmt/store/store.hpp"
#include "tests/support/device_ids.hpp"
#include "tests/support/posted.hpp"
#include "tests/support/store_samples.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

// What every store does, as test cases for the file that says which one: before it includes this it
// declares the type StoreKind, made with a Posted&, whose `store` points to a store of node n1 that
// keeps 10 ends for 24 hours.

using namespace dm;
using namespace dm::test;
using namespace std::chrono_literals;
using proto::CommandState;

namespace {

/// Collects what completes, in order.
template <class Kind>
struct Fixture {
    Fixture() : made(posted), store(*made.store) { REQUIRE(store.load(kStart).unfinished.empty()); }

    std::function<void()> note(std::string what) {
        return [this, what = std::move(what)] { log.push_back(what); };
    }

    void run(std::size_t completions) {
        posted.run_until([&] { return log.size() >= completions; });
    }

    void note_find(const core::CommandKey& wanted) {
        store.find_finished(
            wanted, [this](const auto& found) { log.push_back(found ? found->payload : "none"); });
    }

    template <class What>
    auto keep(std::optional<What>& answer) {
        return [this, &answer](tl::expected<What, store::QueryProblem> result) {
            answer = std::move(result.value());
            log.emplace_back("answer");
        };
    }

    Posted posted;
    Kind made;
    store::Store& store;
    std::vector<std::string> log;
};

}  // namespace

TEST_CASE_TEMPLATE("writes complete in the order of their calls, and later", Kind, StoreKind) {
    Fixture<Kind> f;
    for (int i = 0; i < 50; ++i) {
        const std::string id = std::to_string(i);
        f.store.accept(accepted(key(id)), f.note("accept " + id));
        f.store.finish(finished(key(id)), f.note("finish " + id));
        f.store.put_outbox(message(1000 + static_cast<std::uint64_t>(i)), f.note("put " + id));
        f.store.mark({key(id), CommandState::sent, 1, {}, kStart.wall, ""}, f.note("mark " + id));
    }
    CHECK(f.log.empty());
    f.run(200);
    for (std::size_t i = 0; i < 50; ++i) {
        const std::string id = std::to_string(i);
        CHECK(f.log[4 * i] == "accept " + id);
        CHECK(f.log[4 * i + 1] == "finish " + id);
        CHECK(f.log[4 * i + 2] == "put " + id);
        CHECK(f.log[4 * i + 3] == "mark " + id);
    }
}

TEST_CASE_TEMPLATE("calls made together complete in their order, and are there", Kind, StoreKind) {
    Fixture<Kind> f;
    f.store.together([&] {
        f.store.accept(accepted(key("c-1")), f.note("accepted"));
        f.store.finish(finished(key("c-1"), kStart, "the end"), f.note("finished"));
        f.note_find(key("c-1"));
        f.store.put_outbox(message(1), f.note("put"));
        f.store.imported(5);
    });
    f.run(4);
    CHECK(f.log == std::vector<std::string>{"accepted", "finished", "the end", "put"});
    CHECK(f.store.durable_lsn() == 5);
}

TEST_CASE_TEMPLATE("a find sees an end whose call came before it", Kind, StoreKind) {
    Fixture<Kind> f;
    f.note_find(key("c-1"));
    f.store.accept(accepted(key("c-1")), f.note("accepted"));
    f.note_find(key("c-1"));
    f.run(3);
    f.log.clear();
    f.store.finish(finished(key("c-1"), kStart, "the end"), f.note("finished"));
    f.note_find(key("c-1"));
    f.note_find(key("c-1", "dev-2"));
    f.run(3);
    CHECK(f.log == std::vector<std::string>{"finished", "the end", "none"});
}

TEST_CASE_TEMPLATE("an end comes back as it was", Kind, StoreKind) {
    Fixture<Kind> f;
    core::FinishedCommand ended = finished(key("c-1"), kStart, "{\"x\":\"\xc3\xa4\"}");
    ended.state = CommandState::timed_out;
    ended.by_reply = false;
    ended.traceparent = "00-trace";
    f.store.finish(ended, f.note("finished"));
    f.store.find_finished(key("c-1"), [&](const auto& found) {
        REQUIRE(found);
        CHECK(found->key == ended.key);
        CHECK(found->content.command == "reboot");
        CHECK(found->content.args == ended.content.args);
        CHECK(found->content.timeout == 30s);
        CHECK(found->content.ttl == 60s);
        CHECK(found->state == CommandState::timed_out);
        CHECK_FALSE(found->by_reply);
        CHECK(found->payload == ended.payload);
        CHECK(found->message_id == ended.message_id);
        CHECK(found->traceparent == "00-trace");
        CHECK(found->finished_at == ended.finished_at);
        f.log.emplace_back("found");
    });
    f.run(2);
}

TEST_CASE_TEMPLATE("the end of a command replaces that of an earlier one", Kind, StoreKind) {
    Fixture<Kind> f;
    f.store.finish(finished(key("c-1"), kStart, "first"), f.note("1"));
    f.store.accept(accepted(key("c-1"), later(1s)), f.note("again"));
    f.store.finish(finished(key("c-1"), kStart, "second"), f.note("2"));
    f.note_find(key("c-1"));
    f.run(4);
    CHECK(f.log.back() == "second");
}

TEST_CASE_TEMPLATE("the horizon is the age of the oldest end", Kind, StoreKind) {
    Fixture<Kind> f;
    CHECK(f.store.dedup_horizon(kStart.wall) == 0ms);
    f.store.finish(finished(key("c-1")), f.note("1"));
    f.store.finish(finished(key("c-2"), later(5s)), f.note("2"));
    f.run(2);
    CHECK(f.store.dedup_horizon(kStart.wall + 90s) == 90s);
    CHECK(f.store.dedup_horizon(kStart.wall - 1h) == 0ms);
}

TEST_CASE_TEMPLATE("the lsn is durable with a later transaction", Kind, StoreKind) {
    Fixture<Kind> f;
    f.store.imported(7);
    f.store.imported(5);
    f.store.accept(accepted(key("c-1")), f.note("accepted"));
    f.run(1);
    CHECK(f.store.durable_lsn() == 7);
    CHECK(f.store.writable());
}

TEST_CASE_TEMPLATE("a query tells the life of a command", Kind, StoreKind) {
    Fixture<Kind> f;
    core::Command command = accepted(key("c-1"));
    command.operator_name = "anna";
    f.store.accept(command, f.note("accepted"));
    f.store.mark({key("c-1"), CommandState::sent, 1, later(31s).wall, later(1s).wall, ""});
    f.store.mark({key("c-1"), CommandState::queued, 1, {}, later(2s).wall, "session lost"});
    f.store.mark({key("c-1"), CommandState::sent, 2, {}, later(3s).wall, ""});
    std::optional<std::optional<store::CommandRecord>> answer;
    f.store.find_command(key("c-1"), f.keep(answer));
    f.run(2);
    REQUIRE(answer->has_value());
    store::CommandRecord record = **answer;
    CHECK(record.key == command.key);
    CHECK(record.command == "reboot");
    CHECK(record.state == CommandState::sent);
    CHECK(record.attempts == 2);
    CHECK(record.accepted_at == kStart.wall);
    CHECK(record.send_by == later(60s).wall);
    CHECK(record.reply_by == later(31s).wall);
    CHECK_FALSE(record.finished_at);
    CHECK(record.operator_name == "anna");
    CHECK_FALSE(record.terminal);
    REQUIRE(record.history.size() == 4);
    CHECK(record.history[0].state == CommandState::accepted);
    CHECK(record.history[2].state == CommandState::queued);
    CHECK(record.history[2].detail == "session lost");
    CHECK(record.history[3].at == later(3s).wall);
    CHECK(record.history[3].attempt == 2);
    CHECK(record.history[3].node == "n1");

    f.store.finish(finished(key("c-1"), later(4s), R"({"status":"ok"})"), f.note("finished"));
    f.store.find_command(key("c-1"), f.keep(answer));
    f.run(4);
    record = **answer;
    CHECK(record.state == CommandState::succeeded);
    CHECK(record.attempts == 2);
    CHECK(record.accepted_at == kStart.wall);
    CHECK(record.finished_at == later(4s).wall);
    CHECK(record.operator_name == "anna");
    CHECK(record.terminal == R"({"status":"ok"})");
    REQUIRE(record.history.size() == 5);
    CHECK(record.history[4].state == CommandState::succeeded);
    CHECK(record.history[4].attempt == 2);

    f.store.find_command(key("c-2"), f.keep(answer));
    f.run(5);
    CHECK_FALSE(answer->has_value());
}

TEST_CASE_TEMPLATE("an id alone finds the commands of all devices", Kind, StoreKind) {
    Fixture<Kind> f;
    f.store.accept(accepted(key("same", "dev-1")), f.note("1"));
    f.store.finish(finished(key("same", "dev-2")), f.note("2"));
    f.store.finish(finished(key("other", "dev-2")), f.note("3"));
    std::optional<std::vector<store::CommandRecord>> answer;
    f.store.find_by_id("same", f.keep(answer));
    f.run(4);
    CHECK(answer->size() == 2);
    f.store.find_by_id("none", f.keep(answer));
    f.run(5);
    CHECK(answer->empty());
}

TEST_CASE_TEMPLATE("a list goes page by page through one device's commands", Kind, StoreKind) {
    Fixture<Kind> f;
    for (int i = 0; i < 9; ++i) {
        f.store.accept(accepted(key("c-" + std::to_string(i))), f.note(""));
        f.store.accept(accepted(key("c-" + std::to_string(i), "dev-2")), f.note(""));
    }
    f.store.finish(finished(key("c-5")), f.note(""));
    f.store.finish(finished(key("c-2")), f.note(""));
    f.store.finish(finished(key("c-7")), f.note(""));
    std::vector<std::string> ids;
    std::optional<store::CommandList> page;
    store::ListRequest request{device_id("dev-1"), {}, 4, {}};
    std::size_t completions = 21;
    do {
        f.store.list(request, f.keep(page));
        f.run(++completions);
        CHECK(page->commands.size() <= 4);
        for (const auto& record : page->commands) {
            ids.push_back(record.key.id);
            CHECK(record.history.empty());
            CHECK_FALSE(record.terminal);
        }
        request.cursor = page->next;
    } while (page->next);
    CHECK(ids ==
          std::vector<std::string>{"c-8", "c-6", "c-4", "c-3", "c-1", "c-0", "c-7", "c-2", "c-5"});
}

TEST_CASE_TEMPLATE("a list can be of one state", Kind, StoreKind) {
    Fixture<Kind> f;
    f.store.accept(accepted(key("waiting")), f.note(""));
    core::FinishedCommand expired = finished(key("expired"));
    expired.state = CommandState::expired;
    f.store.finish(expired, f.note(""));
    f.store.finish(finished(key("succeeded")), f.note(""));
    std::optional<store::CommandList> page;
    f.store.list({device_id("dev-1"), CommandState::expired, 50, {}}, f.keep(page));
    f.run(4);
    REQUIRE(page->commands.size() == 1);
    CHECK(page->commands[0].key.id == "expired");
    CHECK_FALSE(page->next);
    f.store.list({device_id("dev-1"), CommandState::accepted, 50, {}}, f.keep(page));
    f.run(5);
    REQUIRE(page->commands.size() == 1);
    CHECK(page->commands[0].key.id == "waiting");
}
