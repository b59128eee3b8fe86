#pragma once

#include "protocol/frames.hpp"

#include <string>
#include <tuple>
#include <type_traits>
#include <variant>
#include <vector>

/// Field by field comparison of frames, for tests only: the product never compares them.
namespace dm::proto::test {

inline auto fields(const Hello& f) {
    return std::tie(f.model, f.firmware, f.labels);
}

inline auto fields(const Heartbeat& /*f*/) {
    return std::tuple<>();
}

inline auto fields(const Ack& f) {
    return std::tie(f.id);
}

inline auto fields(const Reply& f) {
    return std::tie(f.id, f.status, f.data, f.time, f.attempt);
}

inline auto fields(const Telemetry& f) {
    return std::tie(f.channel, f.data, f.time);
}

inline auto fields(const Alert& f) {
    return std::tie(f.severity, f.message, f.data, f.time);
}

inline std::vector<std::pair<bool, std::string>> pairs(const std::vector<StreamName>& streams) {
    std::vector<std::pair<bool, std::string>> out;
    out.reserve(streams.size());
    for (const StreamName& stream : streams) {
        out.emplace_back(stream.is_private, stream.name.str());
    }
    return out;
}

inline auto fields(const Subscribe& f) {
    return std::make_tuple(pairs(f.streams));
}

inline auto fields(const Unsubscribe& f) {
    return std::make_tuple(pairs(f.streams));
}

inline auto fields(const Token& f) {
    return std::tie(f.jwt);
}

inline auto fields(const Welcome& f) {
    return std::tie(
        f.device, f.node, f.epoch, f.heartbeat, f.max_message_bytes, f.time, f.expires_at);
}

inline auto fields(const CommandFrame& f) {
    return std::tie(f.id, f.command, f.args, f.time, f.expires_at, f.expires_in, f.attempt);
}

inline auto fields(const ReplyAck& f) {
    return std::tie(f.id, f.result);
}

inline auto fields(const StreamMessage& f) {
    return std::tie(f.stream, f.group, f.data);
}

inline auto fields(const HeartbeatAnswer& f) {
    return std::tie(f.time);
}

inline auto fields(const TokenOk& f) {
    return std::tie(f.expires_at);
}

inline auto fields(const Reconnect& f) {
    return std::tie(f.reason, f.retry_after, f.url);
}

inline auto fields(const ErrorFrame& f) {
    return std::tie(f.code, f.message, f.id);
}

template <typename... Alternatives>
bool equal(const std::variant<Alternatives...>& a, const std::variant<Alternatives...>& b) {
    return a.index() == b.index() && std::visit(
                                         [&b](const auto& left) {
                                             using Frame = std::decay_t<decltype(left)>;
                                             return fields(left) == fields(std::get<Frame>(b));
                                         },
                                         a);
}

}  // namespace dm::proto::test
