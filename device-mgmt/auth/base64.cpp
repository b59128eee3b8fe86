#include "device-mgmt/auth/base64.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace dm::auth {

namespace {

constexpr std::string_view kUrlAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

using Values = std::array<std::uint8_t, 256>;

constexpr std::uint8_t kNone = 0xFF;

constexpr Values values_of(std::string_view alphabet) {
    Values values{};
    for (auto& value : values) {
        value = kNone;
    }
    for (std::size_t i = 0; i < alphabet.size(); ++i) {
        values[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
    }
    return values;
}

constexpr Values kUrlValues = values_of(kUrlAlphabet);
constexpr Values kPlainValues = values_of(kAlphabet);

std::optional<std::string> decode(std::string_view text, const Values& values) {
    if (text.size() % 4 == 1) {
        return std::nullopt;
    }
    std::string octets;
    octets.reserve(text.size() / 4 * 3 + 2);
    std::uint32_t bits = 0;
    unsigned count = 0;
    for (const char c : text) {
        const std::uint8_t value = values.at(static_cast<unsigned char>(c));
        if (value == kNone) {
            return std::nullopt;
        }
        bits = (bits << 6U) | value;
        count += 6;
        if (count >= 8) {
            count -= 8;
            octets += static_cast<char>((bits >> count) & 0xFFU);
        }
    }
    const std::uint32_t unused = bits & ((1U << count) - 1U);
    return unused == 0 ? std::optional{octets} : std::nullopt;
}

}  // namespace

std::optional<std::string> decode_base64url(std::string_view text) {
    return decode(text, kUrlValues);
}

std::optional<std::string> decode_base64(std::string_view text) {
    if (text.size() % 4 != 0) {
        return std::nullopt;
    }
    for (int padding = 0; padding < 2 && !text.empty() && text.back() == '='; ++padding) {
        text.remove_suffix(1);
    }
    return decode(text, kPlainValues);
}

std::string encode_base64url(std::string_view octets) {
    std::string text;
    text.reserve(octets.size() * 4 / 3 + 3);
    std::uint32_t bits = 0;
    unsigned count = 0;
    for (const char c : octets) {
        bits = (bits << 8U) | static_cast<unsigned char>(c);
        count += 8;
        while (count >= 6) {
            count -= 6;
            text += kUrlAlphabet[(bits >> count) & 0x3FU];
        }
    }
    if (count > 0) {
        text += kUrlAlphabet[(bits << (6U - count)) & 0x3FU];
    }
    return text;
}

}  // namespace dm::auth
