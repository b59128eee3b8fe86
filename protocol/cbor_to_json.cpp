#include "protocol/cbor_to_json.hpp"

#include "protocol/frame_codec.hpp"
#include "protocol/ids.hpp"
#include "protocol/json_writer.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <utility>
#include <vector>

namespace dm::proto {

namespace {

// Major types (RFC 8949 section 3.1).
constexpr unsigned kUnsigned = 0;
constexpr unsigned kNegative = 1;
constexpr unsigned kBytes = 2;
constexpr unsigned kText = 3;
constexpr unsigned kArray = 4;
constexpr unsigned kMap = 5;
constexpr unsigned kTag = 6;
constexpr unsigned kSimple = 7;

// Additional information (section 3).
constexpr unsigned kOneByte = 24;
constexpr unsigned kEightBytes = 27;
constexpr unsigned kIndefinite = 31;

/// An item's first byte and the argument that follows it.
struct Head {
    unsigned major;
    unsigned info;
    std::uint64_t argument;  ///< for kSimple with info 25–27 the bits of a float

    [[nodiscard]] bool indefinite() const { return info == kIndefinite; }

    [[nodiscard]] bool is_break() const { return major == kSimple && indefinite(); }
};

/// RFC 8949 appendix D.
double half_to_double(std::uint64_t bits) {
    const auto exponent = static_cast<int>((bits >> 10U) & 0x1FU);
    const auto mantissa = static_cast<double>(bits & 0x3FFU);
    double value = 0;
    if (exponent == 0) {
        value = std::ldexp(mantissa, -24);
    } else if (exponent != 31) {
        value = std::ldexp(mantissa + 1024, exponent - 25);
    } else {
        value = std::numeric_limits<double>::infinity();  // or NaN, which is refused alike
    }
    return (bits & 0x8000U) == 0 ? value : -value;
}

double float_of(const Head& head) {
    if (head.info == 25) {
        return half_to_double(head.argument);
    }
    if (head.info == 26) {
        const auto bits = static_cast<std::uint32_t>(head.argument);
        float value = 0;
        std::memcpy(&value, &bits, sizeof value);
        return static_cast<double>(value);
    }
    double value = 0;
    std::memcpy(&value, &head.argument, sizeof value);
    return value;
}

/// The shortest text that reads back as the same double; always looks like a float.
void append_real(std::string& out, double value) {
    std::array<char, 32> text{};
    const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value);
    const std::string_view digits(text.data(), static_cast<std::size_t>(end - text.data()));
    out += digits;
    if (digits.find_first_of(".e") == std::string_view::npos) {
        out += ".0";
    }
}

void append_base64url(std::string& out, std::string_view bytes) {
    constexpr std::string_view kAlphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::uint32_t bits = 0;
    unsigned count = 0;
    for (const char c : bytes) {
        bits = (bits << 8U) | static_cast<unsigned char>(c);
        count += 8;
        while (count >= 6) {
            count -= 6;
            out += kAlphabet[(bits >> count) & 0x3FU];
        }
    }
    if (count > 0) {
        out += kAlphabet[(bits << (6 - count)) & 0x3FU];
    }
}

/// Walks over the items with a stack of its own: hostile nesting ends at kMaxDepth, and nothing
/// recurses. Every function that can fail returns false with `problem_` set.
class Transcoder {
public:
    explicit Transcoder(std::string_view bytes) : bytes_(bytes) { out_.reserve(bytes.size() * 2); }

    [[nodiscard]] bool run() {
        do {
            if (!item()) {
                return false;
            }
            close_full_levels();
        } while (!levels_.empty());
        return at_ == bytes_.size() || fail("bytes follow the CBOR item");
    }

    [[nodiscard]] std::string& out() { return out_; }

    [[nodiscard]] std::string& problem() { return problem_; }

private:
    /// An open array or map.
    struct Level {
        bool is_map;
        bool indefinite;
        std::uint64_t left;  ///< items (maps: pairs) still to come; definite only
        bool name_next;      ///< maps: the next item is a name
        bool empty;
    };

    [[nodiscard]] bool fail(std::string_view what) {
        problem_ = "not usable CBOR, near byte " + std::to_string(at_) + ": " + std::string(what);
        return false;
    }

    [[nodiscard]] bool head(Head& head) {
        if (at_ == bytes_.size()) {
            return fail("it ends too early");
        }
        const unsigned first = static_cast<unsigned char>(bytes_[at_++]);
        head = {first >> 5U, first & 0x1FU, first & 0x1FU};
        if (head.info < kOneByte || head.info == kIndefinite) {
            return true;
        }
        if (head.info > kEightBytes) {
            return fail("reserved length");
        }
        const std::size_t length = std::size_t{1} << (head.info - kOneByte);
        if (bytes_.size() - at_ < length) {
            return fail("it ends too early");
        }
        head.argument = 0;
        for (std::size_t i = 0; i < length; ++i) {
            head.argument = (head.argument << 8U) | static_cast<unsigned char>(bytes_[at_++]);
        }
        return true;
    }

