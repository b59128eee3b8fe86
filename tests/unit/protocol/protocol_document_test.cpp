#include "protocol/broadcast_answer.hpp"
#include "protocol/frame_codec.hpp"
#include "protocol/operator_messages.hpp"
#include "protocol/query_answer.hpp"
#include "protocol/query_request.hpp"
#include "protocol/topics.hpp"
#include "tests/unit/protocol/bytes.hpp"

#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace dm::proto;

namespace {

struct Example {
    std::string tag;  ///< of the comment before the block, `<!-- tag -->`
    std::string text;
    int line;
};

std::vector<Example> examples() {
    std::ifstream document(DM_PROTOCOL_DOCUMENT);
    std::vector<Example> out;
    std::string tag;
    bool inside = false;
    int number = 0;
    for (std::string line; std::getline(document, line);) {
        ++number;
        if (inside && line == "```") {
            inside = false;
        } else if (inside) {
            out.back().text += line + "\n";
        } else if (line.rfind("```", 0) == 0) {
            inside = true;
            out.push_back({line == "```text" ? "text" : tag, "", number});
            tag.clear();
        } else if (line.rfind("<!-- ", 0) == 0 && line.size() > 9) {
            tag = line.substr(5, line.size() - 9);
        }
    }
    return out;
}

/// Empty, or why the text is no such message.
using Check = std::function<std::string(const std::string&)>;

Check device_frame(Format format) {
    return [format](const std::string& text) {
        const auto frame = decode_device_frame(format, text);
        return frame ? std::string() : frame.error().message;
    };
}

std::string server_frame(const std::string& text) {
    const auto frame = decode_server_frame(Format::json, text);
    return frame ? std::string() : frame.error().message;
}

std::string bad_frame(const std::string& text) {
    return decode_device_frame(Format::json, text) ? "is accepted" : "";
}

std::string command(const std::string& text) {
    const auto request = parse_command_request(text);
    return request ? std::string() : request.error().message;
}

std::string bad_command(const std::string& text) {
    return parse_command_request(text) ? "is accepted" : "";
}

std::string broadcast(const std::string& text) {
    const auto request = parse_broadcast(text);
    return request ? std::string() : request.error().message;
}

std::string cancel(const std::string& text) {
    const auto request = parse_cancel(text);
    return request ? std::string() : request.error().message;
}

std::string outcome(const std::string& text) {
    const auto outcome = parse_outcome(text);
    return outcome ? std::string() : outcome.error();
}

/// Messages without a parser of ours must at least be what their encoder writes.
Check written_by(const std::string& expected) {
    return [expected](const std::string& text) {
        return text == expected + "\n" ? std::string() : "should be " + expected;
    };
}

std::string stream_message(const std::string& text) {
    const auto data = parse_stream_message(text);
    return data ? std::string() : data.error().message;
}

std::string query(const std::string& text) {
    const auto query = parse_query(text);
    return query ? std::string() : query.error().message;
}

std::string bad_query(const std::string& text) {
    return parse_query(text) ? "is accepted" : "";
}

CommandSummary queued(const std::string& device) {
    const WallTime accepted = *parse_time("2026-11-22T08:15:30.000Z");
    return {*DeviceId::parse(device),
            "c-1",
            "set",
            CommandState::queued,
            0,
            accepted,
            accepted + std::chrono::seconds(60),
            {},
            {},
            {}};
}

CommandDetails failed_command(WallTime end) {
    CommandDetails command{queued("lamp-7"), {}, {}};
    CommandSummary& summary = command.summary;
    const WallTime sent = summary.accepted_at + std::chrono::milliseconds(10);
    summary.state = CommandState::failed;
    summary.attempts = 1;
    summary.reply_by = sent + std::chrono::seconds(30);
    summary.finished_at = end;
    summary.operator_name = "alice";
    const auto seq = static_cast<std::uint64_t>(summary.accepted_at.time_since_epoch().count());
    command.history = {{seq, CommandState::accepted, 0, summary.accepted_at, "node-1", ""},
                       {seq + 10, CommandState::sent, 1, sent, "node-1", ""},
                       {seq + 123, CommandState::failed, 1, end, "node-1", "device_rejected"}};
    command.terminal = R"({"id":"c-1","device":"lamp-7","command":"set","state":"failed"})";
    return command;
}

DeviceDetails online_device(WallTime time) {
    return {*DeviceId::parse("lamp-7"),
            true,
            1795335330123,
            "node-1",
            time,
            "connected",
            "L1",
            "2.0.1",
            R"({"site":"hall-3"})",
            {*Name::parse("night"), *Name::parse("site.hall-3")},
            time - std::chrono::hours(24),
            time};
}

DeviceDetails offline_device(WallTime time) {
    DeviceDetails device = online_device(time);
    device.online = false;
    device.reason = "heartbeat_missed";
    device.model.reset();
    device.firmware.reset();
    device.labels.reset();
    device.groups.clear();
    return device;
}

std::map<std::string, Check> answer_checks(const DeviceId& device, WallTime time) {
    const AnswerWriter answer("node-1", time);
    const Name hall = *Name::parse("hall-3");
    return {
        {"broadcast-addressed",
         written_by(to_json(BroadcastAddressed{
             "night", hall, "node-1", time, 2, 1, 1, {device, *DeviceId::parse("lamp-8")}}))},
        {"broadcast-accepted",
         written_by(to_json(BroadcastAccepted{"night", hall, "node-1", time, 2, 2, 0}))},
        {"broadcast-sent",
         written_by(to_json(BroadcastSent{*Name::parse("all"), "node-1", time, 1200, 1198}))},
        {"answer-error",
         written_by(answer.failure("command", {QueryError::not_found, "id: no such command"}))},
        {"answer-command", written_by(answer.command(failed_command(time)))},
        {"answer-same-id", written_by(answer.same_id({queued("lamp-7"), queued("lamp-8")}, false))},
        {"answer-commands",
         written_by(answer.commands(device, {queued("lamp-7")}, {1}, 4611686018427387911))},
        {"answer-device", written_by(answer.device(online_device(time)))},
        {"answer-kick", written_by(answer.kicked(device))},
        {"answer-devices", written_by(answer.devices({offline_device(time)}, true))},
    };
}

std::map<std::string, Check> all_checks() {
    const DeviceId device = *DeviceId::parse("lamp-7");
    const WallTime time = *parse_time("2026-11-22T08:15:30.123Z");
    std::map<std::string, Check> all{
        {"device-frame", device_frame(Format::json)},
        {"device-frame-cbor",
         [](const std::string& hex) {
             return device_frame(Format::cbor)(test::from_hex(hex.substr(0, hex.size() - 1)));
         }},
        {"bad-device-frame", bad_frame},
        {"server-frame", server_frame},
        {"command", command},
        {"bad-command", bad_command},
        {"broadcast", broadcast},
        {"stream-message", stream_message},
        {"query", query},
        {"bad-query", bad_query},
        {"cancel", cancel},
        {"outcome", outcome},
        {"presence",
         written_by(to_json(
             Presence{device, true, 1795335330123, "node-1", time, "connected", "L1", "2.0.1"}))},
        {"telemetry",
         written_by(to_json(
             device, Telemetry{*Name::parse("power"), R"({"watts":7.5})", {}}, time, "node-1"))},
        {"alert",
         written_by(
             to_json(device, Alert{Severity::warning, "the lamp is hot", {}, {}}, time, "node-1"))},
        {"node",
         written_by(to_json(NodeInfo{
             "node-1", "up", 1200, 20000, "wss://node-1:8443/v1/device", "0.1.0", "0193a1f0"}))},
        {"text", [](const std::string& /*text*/) { return std::string(); }},
    };
    all.merge(answer_checks(device, time));
    return all;
}

const std::map<std::string, Check>& checks() {
    static const std::map<std::string, Check> all = all_checks();
    return all;
}

}  // namespace

