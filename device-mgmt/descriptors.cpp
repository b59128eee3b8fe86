#include "device-mgmt/descriptors.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace dm {

namespace {

/// An eighth of the sockets is for handshakes, between these: those over the capacity are refused
/// with an answer, for which they need one.
constexpr std::size_t kFewestHandshakes = 16;
constexpr std::size_t kMostHandshakes = 1024;

std::size_t handshakes_for(std::size_t connections) {
    return std::clamp(connections / 8, kFewestHandshakes, kMostHandshakes);
}

}  // namespace

tl::expected<DescriptorPlan, std::string> plan_descriptors(std::size_t limit, std::size_t wanted) {
    const std::size_t fewest = std::max<std::size_t>(wanted, kFewestHandshakes);
    const std::size_t needed = fewest + handshakes_for(fewest) + kReservedDescriptors;
    if (limit < needed) {
        return tl::unexpected(
            fmt::format("{} descriptors are needed ({} connections, {} handshakes, {} in reserve) "
                        "and the limit is {}: raise it (ulimit -n, LimitNOFILE=) or lower "
                        "health.max_sessions or listen.max_connections",
                        needed,
                        fewest,
                        handshakes_for(fewest),
                        kReservedDescriptors,
                        limit));
    }
    const std::size_t sockets = limit - kReservedDescriptors;
    const std::size_t connections = wanted != 0 ? wanted : sockets - handshakes_for(sockets);
    return DescriptorPlan{sockets, connections};
}

}  // namespace dm
