#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <asio/ip/address.hpp>
#include <tl/expected.hpp>

namespace dm::sim {

/// Local addresses to connect from. One address has some 28,000 ports towards one server, so larger
/// fleets need several; on loopback all of 127.0.0.0/8 is ours.
class SourceAddresses {
public:
    /// Devices per address when nothing else is said.
    static constexpr std::size_t kDevicesPerAddress = 20'000;

    /// `text` is empty (automatic), a number of loopback addresses, or a list of addresses with
    /// commas. Automatic means the system's choice, and for a loopback server 127.0.0.1 for the
    /// first kDevicesPerAddress devices, 127.0.1.1 for the next, and so on.
    [[nodiscard]] static tl::expected<SourceAddresses, std::string> parse(
        std::string_view text, const asio::ip::address& server);

    /// Unspecified (is_unspecified()): leave it to the system. `index` counts over all processes,
    /// that is from `--first`.
    [[nodiscard]] asio::ip::address of(std::size_t index) const;

private:
    std::vector<asio::ip::address> list_;
    bool blocks_ = false;
};

}  // namespace dm::sim
