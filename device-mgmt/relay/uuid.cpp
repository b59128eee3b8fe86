#include "device-mgmt/relay/uuid.hpp"

#include <cstdint>

#include <fmt/format.h>

namespace dm::relay {

namespace {

std::mt19937_64 seeded() {
    std::random_device device;
    std::seed_seq seed{device(), device(), device(), device()};
    return std::mt19937_64(seed);
}

}  // namespace

UuidSource::UuidSource() : random_(seeded()) {}

std::string UuidSource::next(proto::WallTime now) {
    constexpr std::uint64_t kVersion = 0x7000;
    constexpr std::uint64_t kVariant = 0x8000000000000000ULL;
    const auto ms = static_cast<std::uint64_t>(now.time_since_epoch().count());
    const std::uint64_t a = random_();
    const std::uint64_t b = (random_() >> 2U) | kVariant;
    return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
                       (ms >> 16U) & 0xffffffffU,
                       ms & 0xffffU,
                       kVersion | (a & 0x0fffU),
                       b >> 48U,
                       b & 0xffffffffffffU);
}

}  // namespace dm::relay
