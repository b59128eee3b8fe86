#pragma once

#include "device-mgmt/auth/authenticator.hpp"
#include "device-mgmt/check/peer.hpp"
#include "device-mgmt/net/ws_endpoint.hpp"

#include <any>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace dm::check {

/// One attempt of the device to connect, and what it was answered.
struct Attempt {
    core::Instant at;
    int status;       ///< 101: let in
    std::string why;  ///< of a refusal
};

/// Lets one device in by the server's own rules (shard/admission), and refuses it on demand. The
/// first device that proves its identity is the one under test, if none is named. One thread.
class Gate final : public net::Acceptor {
public:
    static constexpr std::size_t kMaxAttempts = 10000;  ///< later ones are refused and not kept

    /// `device` empty: the first one that comes.
    Gate(std::shared_ptr<const auth::KeyRing> keys, std::string device);

    /// Every attempt is answered so until `admit_again`.
    void refuse(net::Refusal refusal) { refusal_ = std::move(refusal); }

    void admit_again() { refusal_.reset(); }

    [[nodiscard]] const std::vector<Attempt>& attempts() const { return attempts_; }

    /// Sessions in the order of their opening; the last one is the current one.
    [[nodiscard]] const std::vector<std::unique_ptr<Peer>>& sessions() const { return sessions_; }

    [[nodiscard]] auth::Authenticator& authenticator() { return authenticator_; }

private:
    [[nodiscard]] tl::expected<net::Admission, net::Refusal> on_upgrade(
        const net::UpgradeRequest& request) override;
    [[nodiscard]] core::LinkListener* on_open(core::DeviceLink& link, std::any identity) override;

    tl::unexpected<net::Refusal> turn_away(net::Refusal refusal, const std::string& why);

    auth::Authenticator authenticator_;
    std::string device_;
    std::optional<net::Refusal> refusal_;
    std::vector<Attempt> attempts_;
    std::vector<std::unique_ptr<Peer>> sessions_;
};

}  // namespace dm::check
