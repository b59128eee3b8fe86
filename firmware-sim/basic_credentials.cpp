#include "firmware-sim/basic_credentials.hpp"

#include <array>
#include <fstream>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>
#include <openssl/evp.h>

namespace dm::sim {
namespace {

/// RFC 7617: base64 of `id:secret`.
std::string basic(const std::string& id, const std::string& secret) {
    const std::string pair = id + ":" + secret;
    const std::vector<unsigned char> input(pair.begin(), pair.end());
    std::vector<unsigned char> output(4 * (input.size() + 2) / 3 + 1);
    const int size = EVP_EncodeBlock(output.data(), input.data(), static_cast<int>(input.size()));
    return "Basic " + std::string{output.begin(), output.begin() + size};
}

class BasicCredentials final : public Credentials {
public:
    void add(const std::string& id, const std::string& secret) {
        headers_.insert_or_assign(id, basic(id, secret));
    }

    [[nodiscard]] std::optional<std::string> authorization(const proto::DeviceId& device,
                                                           proto::WallTime /*now*/) const override {
        const auto found = headers_.find(device.str());
        return found == headers_.end() ? std::nullopt : std::optional{found->second};
    }

    [[nodiscard]] std::optional<std::string> renewal(const proto::DeviceId& /*device*/,
                                                     proto::WallTime /*now*/) const override {
        return std::nullopt;
    }

private:
    std::unordered_map<std::string, std::string> headers_;
};

}  // namespace

tl::expected<std::unique_ptr<Credentials>, std::string> read_basic_credentials(
    const std::string& path) {
    std::ifstream file{path};
    if (!file) {
        return tl::unexpected(fmt::format("{}: cannot be read", path));
    }
    auto credentials = std::make_unique<BasicCredentials>();
    std::string line;
    for (int number = 1; std::getline(file, line); ++number) {
        if (line.empty() || line.front() == '#') {
            continue;
        }
        const auto tab = line.find('\t');
        if (tab == std::string::npos || !proto::DeviceId::parse(line.substr(0, tab)) ||
            line.find(':') < tab || tab + 1 == line.size()) {
            return tl::unexpected(fmt::format("{}:{}: must be id<TAB>secret", path, number));
        }
        credentials->add(line.substr(0, tab), line.substr(tab + 1));
    }
    return credentials;
}

}  // namespace dm::sim