TEST_CASE("every example of the protocol document is what it says") {
    std::set<std::string> used;
    for (const Example& example : examples()) {
        CAPTURE(example.line);
        CAPTURE(example.tag);
        CAPTURE(example.text);
        const auto check = checks().find(example.tag);
        REQUIRE(check != checks().end());
        CHECK(check->second(example.text) == "");
        used.insert(example.tag);
    }
    CHECK(used.size() >= checks().size() - 1);  // `text` need not occur
}

TEST_CASE("the protocol document shows every type of frame") {
    std::set<std::string_view> device_types;
    std::set<std::string_view> server_types;
    for (const Example& example : examples()) {
        if (example.tag == "device-frame") {
            device_types.insert(type_of(decode_device_frame(Format::json, example.text).value()));
        } else if (example.tag == "server-frame") {
            server_types.insert(type_of(decode_server_frame(Format::json, example.text).value()));
        }
    }
    CHECK(device_types.size() == std::variant_size_v<DeviceFrame>);
    CHECK(server_types.size() == std::variant_size_v<ServerFrame>);
}

TEST_CASE("the limits of the protocol document are those of the code") {
    std::ifstream document(DM_PROTOCOL_DOCUMENT);
    const std::string text{std::istreambuf_iterator<char>(document), {}};
    for (const auto& row :
         {"| Levels of nesting | " + std::to_string(kMaxDepth) + " |",
          "| `command` | 1–" + std::to_string(kMaxCommandNameCharacters) + " characters |",
          "| `id` | 1–" + std::to_string(kMaxCommandIdCharacters) + " printable characters |",
          "| `status` of a reply | 1–" + std::to_string(kMaxStatusCharacters) + " characters |",
          "| `message` of an alert | " + std::to_string(kMaxAlertMessageBytes) + " bytes |",
          "| `model`, `firmware` | " + std::to_string(kMaxHelloFieldBytes) + " bytes each |",
          "| `labels` | " + std::to_string(kMaxLabelsBytes) + " bytes of JSON |",
          "| `streams` | " + std::to_string(kMaxStreamsPerFrame) + " names in a frame |",
          "| `jwt` | " + std::to_string(kMaxTokenBytes) + " bytes |",
          "of at most " + std::to_string(kMaxDevicesPerPart) + ":",
          "`limit` (1–" + std::to_string(kMaxQueryLimit) + ", default " +
              std::to_string(kDefaultQueryLimit) + ")",
          "A history of more than " + std::to_string(kMaxHistoryBytes / 1024) + " KiB",
          "before " + std::to_string(kMaxAnswerBytes / 1024) + " KiB",
          "| Payload of an operator's message | " + std::to_string(kMaxOperatorPayloadBytes) +
              " bytes |",
          "| Correlation Data | " + std::to_string(kMaxCorrelationBytes) + " bytes |",
          "| Response Topic | 1–" + std::to_string(kMaxResponseTopicBytes) + " bytes, at most " +
              std::to_string(kMaxResponseTopicLevels) + " levels |",
          "| `timeout_s` | 1–" + std::to_string(kMaxTimeout.count()) + ", default " +
              std::to_string(kDefaultTimeout.count()) + " |",
          "| `ttl_s` | 0–" + std::to_string(kMaxTtl.count()) + ", default " +
              std::to_string(kDefaultTtl.count()) + " |"}) {
        CAPTURE(row);
        CHECK(text.find(row) != std::string::npos);
    }
}

