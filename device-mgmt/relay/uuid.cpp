#include "device-mgmt/relay/uuid.hpp"

#include "protocol/uuid.hpp"

#include <cstdint>

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
    const std::uint64_t random = random_();
    return proto::make_uuid(now, random, random_());
}

}  // namespace dm::relay
