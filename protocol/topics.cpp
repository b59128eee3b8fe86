#include "protocol/topics.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace dm::proto {

namespace {

bool take_prefix(std::string_view& text, std::string_view prefix) {
    if (text.substr(0, prefix.size()) != prefix) {
        return false;
    }
    text.remove_prefix(prefix.size());
    return true;
}

std::optional<InputTopic> single(InputKind kind, std::string_view target) {
    if (target.find('/') != std::string_view::npos) {
        return std::nullopt;
    }
    return InputTopic{kind, target, {}};
}

std::optional<InputTopic> private_stream(std::string_view user_and_stream) {
    const std::size_t slash = user_and_stream.find('/');
    if (slash == std::string_view::npos) {
        return std::nullopt;
    }
    auto topic = single(InputKind::private_stream, user_and_stream.substr(slash + 1));
    if (topic) {
        topic->user = user_and_stream.substr(0, slash);
    }
    return topic;
}

/// `<node>/…`: what is for one node only.
std::optional<InputTopic> internal(std::string_view rest) {
    const std::size_t slash = rest.find('/');
    if (slash == std::string_view::npos) {
        return std::nullopt;
    }
    const std::string_view node = rest.substr(0, slash);
    std::string_view what = rest.substr(slash + 1);
    if (what == "kick") {
        return InputTopic{InputKind::kick, node, {}};
    }
    if (what == "taken" || what == "released") {
        return InputTopic{what == "taken" ? InputKind::taken : InputKind::released, node, {}};
    }
    std::optional<InputTopic> topic;
    if (take_prefix(what, "commands/")) {
        topic = single(InputKind::command, what);
    } else if (take_prefix(what, "cancel/")) {
        topic = single(InputKind::cancel, what);
    }
    if (topic) {
        topic->handed_over = true;
    }
    return topic;
}

/// Code points that MQTT 5.0 section 1.5.4 advises against: controls and non-characters. A broker
/// may answer them by dropping the connection (Mosquitto does), and that connection is shared.
bool has_unsafe_code_point(std::string_view topic) {
    for (std::size_t at = 0; at < topic.size();) {
        const std::size_t length = utf8_sequence_at(topic, at);
        const auto lead = static_cast<unsigned char>(topic[at]);
        std::uint32_t point = length == 1 ? lead : lead & (0x7FU >> length);
        for (std::size_t i = 1; i < length; ++i) {
            point = (point << 6U) | (static_cast<unsigned char>(topic[at + i]) & 0x3FU);
        }
        const bool control = point < 0x20 || (point >= 0x7F && point <= 0x9F);
        const bool non_character =
            (point >= 0xFDD0 && point <= 0xFDEF) || (point & 0xFFFEU) == 0xFFFEU;
        if (control || non_character) {
            return true;
        }
        at += length;
    }
    return false;
}

tl::unexpected<TopicProblem> refuse(std::string message) {
    return tl::unexpected(TopicProblem{std::move(message)});
}

}  // namespace

Topics::Topics(std::string prefix) : prefix_(std::move(prefix)) {}

std::string Topics::replies(const DeviceId& device) const {
    return prefix_ + "/replies/" + device.str();
}

std::string Topics::replies_invalid() const {
    return prefix_ + "/replies/_invalid";  // `_` starts no device id
}

std::string Topics::status(const DeviceId& device) const {
    return prefix_ + "/status/" + device.str();
}

std::string Topics::presence(const DeviceId& device) const {
    return prefix_ + "/presence/" + device.str();
}

std::string Topics::telemetry(const DeviceId& device, const Name& channel) const {
    return prefix_ + "/telemetry/" + device.str() + "/" + channel.str();
}

std::string Topics::alerts(const DeviceId& device) const {
    return prefix_ + "/alerts/" + device.str();
}

std::string Topics::node(const Name& node) const {
    return prefix_ + "/nodes/" + node.str();
}

std::string Topics::command(const DeviceId& device) const {
    return prefix_ + "/commands/" + device.str();
}

std::string Topics::cancel(const DeviceId& device) const {
    return prefix_ + "/cancel/" + device.str();
}

