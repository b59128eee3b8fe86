#pragma once

#include "device-mgmt/core/clock.hpp"
#include "device-mgmt/core/session_ref.hpp"
#include "protocol/ids.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace dm::core {

/// Who owns a device now.
struct DirectoryEntry {
    SessionRef session;
    std::uint64_t epoch;
    proto::WallTime since;
    std::string remote;
    std::optional<std::string> model;     ///< from `hello`
    std::optional<std::string> firmware;  ///< from `hello`
    Instant admitted{};                   ///< before its 101
};

/// device → session, with the epoch that fences older ones: the newest claim wins, and only who
/// still owns its epoch can give the device up. One thread: the relay's.
///
/// Two devices with one id would take the session from each other for ever. So a device that has
/// been taken over more than kMaxTakeovers times within kDuelWindow is duelled for: newcomers are
/// refused with a delay that doubles from kFirstRetry to kLastRetry until the window is calm.
class Directory {
public:
    static constexpr std::size_t kMaxTakeovers = 5;
    static constexpr std::chrono::seconds kDuelWindow{60};
    static constexpr std::chrono::milliseconds kFirstRetry{1000};
    static constexpr std::chrono::milliseconds kLastRetry{60000};

    struct Claim {
        bool granted;
        std::uint64_t epoch;                     ///< when granted
        std::optional<DirectoryEntry> replaced;  ///< its session must be closed: 4001
        std::chrono::milliseconds retry_after;   ///< when refused
        bool overtaken = false;  ///< refused because the owner was admitted later: 4001
    };

    /// `last_epoch`: every epoch will be higher.
    explicit Directory(std::uint64_t last_epoch = 0) : last_epoch_(last_epoch) {}

    /// Epochs are max(last + 1, Unix ms), with one `last` for all devices: higher for every new
    /// session of any device. Newest is who was `admitted` last, not whose claim comes last.
    [[nodiscard]] Claim claim(const proto::DeviceId& device,
                              SessionRef session,
                              const std::string& remote,
                              Moment now,
                              Instant admitted = {});

    /// The same with an epoch that another directory has given, and without duels: it counts them.
    /// Never refused.
    Claim grant(const proto::DeviceId& device, DirectoryEntry entry);

    /// Takes the device out if `session` still owns it; the entry that was taken out.
    std::optional<DirectoryEntry> release(const proto::DeviceId& device, SessionRef session);

    /// The entry if `session` owns the device.
    [[nodiscard]] DirectoryEntry* owned(const proto::DeviceId& device, SessionRef session);

    [[nodiscard]] const DirectoryEntry* find(const proto::DeviceId& device) const;

    [[nodiscard]] const std::unordered_map<proto::DeviceId, DirectoryEntry>& entries() const {
        return entries_;
    }

    /// Forgets duels that have been calm for kDuelWindow; call every few seconds.
    void forget_calm(Instant now);

    /// The highest that was given out, or may have been.
    [[nodiscard]] std::uint64_t last_epoch() const { return last_epoch_; }

    /// Devices that have been taken over lately.
    [[nodiscard]] std::size_t duels() const { return duels_.size(); }

private:
    struct Duel {
        std::deque<Instant> takeovers;  ///< of the last kDuelWindow, at most kMaxTakeovers + 1
        std::chrono::milliseconds retry{0};
        Instant last;
    };

    [[nodiscard]] std::optional<std::chrono::milliseconds> refuse_duel(
        const proto::DeviceId& device, Instant now);

    std::unordered_map<proto::DeviceId, DirectoryEntry> entries_;
    std::unordered_map<proto::DeviceId, Duel> duels_;  ///< devices taken over lately
    std::uint64_t last_epoch_;
};

}  // namespace dm::core