    /// The `,` or `:` before an item, and where it goes in its container.
    void step() {
        if (levels_.empty()) {
            return;
        }
        Level& level = levels_.back();
        if (level.is_map && !level.name_next) {
            out_ += ':';
            level.name_next = true;
        } else {
            if (!level.empty) {
                out_ += ',';
            }
            level.empty = false;
            level.name_next = false;
        }
        const bool completes = !level.is_map || level.name_next;
        if (!level.indefinite && completes) {
            --level.left;
        }
    }

    [[nodiscard]] bool item() {
        Head next{};
        if (!head(next)) {
            return false;
        }
        if (next.is_break()) {
            return end_indefinite();
        }
        const bool is_name = !levels_.empty() && levels_.back().is_map && levels_.back().name_next;
        if (is_name && next.major != kText) {
            return fail("a name that is no text");
        }
        step();
        return value(next);
    }

    [[nodiscard]] bool value(const Head& head) {
        if (head.indefinite() && (head.major < kBytes || head.major == kTag)) {
            return fail("an indefinite length where none can be");
        }
        switch (head.major) {
            case kUnsigned:
                out_ += std::to_string(head.argument);
                return true;
            case kNegative:
                return negative(head);
            case kBytes:
            case kText:
                return string(head);
            case kArray:
            case kMap:
                return begin(head);
            case kTag:
                return fail("a tag");
            default:
                return simple(head);
        }
    }

    [[nodiscard]] bool negative(const Head& head) {
        if (head.argument > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
            return fail("an integer below -2^63");
        }
        out_ += std::to_string(-1 - static_cast<std::int64_t>(head.argument));
        return true;
    }

    [[nodiscard]] bool simple(const Head& head) {
        switch (head.info) {
            case 20:
                out_ += "false";
                return true;
            case 21:
                out_ += "true";
                return true;
            case 22:
                out_ += "null";
                return true;
            case 25:
            case 26:
            case 27: {
                const double value = float_of(head);
                if (!std::isfinite(value)) {
                    return fail("NaN or an infinity");
                }
                append_real(out_, value);
                return true;
            }
            default:
                return fail("undefined or an unknown simple value");
        }
    }

    /// The bytes of a definite string, or of one chunk.
    [[nodiscard]] bool chunk(const Head& head, std::string_view& bytes) {
        if (head.argument > bytes_.size() - at_) {
            return fail("it ends too early");
        }
        bytes = bytes_.substr(at_, static_cast<std::size_t>(head.argument));
        at_ += bytes.size();
        // Section 3.2.3: a character may not be spread over chunks, so each is checked alone.
        return head.major != kText || is_utf8(bytes) || fail("text that is no UTF-8");
    }

    [[nodiscard]] bool string(const Head& first) {
        std::string_view bytes;
        std::string joined;
        if (!first.indefinite()) {
            if (!chunk(first, bytes)) {
                return false;
            }
        } else {
            if (!chunks(first.major, joined)) {
                return false;
            }
            bytes = joined;
        }
        if (first.major == kText) {
            append_json_string(out_, bytes);
        } else {
            out_ += '"';
            append_base64url(out_, bytes);
            out_ += '"';
        }
        return true;
    }

    [[nodiscard]] bool chunks(unsigned major, std::string& joined) {
        while (true) {
            Head next{};
            if (!head(next)) {
                return false;
            }
            if (next.is_break()) {
                return true;
            }
            std::string_view bytes;
            if (next.major != major || next.indefinite()) {
                return fail("a chunk of the wrong kind");
            }
            if (!chunk(next, bytes)) {
                return false;
            }
            joined += bytes;
        }
    }

    [[nodiscard]] bool begin(const Head& head) {
        if (levels_.size() == kMaxDepth) {
            return fail("nested deeper than " + std::to_string(kMaxDepth) + " levels");
        }
        const bool is_map = head.major == kMap;
        levels_.push_back({is_map, head.indefinite(), head.argument, is_map, true});
        out_ += is_map ? '{' : '[';
        return true;
    }

    [[nodiscard]] bool end_indefinite() {
        if (levels_.empty() || !levels_.back().indefinite ||
            (levels_.back().is_map && !levels_.back().name_next)) {
            return fail("a break where none can be");
        }
        close_level();
        return true;
    }

    void close_level() {
        out_ += levels_.back().is_map ? '}' : ']';
        levels_.pop_back();
    }

    void close_full_levels() {
        while (!levels_.empty() && !levels_.back().indefinite && levels_.back().left == 0 &&
               (!levels_.back().is_map || levels_.back().name_next)) {
            close_level();
        }
    }

    std::string_view bytes_;
    std::size_t at_ = 0;
    std::string out_;
    std::vector<Level> levels_;
    std::string problem_;
};

}  // namespace

tl::expected<std::string, CborProblem> cbor_to_json(std::string_view bytes) {
    Transcoder transcoder(bytes);
    if (!transcoder.run()) {
        return tl::unexpected(CborProblem{std::move(transcoder.problem())});
    }
    return std::move(transcoder.out());
}

}  // namespace dm::proto
