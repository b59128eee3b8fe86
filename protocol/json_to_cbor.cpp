#include "protocol/json_to_cbor.hpp"

#include "protocol/json_reader.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

namespace dm::proto {

namespace {

// Initial bytes (RFC 8949 section 3): major type in the upper three bits.
constexpr unsigned kUnsigned = 0x00;
constexpr unsigned kNegative = 0x20;
constexpr unsigned kText = 0x60;
constexpr unsigned kArray = 0x80;
constexpr unsigned kMap = 0xA0;
constexpr unsigned kFalse = 0xF4;
constexpr unsigned kTrue = 0xF5;
constexpr unsigned kNull = 0xF6;
constexpr unsigned kHalf = 0xF9;
constexpr unsigned kSingle = 0xFA;
constexpr unsigned kDouble = 0xFB;

void append_big_endian(std::string& out, std::uint64_t value, unsigned bytes) {
    for (unsigned i = bytes; i-- > 0;) {
        out += static_cast<char>((value >> (8 * i)) & 0xFFU);
    }
}

void append_head(std::string& out, unsigned major, std::uint64_t argument) {
    if (argument < 24) {
        out += static_cast<char>(major | argument);
    } else if (argument <= 0xFF) {
        out += static_cast<char>(major | 24U);
        append_big_endian(out, argument, 1);
    } else if (argument <= 0xFFFF) {
        out += static_cast<char>(major | 25U);
        append_big_endian(out, argument, 2);
    } else if (argument <= 0xFFFF'FFFF) {
        out += static_cast<char>(major | 26U);
        append_big_endian(out, argument, 4);
    } else {
        out += static_cast<char>(major | 27U);
        append_big_endian(out, argument, 8);
    }
}

/// The half-precision bits of a float, if nothing is lost.
std::optional<std::uint16_t> to_half(std::uint32_t single) {
    const auto sign = static_cast<std::uint16_t>((single >> 16U) & 0x8000U);
    const auto exponent = static_cast<int>((single >> 23U) & 0xFFU) - 127;
    const std::uint32_t mantissa = single & 0x7F'FFFFU;
    if ((single & 0x7FFF'FFFFU) == 0) {
        return sign;
    }
    if (exponent >= -14 && exponent <= 15 && (mantissa & 0x1FFFU) == 0) {
        const auto biased = static_cast<std::uint32_t>(exponent + 15);
        return static_cast<std::uint16_t>(sign | (biased << 10U) | (mantissa >> 13U));
    }
    if (exponent >= -24 && exponent < -14) {  // subnormal half: mantissa × 2^-24
        const std::uint32_t with_one = mantissa | 0x80'0000U;
        const auto shift = static_cast<unsigned>(-1 - exponent);
        if ((with_one & ((1U << shift) - 1)) == 0) {
            return static_cast<std::uint16_t>(sign | (with_one >> shift));
        }
    }
    return std::nullopt;
}

void append_real(std::string& out, double value) {
    // Beyond the range of a float the conversion would be undefined; NaN cannot come from JSON.
    if (std::fabs(value) <= 0x1.FFFFFEp127) {
        const auto narrow = static_cast<float>(value);
        if (static_cast<double>(narrow) == value) {
            std::uint32_t bits = 0;
            std::memcpy(&bits, &narrow, sizeof bits);
            if (const auto half = to_half(bits)) {
                out += static_cast<char>(kHalf);
                append_big_endian(out, *half, 2);
            } else {
                out += static_cast<char>(kSingle);
                append_big_endian(out, bits, 4);
            }
            return;
        }
    }
    std::uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof bits);
    out += static_cast<char>(kDouble);
    append_big_endian(out, bits, 8);
}

/// Writes items as they come. A container's head is put before its items when it ends and their
/// number is known; each byte moves at most once per level of nesting.
class Writer final : public JsonEvents {
public:
    [[nodiscard]] std::string& out() { return out_; }

    void on_key(std::string& key) override { append_text(key); }

    void on_scalar(const JsonScalar& value) override {
        count_item();
        switch (value.kind) {
            case JsonKind::boolean:
                out_ += static_cast<char>(value.boolean ? kTrue : kFalse);
                return;
            case JsonKind::natural:
                append_head(out_, kUnsigned, value.natural);
                return;
            case JsonKind::negative:
                append_head(out_, kNegative, static_cast<std::uint64_t>(-1 - value.negative));
                return;
            case JsonKind::real:
                append_real(out_, value.real);
                return;
            case JsonKind::text:
                append_text(*value.text);
                return;
            default:
                out_ += static_cast<char>(kNull);
        }
    }

    void on_begin(JsonKind /*kind*/) override {
        count_item();
        levels_.push_back({out_.size(), 0});
    }

    void on_end(JsonKind kind, std::string_view /*raw*/) override {
        std::string head;
        append_head(head, kind == JsonKind::object ? kMap : kArray, levels_.back().items);
        out_.insert(levels_.back().begin, head);
        levels_.pop_back();
    }

private:
    struct Level {
        std::size_t begin;  ///< where its items start in `out_`
        std::uint64_t items;
    };

    void append_text(const std::string& text) {
        append_head(out_, kText, text.size());
        out_ += text;
    }

    void count_item() {
        if (!levels_.empty()) {
            ++levels_.back().items;
        }
    }

    std::string out_;
    std::vector<Level> levels_;
};

}  // namespace

std::string json_to_cbor(std::string_view json) {
    Writer writer;
    if (!read_json(json, writer)) {
        return {};
    }
    return std::move(writer.out());
}

}  // namespace dm::proto
