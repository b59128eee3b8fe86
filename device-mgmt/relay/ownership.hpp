#pragma once

#include "device-mgmt/core/clock.hpp"
#include "device-mgmt/core/command.hpp"
#include "device-mgmt/store/shared_directory.hpp"
#include "protocol/codes.hpp"
#include "protocol/ids.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

namespace dm::relay {

/// Which devices are this node's, as far as this process knows. A node that is alone owns all of
/// them. Of several, each device has one owner in the shared directory, and what is known here may
/// be behind: the directory refuses what another's device would suffer from, and tells then.
///
/// What another node owns is noticed by the first write that is refused, by that node's message
/// (see `check`), and at the latest by asking for all of them in turn, every kRound.
/// One thread: the relay's. Answers of the directory must not outlive this object.
class Ownership {
public:
    static constexpr std::chrono::seconds kAdoptEvery{1};
    static constexpr std::chrono::seconds kRound{20};
    /// Devices asked for at once.
    static constexpr std::size_t kSlice = 500;
    /// A node that has been without the directory for so long closes its sessions, paced.
    static constexpr std::chrono::seconds kAwayPatience{60};

    struct Events {
        /// Unfinished commands of devices that are this node's from now on.
        std::function<void(std::vector<core::Command>)> take_over;
        /// What is held of the device is void; its session stays, if there is one.
        std::function<void(const proto::DeviceId&)> release;
        /// The device is another node's: release it and close its session.
        std::function<void(const proto::DeviceId&, proto::CloseCode)> lose;
        /// The process died whose session this was; no other has followed.
        std::function<void(const proto::DeviceId&, const store::PreviousSession&)> ended;
        /// Messages that are this node's to publish from now on.
        std::function<void(const std::vector<std::uint64_t>&)> adopt_outbox;
        std::function<std::uint64_t()> last_outbox_number;
        /// Whether devices may be sent commands: not while nobody knows whose they are.
        std::function<void(bool)> trust;
        /// Nothing is held of the device, and it has no session.
        std::function<bool(const proto::DeviceId&)> is_idle;
    };

    /// `directory`: null if the node is alone.
    Ownership(store::SharedDirectory* directory, Events events);

    [[nodiscard]] bool is_shared() const { return directory_ != nullptr; }

    [[nodiscard]] bool owns(const proto::DeviceId& device) const {
        return !is_shared() || owned_.count(device) > 0;
    }

    /// Whether this node knows whose its devices are.
    [[nodiscard]] bool trusted() const { return trusted_; }

    /// Until when devices may be sent commands, unless it is told otherwise before.
    [[nodiscard]] core::Instant trusted_until() const {
        return is_shared() ? directory_->trusted_until() : core::Instant::max();
    }

    /// The store was loaded with an unfinished command of it.
    void loaded(const proto::DeviceId& device) { owned_.insert(device); }

    /// Another live node that owns the device, or none: then it is this node's.
    using Routed = std::function<void(const std::optional<std::string>& elsewhere)>;

    void route(const proto::DeviceId& device, Routed routed);

    void attach(const proto::DeviceId& device,
                std::string remote,
                store::SharedDirectory::Answer<store::AttachResult> answer);

    /// Answers whether there is no later session anywhere.
    void detach(const proto::DeviceId& device,
                std::uint64_t epoch,
                store::SharedDirectory::Answer<bool> was_last);

    /// Another node says that it has the device. `then`: what is so is known now.
    void check(const proto::DeviceId& device, std::function<void()> then);

    /// With every tick of the loop.
    void tick(core::Instant now);

    /// Since kAwayPatience or longer the directory has not answered.
    [[nodiscard]] bool is_away_too_long(core::Instant now) const;

private:
    void lease(store::Lease lease);
    void took(const proto::DeviceId& device, std::vector<core::Command> unfinished);
    void lost(const proto::DeviceId& device, proto::CloseCode code);
    void adopt();
    void adopted(std::vector<store::Adopted> devices);
    void adopt_messages();
    void verify_all();
    void verify(std::vector<proto::DeviceId> devices,
                proto::CloseCode code,
                std::function<void()> then = {});
    void verify_some();

    store::SharedDirectory* directory_;
    Events events_;
    std::unordered_set<proto::DeviceId> owned_;
    bool trusted_ = true;
    std::uint64_t lapses_ = 0;  ///< of which only the last one's verification counts
    std::optional<core::Instant> away_since_;
    bool adopting_ = false;
    bool adopting_messages_ = false;
    std::optional<core::Instant> adopt_at_;
    std::size_t next_bucket_ = 0;  ///< of owned_, for verify_some
};

}  // namespace dm::relay
