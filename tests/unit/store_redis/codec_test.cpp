#include "device-mgmt/redis/codec.hpp"

#include "device-mgmt/redis/link.hpp"
#include "device-mgmt/redis/reply.hpp"
#include "device-mgmt/redis/scripts.hpp"
#include "tests/support/store_samples.hpp"

#include <string>

#include <doctest/doctest.h>

using namespace dm;
using namespace dm::test;
using namespace std::chrono_literals;
using redis::Trouble;

namespace {

core::Command full_command() {
    core::Command command = accepted(key("c\n\xc3\xa4"), later(-10s));
    command.delivery = proto::Delivery::at_most_once;
    command.report_states = true;
    command.reply_to = {"answers/x", std::string("\0\xff\n", 3)};
    command.traceparent = "00-trace";
    command.operator_name = "";
    return command;
}

core::FinishedCommand full_end() {
    core::FinishedCommand ended = finished(key("c-1"), later(5s), std::string("{\0}", 3));
    ended.state = proto::CommandState::timed_out;
    ended.by_reply = false;
    ended.traceparent = "00-trace";
    return ended;
}

store::OutboxRow full_row() {
    return {42,
            "answers/x",
            R"({"state":"succeeded"})",
            std::string("\0\xff", 2),
            {{"message_id", "m-1"}, {"type", ""}},
            "dm/replies/dev-1",
            key("c-2")};
}

template <class Decode>
void check_refuses_damage(const std::string& bytes, Decode decode) {
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        CHECK_THROWS_AS(static_cast<void>(decode(bytes.substr(0, size))), redis::Damaged);
    }
    CHECK_THROWS_AS(static_cast<void>(decode("\x7f" + bytes.substr(1))), redis::Damaged);
}

}  // namespace

TEST_CASE("a command comes back as it was") {
    for (const core::Command& command : {full_command(), accepted(key("c-1"))}) {
        const core::Command read = redis::decode_command(redis::encode_command(command), kStart);
        CHECK(read.key == command.key);
        CHECK(read.content.command == command.content.command);
        CHECK(read.content.args == command.content.args);
        CHECK(read.content.timeout == command.content.timeout);
        CHECK(read.content.ttl == command.content.ttl);
        CHECK(read.delivery == command.delivery);
        CHECK(read.report_states == command.report_states);
        CHECK(read.reply_to.topic == command.reply_to.topic);
        CHECK(read.reply_to.correlation == command.reply_to.correlation);
        CHECK(read.traceparent == command.traceparent);
        CHECK(read.operator_name == command.operator_name);
        CHECK(read.accepted_at.wall == command.accepted_at.wall);
        CHECK(read.accepted_at.mono == command.accepted_at.mono);
        CHECK(read.send_by.wall == command.send_by.wall);
    }
}

TEST_CASE("an end comes back as it was") {
    const core::FinishedCommand read = redis::decode_end(redis::encode_end(full_end()));
    CHECK(read.key == full_end().key);
    CHECK(read.content.args == full_end().content.args);
    CHECK(read.state == full_end().state);
    CHECK_FALSE(read.by_reply);
    CHECK(read.payload == full_end().payload);
    CHECK(read.message_id == full_end().message_id);
    CHECK(read.traceparent == full_end().traceparent);
    CHECK(read.finished_at == full_end().finished_at);
}

TEST_CASE("a message comes back as it was") {
    for (const store::OutboxRow& row : {full_row(), message(7)}) {
        const store::OutboxRow read = redis::decode_row(row.number, redis::encode_row(row));
        CHECK(read.number == row.number);
        CHECK(read.topic == row.topic);
        CHECK(read.payload == row.payload);
        CHECK(read.correlation == row.correlation);
        CHECK(read.user_properties == row.user_properties);
        CHECK(read.fallback_topic == row.fallback_topic);
        CHECK(read.key == row.key);
    }
}

TEST_CASE("a value that is cut short or of another version is refused") {
    check_refuses_damage(redis::encode_command(full_command()), [](const std::string& bytes) {
        return redis::decode_command(bytes, kStart);
    });
    check_refuses_damage(redis::encode_end(full_end()),
                         [](const std::string& bytes) { return redis::decode_end(bytes); });
    check_refuses_damage(redis::encode_row(full_row()),
                         [](const std::string& bytes) { return redis::decode_row(1, bytes); });
}

TEST_CASE("a history is read line by line, whatever its details hold") {
    const std::string detail = "a\\nb\nc \\";
    const auto steps =
        redis::parse_history("\n1800000000000 accepted 0 n1 \n\n1800000000005 queued 2 n2 " +
                             redis::escape_detail(detail) + "\n");
    REQUIRE(steps.size() == 2);
    CHECK(steps[0].at == kStart.wall);
    CHECK(steps[0].state == proto::CommandState::accepted);
    CHECK(steps[0].node == "n1");
    CHECK(steps[0].detail.empty());
    CHECK(steps[1].attempt == 2);
    CHECK(steps[1].node == "n2");
    CHECK(steps[1].detail == detail);
    CHECK_THROWS_AS(static_cast<void>(redis::parse_history("\n1 rebooted 0 n1 \n")),
                    redis::Damaged);
    CHECK_THROWS_AS(static_cast<void>(redis::parse_history("\nx sent 0 n1 \n")), redis::Damaged);
}

TEST_CASE("errors of Redis that pass are told from bugs") {
    CHECK(redis::trouble_of("NOSCRIPT No matching script.") == Trouble::no_scripts);
    CHECK(redis::trouble_of("OOM command not allowed") == Trouble::no_memory);
    CHECK(redis::trouble_of("ERR Error running script (call to f_1): @user_script:7: "
                            "@user_script: 7: -OOM command not allowed when used memory") ==
          Trouble::no_memory);
    CHECK(redis::trouble_of("LOADING Redis is loading") == Trouble::away);
    CHECK(redis::trouble_of("READONLY You can't write against a read only replica.") ==
          Trouble::away);
    CHECK(redis::trouble_of("MISCONF Redis is configured to save") == Trouble::away);
    CHECK(redis::trouble_of("WRONGTYPE Operation against a key") == Trouble::broken);
    CHECK(redis::trouble_of("ERR unknown command") == Trouble::broken);
    CHECK(redis::trouble_of("") == Trouble::broken);
}

TEST_CASE("every script is in the program, behind the prelude") {
    for (std::size_t i = 0; i < redis::kScriptNames.size(); ++i) {
        CHECK_FALSE(redis::script_file(redis::kScriptNames.at(i)).empty());
        CHECK(redis::source_of(static_cast<redis::Script>(i)).find("local prefix, node, boot") !=
              std::string::npos);
    }
}
