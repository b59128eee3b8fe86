#pragma once

#include "device-mgmt/core/clock.hpp"
#include "device-mgmt/store/shared_directory.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace dm::redis {

/// How old the lease is, by this process's clock: it counts from before the renewal was sent. One
/// thread.
class LeaseWatch {
public:
    LeaseWatch(std::chrono::milliseconds renewal, std::chrono::milliseconds doubt)
        : renewal_(renewal), doubt_(doubt) {}

    /// It was taken when the store was opened. The token changes with every taking.
    void begin(core::Instant sent, std::string token);

    [[nodiscard]] bool due(core::Instant now) const { return now - held_since_ >= renewal_; }

    [[nodiscard]] core::Instant trusted_until() const { return held_since_ + doubt_; }

    [[nodiscard]] core::Duration until_due(core::Instant now) const;

    /// `doubtful` once it is.
    [[nodiscard]] std::optional<store::Lease> look(core::Instant now);

    /// What a renewal that succeeded changes: another token says that it had run out.
    [[nodiscard]] std::optional<store::Lease> renewed(core::Instant sent, const std::string& token);

private:
    std::chrono::milliseconds renewal_;
    std::chrono::milliseconds doubt_;
    core::Instant held_since_;
    std::string token_;
    bool doubtful_ = false;
};

}  // namespace dm::redis
