#include "device-mgmt/relay/intake.hpp"

#include "device-mgmt/relay/reply_address.hpp"

#include <string>

#include <doctest/doctest.h>

namespace dm::relay {

namespace {

const proto::Topics kTopics("dm");

store::IngressRecord message_on(std::string topic, std::string payload) {
    store::IngressRecord message;
    message.topic = std::move(topic);
    message.payload = std::move(payload);
    message.fallback_id = "made-1";
    return message;
}

RefusedInput refused(const store::IngressRecord& message, std::string_view allowed = {}) {
    const Intake intake = take_in(message, kTopics, allowed);
    REQUIRE(std::holds_alternative<RefusedInput>(intake));
    return std::get<RefusedInput>(intake);
}

core::Submission taken(const store::IngressRecord& message, std::string_view allowed = {}) {
    const Intake intake = take_in(message, kTopics, allowed);
    REQUIRE(std::holds_alternative<core::Submission>(intake));
    return std::get<core::Submission>(intake);
}

std::string ignored(const store::IngressRecord& message) {
    const Intake intake = take_in(message, kTopics, {});
    REQUIRE(std::holds_alternative<IgnoredInput>(intake));
    return std::string(std::get<IgnoredInput>(intake).why);
}

}  // namespace

TEST_CASE("a command is taken with its properties") {
    auto message = message_on("dm/commands/d-1", R"({"command":"turn_on","args":{"a": 1}})");
    message.response_topic = "replies/here";
    message.correlation = std::string("\0\x01", 2);
    message.user_properties = {{"traceparent", "00-ab"}, {"other", "x"}, {"operator", "ann"}};
    const core::Submission submission = taken(message);
    CHECK(submission.device.str() == "d-1");
    CHECK(submission.request.command == "turn_on");
    CHECK(submission.request.args == R"({"a": 1})");
    CHECK(submission.reply_to.topic == "replies/here");
    CHECK(submission.reply_to.correlation == std::string("\0\x01", 2));
    CHECK(submission.traceparent == "00-ab");
    CHECK(submission.operator_name == "ann");
}

TEST_CASE("a traceparent that no trace has is left out") {
    auto message = message_on("dm/commands/d-1", R"({"command":"x"})");
    message.user_properties = {{"traceparent", std::string(kMaxUserPropertyBytes + 1, 'a')}};
    CHECK_FALSE(taken(message).traceparent.has_value());
}

TEST_CASE("a topic without a valid device is refused for nobody, with its Correlation Data") {
    for (const char* topic : {"dm/commands/-d", "dm/commands/a b", "dm/commands/$d"}) {
        auto message = message_on(topic, R"({"command":"x","id":"c-1"})");
        message.correlation = "corr";
        const RefusedInput input = refused(message);
        CHECK(input.code == proto::Rejection::bad_request);
        CHECK_FALSE(input.device.has_value());
        CHECK(input.reply_to.correlation == "corr");
    }
}

TEST_CASE("a payload that is no JSON object is refused for nobody") {
    for (const char* payload : {"", "{", "[]", "\xff\xfe", "1"}) {
        const RefusedInput input = refused(message_on("dm/commands/d-1", payload));
        CHECK(input.code == proto::Rejection::bad_request);
        CHECK_FALSE(input.device.has_value());
    }
}

TEST_CASE("a bad field is refused for its device, with the id and the field's name") {
    const RefusedInput input =
        refused(message_on("dm/commands/d-1", R"({"id":"c-1","command":"x","timeout_s":0})"));
    CHECK(input.code == proto::Rejection::bad_request);
    REQUIRE(input.device.has_value());
    CHECK(input.id == "c-1");
    CHECK(input.message.find("timeout_s") != std::string::npos);
}

TEST_CASE("a payload over 64 KiB is too large") {
    const RefusedInput input = refused(
        message_on("dm/commands/d-1", std::string(proto::kMaxOperatorPayloadBytes + 1, ' ')));
    CHECK(input.code == proto::Rejection::too_large);
    CHECK(input.device.has_value());
}

TEST_CASE("a Response Topic that the broker would cut us off for is never kept") {
    for (const char* topic : {"a/#", "a/+/b", "$SYS/x", "dm/commands/d-1", "dm/replies/d-1"}) {
        auto message = message_on("dm/commands/d-1", R"({"command":"x"})");
        message.response_topic = topic;
        const RefusedInput input = refused(message);
        CHECK(input.code == proto::Rejection::bad_response_topic);
        CHECK_FALSE(input.reply_to.topic.has_value());
        CHECK(input.device.has_value());
    }
}

TEST_CASE("a bad Response Topic is not used to tell of another mistake either") {
    auto message = message_on("dm/commands/d-1", "no json");
    message.response_topic = "a/#";
    CHECK_FALSE(refused(message).reply_to.topic.has_value());
}

TEST_CASE("Response Topics may be narrowed to a filter") {
    auto message = message_on("dm/commands/d-1", R"({"command":"x"})");
    message.response_topic = "ops/ann/1";
    CHECK(taken(message, "ops/#").reply_to.topic == "ops/ann/1");
    CHECK(refused(message, "team/+").code == proto::Rejection::bad_response_topic);
}

TEST_CASE("Correlation Data over 1024 bytes is refused and not returned") {
    auto message = message_on("dm/commands/d-1", R"({"command":"x"})");
    message.correlation = std::string(1025, 'c');
    const RefusedInput input = refused(message);
    CHECK(input.code == proto::Rejection::bad_request);
    CHECK_FALSE(input.reply_to.correlation.has_value());
}

TEST_CASE("retained commands and foreign topics are only counted") {
    auto message = message_on("dm/commands/d-1", R"({"command":"x"})");
    message.retained = true;
    CHECK(ignored(message) == "retained");
    CHECK(ignored(message_on("dm/replies/d-1", "{}")) == "other_topic");
    CHECK(ignored(message_on("elsewhere", "{}")) == "other_topic");
}

TEST_CASE("a cancel names device and id") {
    const Intake intake = take_in(message_on("dm/cancel/d-1", R"({"id":"c-1"})"), kTopics, {});
    REQUIRE(std::holds_alternative<Cancel>(intake));
    CHECK(std::get<Cancel>(intake).key ==
          core::CommandKey{proto::DeviceId::parse("d-1").value(), "c-1"});
    CHECK(refused(message_on("dm/cancel/d-1", "{}")).code == proto::Rejection::bad_request);
}

}  // namespace dm::relay
