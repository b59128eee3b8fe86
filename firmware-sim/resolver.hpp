#pragma once

#include "firmware-sim/clock.hpp"
#include "firmware-sim/target.hpp"

#include <chrono>
#include <map>
#include <string>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <tl/expected.hpp>

namespace dm::sim {

/// Names to addresses, asked for once: success is kept for good, failure for kRetryAfter. Blocks
/// while the system's resolver works. Targets are few: the given one and the nodes' own.
class Resolver {
public:
    static constexpr std::chrono::seconds kRetryAfter{10};

    explicit Resolver(asio::io_context& io) : io_(io) {}

    [[nodiscard]] tl::expected<asio::ip::tcp::endpoint, std::string> resolve(const Target& target,
                                                                             Instant now);

private:
    struct Failure {
        std::string reason;
        Instant at;
    };

    asio::io_context& io_;
    std::map<std::string, asio::ip::address> known_;
    std::map<std::string, Failure> failed_;
};

}  // namespace dm::sim
