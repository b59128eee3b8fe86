#include "device-mgmt/store/ingress_record.hpp"

#include "device-mgmt/store/little_endian.hpp"

#include <chrono>
#include <cstdint>

namespace dm::store {

namespace {

// version(1) flags(1) received_at(8) topic payload fallback_id [response topic] [correlation]
// count(2) (name value)…; a text is length(4) and bytes.
constexpr char kVersion = 1;
constexpr unsigned kRetained = 1U;
constexpr unsigned kDuplicate = 2U;
constexpr unsigned kHasResponseTopic = 4U;
constexpr unsigned kHasCorrelation = 8U;
constexpr unsigned kKnownFlags = 15U;

void append_text(std::string& out, std::string_view text) {
    append_le(out, static_cast<std::uint32_t>(text.size()));
    out.append(text);
}

/// Takes fields from the front. After a problem everything is empty; ask `problem()` at the end.
class Decoder {
public:
    explicit Decoder(std::string_view bytes) : rest_(bytes) {}

    template <class Unsigned>
    Unsigned number() {
        if (rest_.size() < sizeof(Unsigned)) {
            fail("it ends too early");
            return 0;
        }
        const auto value = read_le<Unsigned>(rest_, 0);
        rest_.remove_prefix(sizeof(Unsigned));
        return value;
    }

    std::string text(std::size_t max_bytes) {
        const auto size = number<std::uint32_t>();
        if (size > max_bytes) {
            fail("a field is longer than allowed");
            return {};
        }
        if (size > rest_.size()) {
            fail("it ends too early");
            return {};
        }
        std::string value(rest_.substr(0, size));
        rest_.remove_prefix(size);
        return value;
    }

    void fail(std::string_view problem) {
        if (problem_.empty()) {
            problem_ = problem;
        }
        rest_ = {};
    }

    void expect_end() {
        if (!rest_.empty()) {
            fail("bytes are left over");
        }
    }

    [[nodiscard]] const std::string& problem() const { return problem_; }

private:
    std::string_view rest_;
    std::string problem_;
};

void decode_properties(Decoder& decoder, IngressRecord& record) {
    const auto count = decoder.number<std::uint16_t>();
    if (count > kMaxIngressUserProperties) {
        decoder.fail("it has more user properties than allowed");
        return;
    }
    for (std::size_t i = 0; i < count && decoder.problem().empty(); ++i) {
        std::string name = decoder.text(kMaxIngressPropertyBytes);
        std::string value = decoder.text(kMaxIngressPropertyBytes);
        record.user_properties.emplace_back(std::move(name), std::move(value));
    }
}

}  // namespace

std::string encode_ingress(const IngressRecord& record) {
    unsigned flags = 0;
    flags |= record.retained ? kRetained : 0U;
    flags |= record.duplicate ? kDuplicate : 0U;
    flags |= record.response_topic ? kHasResponseTopic : 0U;
    flags |= record.correlation ? kHasCorrelation : 0U;
    std::string out;
    out.reserve(64 + record.topic.size() + record.payload.size());
    out.push_back(kVersion);
    out.push_back(static_cast<char>(flags));
    append_le(out, static_cast<std::uint64_t>(record.received_at.time_since_epoch().count()));
    append_text(out, record.topic);
    append_text(out, record.payload);
    append_text(out, record.fallback_id);
    if (record.response_topic) {
        append_text(out, *record.response_topic);
    }
    if (record.correlation) {
        append_text(out, *record.correlation);
    }
    append_le(out, static_cast<std::uint16_t>(record.user_properties.size()));
    for (const auto& [name, value] : record.user_properties) {
        append_text(out, name);
        append_text(out, value);
    }
    return out;
}

tl::expected<IngressRecord, std::string> decode_ingress(std::string_view bytes) {
    Decoder decoder(bytes);
    if (decoder.number<std::uint8_t>() != kVersion) {
        decoder.fail("its version is unknown");
    }
    const unsigned flags = decoder.number<std::uint8_t>();
    if ((flags & ~kKnownFlags) != 0) {
        decoder.fail("it has unknown flags");
    }
    IngressRecord record;
    record.retained = (flags & kRetained) != 0;
    record.duplicate = (flags & kDuplicate) != 0;
    record.received_at = proto::WallTime(
        std::chrono::milliseconds(static_cast<std::int64_t>(decoder.number<std::uint64_t>())));
    record.topic = decoder.text(kMaxIngressTopicBytes);
    record.payload = decoder.text(kMaxIngressPayloadBytes);
    record.fallback_id = decoder.text(kMaxIngressFallbackIdBytes);
    if ((flags & kHasResponseTopic) != 0) {
        record.response_topic = decoder.text(kMaxIngressTopicBytes);
    }
    if ((flags & kHasCorrelation) != 0) {
        record.correlation = decoder.text(kMaxIngressCorrelationBytes);
    }
    decode_properties(decoder, record);
    decoder.expect_end();
    if (!decoder.problem().empty()) {
        return tl::unexpected("ingress record: " + decoder.problem());
    }
    return record;
}

}  // namespace dm::store
