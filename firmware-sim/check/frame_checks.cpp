#include "firmware-sim/check/server_check.hpp"

#include <string>

#include <fmt/format.h>

namespace dm::sim {
namespace {

constexpr Check kWelcome{"welcomes", "From the server", "device, epoch, heartbeat_s, limits", ""};
constexpr Check kHeartbeat{"answers a heartbeat", "From the server", "heartbeat with time", ""};
constexpr Check kPing{"answers a ping", "Liveness", "a pong with the same payload", ""};
constexpr Check kBareLife{"takes empty text and a newline for life", "Frames", "no answer", ""};
constexpr Check kUnknownType{"names an unknown type", "Frames", "error unknown_type", ""};
constexpr Check kNoObject{"names a frame that is no object", "Frames", "error bad_frame", ""};
constexpr Check kDuplicate{"names a duplicate key", "Frames", "error bad_frame", ""};
constexpr Check kDeep{"names nesting over 32 levels", "Limits of frames", "error bad_frame", ""};
constexpr Check kMissing{"names a missing field", "Frames", "error bad_frame", ""};
constexpr Check kUnknownFields{"ignores unknown fields", "Frames", "an answer", ""};
constexpr Check kFragments{"joins fragments around a ping", "Frames", "an answer", ""};
constexpr Check kUnknownReply{
    "answers a reply nobody waits for", "From the server", "reply_ack unknown", ""};
constexpr Check kLargest{"takes a message of 65,536 bytes", "Limits of frames", "no close", ""};
constexpr Check kCbor{"speaks CBOR", "CBOR", "welcome and heartbeat in binary", ""};
constexpr Check kCborTag{"names a CBOR tag", "CBOR", "error bad_frame", ""};

constexpr std::size_t kMaxMessageBytes = 65536;
constexpr std::uint64_t kEndOfEpochs = 1ULL << 53U;

void expect_error(ServerCheck& check,
                  Probe& probe,
                  const Check& row,
                  const std::string& text,
                  proto::FrameError expected) {
    probe.send(Opcode::text, text);
    const auto error = probe.await<proto::ErrorFrame>();
    check.table().add(row, error && error->code == expected, probe.seen());
}

void expect_heartbeat(ServerCheck& check, Probe& probe, const Check& row) {
    const bool answered = probe.await<proto::HeartbeatAnswer>().has_value();
    check.table().add(row, answered, probe.seen());
}

void check_welcome(ServerCheck& check, const proto::Welcome& welcome) {
    const bool good = welcome.device == check.device() && welcome.epoch > 0 &&
                      welcome.epoch < kEndOfEpochs && welcome.heartbeat.count() > 0 &&
                      welcome.max_message_bytes == kMaxMessageBytes && !welcome.node.empty();
    check.table().add(kWelcome,
                      good,
                      fmt::format("device {}, epoch {}, heartbeat_s {}, max_message_bytes {}",
                                  welcome.device.str(),
                                  welcome.epoch,
                                  welcome.heartbeat.count(),
                                  welcome.max_message_bytes));
}

void check_life(ServerCheck& check, Probe& probe) {
    probe.send(proto::Heartbeat{});
    expect_heartbeat(check, probe, kHeartbeat);
    probe.send(Opcode::ping, "are you there?");
    const bool ponged = probe.await_pong("are you there?");
    check.table().add(kPing, ponged, ponged ? "a pong" : probe.seen());
    probe.send(Opcode::text, "");
    probe.send(Opcode::text, "\n");
    probe.send(proto::Heartbeat{});
    const bool answered = probe.await<proto::HeartbeatAnswer>().has_value();
    const auto errors = probe.received("error");
    check.table().add(kBareLife,
                      answered && errors == 0,
                      answered ? fmt::format("{} errors", errors) : probe.seen());
}

void check_bad_frames(ServerCheck& check, Probe& probe) {
    using proto::FrameError;
    expect_error(check, probe, kUnknownType, R"({"type":"dance"})", FrameError::unknown_type);
    expect_error(check, probe, kNoObject, R"(["heartbeat"])", FrameError::bad_frame);
    expect_error(
        check, probe, kDuplicate, R"({"type":"ack","id":"a","id":"b"})", FrameError::bad_frame);
    constexpr std::size_t kTooDeep = 40;
    expect_error(check,
                 probe,
                 kDeep,
                 R"({"type":"heartbeat","x":)" + std::string(kTooDeep, '[') +
                     std::string(kTooDeep, ']') + "}",
                 FrameError::bad_frame);
    expect_error(check, probe, kMissing, R"({"type":"reply","id":"a"})", FrameError::bad_frame);
}

void check_good_frames(ServerCheck& check, Probe& probe) {
    probe.send(Opcode::text, R"({"colour":["blue"],"type":"heartbeat"})");
    expect_heartbeat(check, probe, kUnknownFields);
    probe.send(Opcode::text, R"({"type":"he)", {false, true, 0});
    probe.send(Opcode::ping, "between");
    probe.send(Opcode::continuation, R"(artbeat"})");
    expect_heartbeat(check, probe, kFragments);
    probe.send(proto::Reply{"check-nobody-sent-this", "ok", {}, {}, {}});
    const auto ack = probe.await<proto::ReplyAck>();
    check.table().add(kUnknownReply,
                      ack && ack->result == proto::ReplyResult::unknown,
                      ack ? fmt::format("reply_ack {}", proto::word(ack->result)) : probe.seen());
    std::string largest = R"({"type":"heartbeat","filler":")";
    largest += std::string(kMaxMessageBytes - largest.size() - 2, 'x') + "\"}";
    probe.send(Opcode::text, largest);
    expect_heartbeat(check, probe, kLargest);
}

void check_cbor(ServerCheck& check) {
    auto session = check.session(kCbor, proto::Format::cbor);
    if (!session) {
        return;
    }
    auto& probe = *session->probe;
    probe.send(proto::Heartbeat{});
    expect_heartbeat(check, probe, kCbor);
    // {"type": 6("heartbeat")}
    probe.send(Opcode::binary, "\xA1\x64type\xC6\x69heartbeat");
    const auto error = probe.await<proto::ErrorFrame>();
    check.table().add(kCborTag, error && error->code == proto::FrameError::bad_frame, probe.seen());
    probe.leave();
}

}  // namespace

void check_frames(ServerCheck& check) {
    if (auto session = check.session(kWelcome)) {
        check_welcome(check, session->welcome);
        check_life(check, *session->probe);
        check_bad_frames(check, *session->probe);
        check_good_frames(check, *session->probe);
        session->probe->leave();
    }
    check_cbor(check);
}

}  // namespace dm::sim