TEST_CASE("the close codes and words of the protocol document are those of the code") {
    std::ifstream document(DM_PROTOCOL_DOCUMENT);
    const std::string text{std::istreambuf_iterator<char>(document), {}};
    for (const int code : {1000,
                           1001,
                           1002,
                           1003,
                           1007,
                           1008,
                           1009,
                           1011,
                           1012,
                           1013,
                           4001,
                           4002,
                           4003,
                           4004,
                           4005,
                           4006,
                           4007}) {
        const std::string row = "| " + std::to_string(code) + " | `" +
                                std::string(word(static_cast<CloseCode>(code))) + "` |";
        CAPTURE(row);
        CHECK(text.find(row) != std::string::npos);
    }
    for (int i = 0; i <= static_cast<int>(Rejection::forbidden); ++i) {
        const std::string row = "| `" + std::string(word(static_cast<Rejection>(i))) + "` |";
        CAPTURE(row);
        CHECK(text.find(row) != std::string::npos);
    }
    for (int i = 0; i <= static_cast<int>(QueryError::unavailable); ++i) {
        const std::string row = "| `" + std::string(word(static_cast<QueryError>(i))) + "` |";
        CAPTURE(row);
        CHECK(text.find(row) != std::string::npos);
    }
    for (int i = 0; i <= static_cast<int>(FrameError::rate_limited); ++i) {
        const std::string row = "| `" + std::string(word(static_cast<FrameError>(i))) + "` |";
        CAPTURE(row);
        CHECK(text.find(row) != std::string::npos);
    }
}
