#include "protocol/frame_decode.hpp"
#include "protocol/json_fields.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>

namespace dm::proto {

namespace {

constexpr std::size_t kMaxTypeInMessage = 32;

// Each decoder reads one type of frame. What it gives is void if the reader has a problem.
using Decoded = std::optional<DeviceFrame>;
using Decoder = Decoded (*)(FieldReader&);

Decoded hello(FieldReader& in) {
    Hello frame{in.text_if_any("model", kMaxHelloFieldBytes),
                in.text_if_any("firmware", kMaxHelloFieldBytes),
                in.object_if_any("labels")};
    if (frame.labels) {
        const auto labels = read_object(*frame.labels);
        if (frame.labels->size() > kMaxLabelsBytes) {
            in.fail("labels", "must have at most " + std::to_string(kMaxLabelsBytes) + " bytes");
        } else if (!labels || !std::all_of(labels->begin(), labels->end(), [](const Field& label) {
                       return label.kind == JsonKind::text;
                   })) {
            in.fail("labels", "must have strings as values");
        }
    }
    return frame;
}

Decoded heartbeat(FieldReader& /*in*/) {
    return Heartbeat{};
}

Decoded ack(FieldReader& in) {
    return Ack{in.reference("id")};
}

Decoded reply(FieldReader& in) {
    Reply frame{in.reference("id"),
                in.characters("status", kMaxStatusCharacters),
                in.json_if_any("data"),
                in.time_if_any("time"),
                std::nullopt};
    constexpr auto kMaxAttempt = std::numeric_limits<std::uint32_t>::max();
    if (const auto attempt = in.natural_if_any("attempt", 1, kMaxAttempt)) {
        frame.attempt = static_cast<std::uint32_t>(*attempt);
    }
    return frame;
}

Decoded telemetry(FieldReader& in) {
    auto channel = in.name("channel");
    if (!channel) {
        return std::nullopt;
    }
    return Telemetry{*std::move(channel), in.json("data"), in.time_if_any("time")};
}

Decoded alert(FieldReader& in) {
    const auto severity = parse_severity(in.text("severity", SIZE_MAX));
    if (!severity) {
        in.fail("severity", "must be info, warning or critical");
        return std::nullopt;
    }
    return Alert{*severity,
                 in.text("message", kMaxAlertMessageBytes),
                 in.json_if_any("data"),
                 in.time_if_any("time")};
}

std::optional<StreamName> stream_name(const Field& element) {
    constexpr std::string_view kPublic = "public.";
    constexpr std::string_view kPrivate = "private.";
    std::string_view text = element.text;
    const bool is_private = text.substr(0, kPrivate.size()) == kPrivate;
    if (!is_private && text.substr(0, kPublic.size()) != kPublic) {
        return std::nullopt;
    }
    text.remove_prefix(is_private ? kPrivate.size() : kPublic.size());
    auto name = Name::parse(text);
    if (!name) {
        return std::nullopt;
    }
    return StreamName{is_private, *std::move(name)};
}

std::vector<StreamName> stream_names(FieldReader& in) {
    const std::vector<Field> elements = in.array("streams");
    if (elements.size() > kMaxStreamsPerFrame) {
        in.fail("streams", "must hold at most " + std::to_string(kMaxStreamsPerFrame) + " names");
        return {};
    }
    std::vector<StreamName> streams;
    streams.reserve(elements.size());
    for (const Field& element : elements) {
        auto name = stream_name(element);
        if (!name) {
            in.fail("streams", "must hold names like public.<stream> or private.<stream>");
            return {};
        }
        streams.push_back(*std::move(name));
    }
    return streams;
}

Decoded subscribe(FieldReader& in) {
    return Subscribe{stream_names(in)};
}

Decoded unsubscribe(FieldReader& in) {
    return Unsubscribe{stream_names(in)};
}

Decoded token(FieldReader& in) {
    return Token{in.text("jwt", kMaxTokenBytes)};
}

Decoder decoder_of(std::string_view type) {
    static constexpr std::array<std::pair<std::string_view, Decoder>, 9> kDecoders{{
        {"hello", hello},
        {"heartbeat", heartbeat},
        {"ack", ack},
        {"reply", reply},
        {"telemetry", telemetry},
        {"alert", alert},
        {"subscribe", subscribe},
        {"unsubscribe", unsubscribe},
        {"token", token},
    }};
    const auto* const found = std::find_if(
        kDecoders.begin(), kDecoders.end(), [&](const auto& entry) { return entry.first == type; });
    return found == kDecoders.end() ? nullptr : found->second;
}

/// The frame's type; `event` stands in for it in subscriptions.
std::string frame_type(FieldReader& in) {
    if (!in.has("type") && in.has("event")) {
        std::string event = in.text("event", SIZE_MAX);
        if (event == "subscribe" || event == "unsubscribe") {
            return event;
        }
    }
    return in.text("type", SIZE_MAX);
}

}  // namespace

tl::expected<DeviceFrame, FrameProblem> decode_device_json(std::string_view text) {
    auto fields = read_object(text);
    if (!fields) {
        return tl::unexpected(
            FrameProblem{FrameError::bad_frame, std::move(fields.error().message), std::nullopt});
    }
    FieldReader in(*std::move(fields));
    auto id = in.id_for_message("id");
    const std::string type = frame_type(in);
    if (in.problem()) {
        return tl::unexpected(FrameProblem{FrameError::bad_frame, *in.problem(), std::move(id)});
    }
    const Decoder decode = decoder_of(type);
    if (decode == nullptr) {
        return tl::unexpected(FrameProblem{FrameError::unknown_type,
                                           type.size() > kMaxTypeInMessage
                                               ? "type is not known"
                                               : "type \"" + type + "\" is not known",
                                           std::move(id)});
    }
    Decoded frame = decode(in);
    if (in.problem() || !frame) {
        return tl::unexpected(
            FrameProblem{FrameError::bad_frame, in.problem().value_or(""), std::move(id)});
    }
    return *std::move(frame);
}

}  // namespace dm::proto