std::string Topics::broadcast(const Name& group) const {
    return prefix_ + "/broadcast/" + group.str();
}

std::string Topics::shared(std::string_view filter) const {
    return "$share/" + std::string(kShareGroup) + "/" + prefix_ + "/" + std::string(filter);
}

std::string Topics::commands_share() const {
    return shared("commands/+");
}

std::string Topics::cancels_share() const {
    return shared("cancel/+");
}

std::string Topics::broadcasts_filter() const {
    return prefix_ + "/broadcast/+";
}

std::string Topics::streams_filter() const {
    return prefix_ + "/streams/#";
}

std::string Topics::queries_share() const {
    return shared("queries");
}

std::string Topics::nodes_filter() const {
    return prefix_ + "/nodes/+";
}

std::string Topics::kick(std::string_view node) const {
    return prefix_ + "/internal/" + std::string(node) + "/kick";
}

std::string Topics::hand_over(InputKind command_or_cancel,
                              std::string_view node,
                              const DeviceId& device) const {
    return prefix_ + "/internal/" + std::string(node) +
           (command_or_cancel == InputKind::command ? "/commands/" : "/cancel/") + device.str();
}

std::string Topics::taken(std::string_view node) const {
    return prefix_ + "/internal/" + std::string(node) + "/taken";
}

std::string Topics::released(std::string_view node) const {
    return prefix_ + "/internal/" + std::string(node) + "/released";
}

std::vector<std::string> Topics::from_nodes_filters(std::string_view node) const {
    const std::string own = prefix_ + "/internal/" + std::string(node);
    return {own + "/commands/+", own + "/cancel/+", own + "/taken", own + "/released"};
}

std::string Topics::replies_filter() const {
    return prefix_ + "/replies/+";
}

std::string Topics::status_filter() const {
    return prefix_ + "/status/+";
}

std::optional<InputTopic> Topics::parse_input(std::string_view topic) const {
    std::string_view rest = topic;
    if (!take_prefix(rest, prefix_) || !take_prefix(rest, "/")) {
        return std::nullopt;
    }
    if (rest == "queries") {
        return InputTopic{InputKind::query, {}, {}};
    }
    if (take_prefix(rest, "internal/")) {
        return internal(rest);
    }
    if (take_prefix(rest, "commands/")) {
        return single(InputKind::command, rest);
    }
    if (take_prefix(rest, "cancel/")) {
        return single(InputKind::cancel, rest);
    }
    if (take_prefix(rest, "broadcast/")) {
        return single(InputKind::broadcast, rest);
    }
    if (take_prefix(rest, "streams/public/")) {
        return single(InputKind::public_stream, rest);
    }
    if (take_prefix(rest, "streams/private/")) {
        return private_stream(rest);
    }
    return std::nullopt;
}

tl::expected<void, TopicProblem> Topics::check_response_topic(std::string_view topic,
                                                              std::string_view allowed) const {
    if (topic.empty()) {
        return refuse("the Response Topic is empty");
    }
    if (topic.size() > kMaxResponseTopicBytes) {
        return refuse("the Response Topic is longer than 256 bytes");
    }
    if (!is_utf8(topic)) {
        return refuse("the Response Topic is not UTF-8");
    }
    if (topic.find_first_of("+#") != std::string_view::npos) {
        return refuse("the Response Topic contains a wildcard");
    }
    if (has_unsafe_code_point(topic)) {
        return refuse("the Response Topic contains a control character");
    }
    if (topic.front() == '$') {
        return refuse("the Response Topic starts with $");
    }
    if (static_cast<std::size_t>(std::count(topic.begin(), topic.end(), '/')) >=
        kMaxResponseTopicLevels) {
        return refuse("the Response Topic has more than 128 levels");
    }
    std::string_view rest = topic;
    if (take_prefix(rest, prefix_) && take_prefix(rest, "/") &&
        (!take_prefix(rest, "responses/") || rest.empty())) {
        return refuse("the Response Topic is one of this service's own; use " + prefix_ +
                      "/responses/…");
    }
    if (!allowed.empty() && !filter_matches(allowed, topic)) {
        return refuse("the Response Topic does not match " + std::string(allowed));
    }
    return {};
}

}  // namespace dm::proto
