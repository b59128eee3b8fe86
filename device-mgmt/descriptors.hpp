#pragma once

#include <cstddef>
#include <string>

#include <tl/expected.hpp>

namespace dm {

/// Descriptors that no device gets: up to 64 connections of the operations endpoint, the broker,
/// the store, listeners and loops, and files that are read again. So these work at the limit too.
inline constexpr std::size_t kReservedDescriptors = 128;

/// What is left for devices.
struct DescriptorPlan {
    std::size_t sockets;      ///< handshakes included
    std::size_t connections;  ///< after 101; the rest of the sockets is for handshakes
};

/// Divides `limit` descriptors. `wanted` connections must find room, if not 0: then there are just
/// so many, else as many as fit. The error gives the numbers.
[[nodiscard]] tl::expected<DescriptorPlan, std::string> plan_descriptors(std::size_t limit,
                                                                         std::size_t wanted);

}  // namespace dm
