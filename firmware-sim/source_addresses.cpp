#include "firmware-sim/source_addresses.hpp"

#include <charconv>

#include <asio/ip/address_v4.hpp>
#include <fmt/format.h>

namespace dm::sim {
namespace {

constexpr std::size_t kHostsPerNet = 250;
constexpr std::size_t kMaxLoopbacks = 254 * kHostsPerNet;

/// 127.0.1.1, 127.0.1.2, …
asio::ip::address loopback(std::size_t number) {
    const auto net = static_cast<unsigned char>(1 + number / kHostsPerNet);
    const auto host = static_cast<unsigned char>(1 + number % kHostsPerNet);
    return asio::ip::address_v4{asio::ip::address_v4::bytes_type{{127, 0, net, host}}};
}

}  // namespace

tl::expected<SourceAddresses, std::string> SourceAddresses::parse(std::string_view text,
                                                                  const asio::ip::address& server) {
    SourceAddresses addresses;
    const bool local = server.is_v4() && server.is_loopback();
    if (text.empty()) {
        addresses.blocks_ = local;
        return addresses;
    }
    std::size_t number = 0;
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc{} && rest == text.data() + text.size()) {
        if (!local) {
            return tl::unexpected(
                std::string{"as a number needs a server on IPv4 loopback; list addresses"});
        }
        if (number == 0 || number > kMaxLoopbacks) {
            return tl::unexpected(fmt::format("must be from 1 to {}", kMaxLoopbacks));
        }
        for (std::size_t i = 0; i < number; ++i) {
            addresses.list_.push_back(loopback(i));
        }
        return addresses;
    }
    while (!text.empty()) {
        const auto comma = text.find(',');
        const std::string item{text.substr(0, comma)};
        std::error_code bad;
        addresses.list_.push_back(asio::ip::make_address(item, bad));
        if (bad) {
            return tl::unexpected(fmt::format("holds '{}', which is no address", item));
        }
        text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
    }
    return addresses;
}

asio::ip::address SourceAddresses::of(std::size_t index) const {
    if (!list_.empty()) {
        return list_[index % list_.size()];
    }
    const std::size_t block = blocks_ ? index / kDevicesPerAddress : 0;
    return block == 0 ? asio::ip::address{} : loopback(block - 1);
}

}  // namespace dm::sim
