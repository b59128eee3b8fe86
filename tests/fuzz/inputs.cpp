#include "tests/fuzz/inputs.hpp"

#include "protocol/frame_codec.hpp"
#include "protocol/json_fields.hpp"
#include "protocol/operator_messages.hpp"
#include "protocol/topics.hpp"

#include <cstdio>
#include <cstdlib>
#include <string>

namespace dm::fuzz {

namespace {

using namespace dm::proto;

void promise(bool kept, const char* what) {
    if (!kept) {
        std::fprintf(stderr, "broken promise: %s\n", what);
        std::abort();
    }
}

bool is_json_object(std::string_view text) {
    return read_object(text).has_value();
}

template <typename Frame, typename Decode>
void frame_round_trip(const Frame& frame, Decode decode) {
    const std::string json = encode(Format::json, frame);
    const auto from_json = decode(Format::json, json);
    promise(from_json.has_value(), "what we encode as JSON can be decoded");
    promise(encode(Format::json, *from_json) == json, "JSON round trips do not change a frame");

    const std::string cbor = encode(Format::cbor, frame);
    const auto from_cbor = decode(Format::cbor, cbor);
    promise(from_cbor.has_value(), "what we encode as CBOR can be decoded");
    promise(encode(Format::cbor, *from_cbor) == cbor, "CBOR round trips do not change a frame");
    promise(type_of(*from_cbor) == type_of(frame), "the type survives");
}

template <typename Decode>
void frame(std::string_view bytes, Decode decode) {
    for (const Format format : {Format::json, Format::cbor}) {
        const auto decoded = decode(format, bytes);
        if (decoded) {
            frame_round_trip(*decoded, decode);
        } else {
            const ErrorFrame answer{
                decoded.error().code, decoded.error().message, decoded.error().id};
            promise(!answer.message.empty(), "a refusal has a reason");
            promise(decode_server_frame(format, encode(format, ServerFrame{answer})).has_value(),
                    "a refusal can be sent");
        }
    }
}

void check_rejection(const RequestProblem& problem) {
    const RejectionMessage message{problem.id, {}, problem.code, problem.message, {}, "node"};
    promise(!problem.message.empty(), "a rejection has a reason");
    promise(parse_outcome(to_json(message)).has_value(), "a rejection can be read");
}

}  // namespace

void device_frame(std::string_view bytes) {
    frame(bytes, decode_device_frame);
    frame(bytes, decode_server_frame);
}

void command_request(std::string_view payload) {
    static_cast<void>(parse_cancel(payload));
    static_cast<void>(parse_broadcast(payload));
    static_cast<void>(parse_stream_message(payload));
    static_cast<void>(parse_outcome(payload));
    const auto request = parse_command_request(payload);
    if (!request) {
        check_rejection(request.error());
        return;
    }
    promise(is_json_object(request->args), "args are an object");
    const std::string text = to_json(*request);
    if (text.size() <= kMaxOperatorPayloadBytes) {  // it may grow by the defaults
        const auto again = parse_command_request(text);
        promise(again.has_value(), "what we write can be read");
        promise(again->args == request->args, "args keep their text");
        promise(to_json(*again) == text, "a round trip does not change a command");
    }
}

void topics(std::string_view text) {
    const std::size_t line = text.find('\n');
    const std::string_view topic = text.substr(0, line);
    const std::string_view filter =
        line == std::string_view::npos ? std::string_view() : text.substr(line + 1);

    const Topics topics("dm/site");
    if (const auto input = topics.parse_input(topic)) {
        promise(input->target.find('/') == std::string_view::npos, "a target is one level");
        promise(filter_matches("dm/site/#", topic), "inputs are under the prefix");
        promise(!topics.check_response_topic(topic, ""), "an input is no Response Topic");
    }
    if (topics.check_response_topic(topic, filter)) {
        promise(topic.find_first_of(std::string_view("+#\0", 3)) == std::string_view::npos,
                "a Response Topic has no wildcard and no NUL");
        promise(is_valid_filter(topic), "a Response Topic is a valid topic");
        promise(filter.empty() || filter_matches(filter, topic), "it matches what is allowed");
    }
    const bool literal = filter.find_first_of("+#") == std::string_view::npos;
    const bool matches = filter_matches(filter, topic);
    promise(!literal || matches == (filter == topic), "a filter without wildcards matches itself");
    if (const auto device = DeviceId::parse(topic)) {
        promise(topics.parse_input(topics.command(*device))->target == topic,
                "a device's topic names the device");
    }
}

}  // namespace dm::fuzz
