#include "device-mgmt/relay/transient_intake.hpp"

#include <optional>
#include <string>
#include <utility>
#include <variant>

#include <doctest/doctest.h>

namespace dm::relay {

namespace {

using proto::Rejection;

const proto::Topics kTopics("dm");

broker::InboundMessage message(const std::string& topic,
                               const std::string& payload,
                               std::optional<std::string> response_topic = "answers/me") {
    broker::InboundMessage made;
    made.topic = topic;
    made.payload = payload;
    made.response_topic = std::move(response_topic);
    made.correlation = "c";
    return made;
}

template <class What>
What read(const broker::InboundMessage& from, const std::string& allowed = "") {
    TransientInput input = take_in_transient(from, kTopics, allowed, "fallback");
    REQUIRE(std::holds_alternative<What>(input));
    return std::get<What>(std::move(input));
}

}  // namespace

TEST_CASE("only commands and cancels are kept") {
    CHECK_FALSE(is_transient(proto::InputKind::command));
    CHECK_FALSE(is_transient(proto::InputKind::cancel));
    CHECK(is_transient(proto::InputKind::broadcast));
    CHECK(is_transient(proto::InputKind::query));
    CHECK(is_transient(proto::InputKind::private_stream));
    CHECK(read<IgnoredInput>(message("dm/commands/d-1", "{}")).why == "other_topic");
    CHECK(read<IgnoredInput>(message("else/where", "{}")).why == "other_topic");
}

TEST_CASE("a session is closed for who names its device and epoch") {
    const auto kick = read<Kick>(
        message("dm/internal/node-1/kick", R"({"query":"kick","device":"d-1","epoch":7})"));
    CHECK(kick.device.str() == "d-1");
    CHECK(kick.epoch == 7);
    CHECK(kick.reply_to.topic == "answers/me");
    for (const char* payload : {"", "[]", R"({"device":"d-1"})", R"({"device":"a/b","epoch":7})"}) {
        CAPTURE(payload);
        CHECK(read<IgnoredInput>(message("dm/internal/node-1/kick", payload)).why == "unreadable");
    }
    CHECK(read<IgnoredInput>(
              message("dm/internal/node-1/kick", R"({"device":"d-1","epoch":7})", std::nullopt))
              .why == "unanswerable");
}

TEST_CASE("a question needs somewhere to be answered") {
    const auto question = read<Question>(message("dm/queries", R"({"query":"devices"})"));
    CHECK(question.query.has_value());
    CHECK(question.reply_to.topic == "answers/me");
    CHECK(question.reply_to.correlation == "c");
    CHECK(read<IgnoredInput>(message("dm/queries", R"({"query":"devices"})", std::nullopt)).why ==
          "unanswerable");
    const auto refused = read<RefusedInput>(message("dm/queries", "{}", "dm/status/x"));
    CHECK(refused.code == Rejection::bad_response_topic);
    CHECK_FALSE(refused.device.has_value());
    CHECK(read<RefusedInput>(message("dm/queries", "{}"), "replies/#").code ==
          Rejection::bad_response_topic);
}

TEST_CASE("what is wrong with a question is answered to whoever asked") {
    CHECK(read<Question>(message("dm/queries", "{}")).query.error().message == "query is missing");
    auto long_correlation = message("dm/queries", R"({"query":"devices"})");
    long_correlation.correlation = std::string(1025, 'c');
    const auto question = read<Question>(long_correlation);
    CHECK(question.query.error().message.rfind("Correlation Data", 0) == 0);
    CHECK_FALSE(question.reply_to.correlation.has_value());
}

TEST_CASE("retained publishes are ignored, whatever they are") {
    for (const std::string topic :
         {"dm/queries", "dm/broadcast/all", "dm/streams/public/news", "dm/streams/private/d/n"}) {
        auto retained = message(topic, R"({"data":1})");
        retained.retained = true;
        CHECK(read<IgnoredInput>(retained).why == "retained");
    }
}

TEST_CASE("data for a group is a message, and a copy of it is none") {
    auto data = message("dm/broadcast/night", R"({"data":{"x": 1}})");
    const auto group_message = read<GroupMessage>(data);
    CHECK(group_message.group.str() == "night");
    CHECK(group_message.data == R"({"x": 1})");
    CHECK(group_message.reply_to.topic == "answers/me");
    data.duplicate = true;
    CHECK(read<IgnoredInput>(data).why == "duplicate");
}

TEST_CASE("a command for a group has the id of its publisher, or the fallback") {
    auto command = message("dm/broadcast/night", R"({"id":"n","command":"dim","ttl_s":0})");
    command.user_properties = {{"operator", "alice"}, {"traceparent", "00-t"}};
    const auto broadcast = read<core::CommandBroadcast>(command);
    CHECK(broadcast.id == "n");
    CHECK(broadcast.group.str() == "night");
    CHECK(broadcast.request.command == "dim");
    CHECK(broadcast.operator_name == "alice");
    CHECK(broadcast.traceparent == "00-t");
    CHECK(broadcast.devices.empty());
    CHECK(read<core::CommandBroadcast>(message("dm/broadcast/all", R"({"command":"dim"})")).id ==
          "fallback");
    command.duplicate = true;
    CHECK(read<core::CommandBroadcast>(command).id == "n");
}

TEST_CASE("what is wrong with a broadcast is refused with its id") {
    const auto problem = [](const broker::InboundMessage& from) {
        const auto refused = read<RefusedInput>(from);
        CHECK_FALSE(refused.device.has_value());
        CHECK(refused.message_id == "fallback");
        return refused.id.value_or("-") + " " + std::string(proto::word(refused.code)) + " " +
               refused.message;
    };
    CHECK(problem(message("dm/broadcast/all", R"({"id":"n","command":"dim","after":"m"})")) ==
          "n bad_request after: not in a broadcast");
    CHECK(problem(message("dm/broadcast/all", R"({"id":"n","command":"dim","ttl_s":-1})"))
              .rfind("n bad_request ttl_s", 0) == 0);
    CHECK(problem(message("dm/broadcast/all", R"({"id":"n","command":"dim","data":1})"))
              .find("exclude each other") != std::string::npos);
    CHECK(problem(message("dm/broadcast/all", "{}")) == "- bad_request data is missing");
    CHECK(problem(message("dm/broadcast/-a", R"({"id":"n","command":"dim"})"))
              .rfind("n bad_request group: ", 0) == 0);
    CHECK(problem(message("dm/broadcast/all", R"({"id":"n","command":"dim"})", "dm/x"))
              .rfind("n bad_response_topic", 0) == 0);
    CHECK(problem(message("dm/broadcast/all", std::string(65537, ' '))).rfind("- too_large", 0) ==
          0);
}

TEST_CASE("streams are public, or private to a user") {
    const auto open = read<StreamInput>(message("dm/streams/public/news", R"({"data":[1]})"));
    CHECK_FALSE(open.user.has_value());
    CHECK(open.stream.str() == "news");
    CHECK(open.data == "[1]");
    const auto own = read<StreamInput>(message("dm/streams/private/d:1/news", R"({"data":1})"));
    CHECK(own.user->str() == "d:1");
    for (const std::string topic :
         {"dm/streams/public/-", "dm/streams/private/-/news", "dm/streams/private/d/n!"}) {
        CHECK(read<IgnoredInput>(message(topic, R"({"data":1})")).why == "unreadable");
    }
    CHECK(read<IgnoredInput>(message("dm/streams/public/news", "{}")).why == "unreadable");
}

}  // namespace dm::relay
