#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dm::auth {

using Sha256 = std::array<unsigned char, 32>;

/// SHA-256 of `first` followed by `second`.
[[nodiscard]] Sha256 sha256(std::string_view first, std::string_view second = {});

/// Compares in a time that does not depend on where they differ.
[[nodiscard]] bool equal_in_constant_time(const Sha256& a, const Sha256& b);

/// `count` bytes that nobody can predict. Throws std::runtime_error when the system has none.
[[nodiscard]] std::string random_octets(std::size_t count);

[[nodiscard]] std::string to_hex(std::string_view octets);

/// Lower-case hex only.
[[nodiscard]] std::optional<std::string> from_hex(std::string_view text);

/// The first eight bytes: enough to tell keys apart, nothing to rely on against forgery.
[[nodiscard]] std::uint64_t short_form(const Sha256& hash);

}  // namespace dm::auth
