#include "firmware-sim/resolver.hpp"

#include <fmt/format.h>

namespace dm::sim {

tl::expected<asio::ip::tcp::endpoint, std::string> Resolver::resolve(const Target& target,
                                                                     Instant now) {
    if (const auto found = known_.find(target.host); found != known_.end()) {
        return asio::ip::tcp::endpoint{found->second, target.port};
    }
    const auto failure = failed_.find(target.host);
    if (failure != failed_.end() && now - failure->second.at < kRetryAfter) {
        return tl::unexpected(failure->second.reason);
    }
    std::error_code error;
    asio::ip::tcp::resolver resolver{io_};
    const auto results = resolver.resolve(target.host, std::to_string(target.port), error);
    if (error || results.empty()) {
        auto reason = fmt::format("cannot resolve {}: {}", target.host, error.message());
        failed_.insert_or_assign(target.host, Failure{reason, now});
        return tl::unexpected(std::move(reason));
    }
    const auto endpoint = results.begin()->endpoint();
    known_.emplace(target.host, endpoint.address());
    return endpoint;
}

}  // namespace dm::sim
