#pragma once

#include "device-mgmt/broker/broker.hpp"
#include "device-mgmt/core/clock.hpp"
#include "device-mgmt/loop/channel.hpp"
#include "device-mgmt/relay/decision_queue.hpp"
#include "device-mgmt/relay/uuid.hpp"
#include "device-mgmt/store/command_store.hpp"
#include "device-mgmt/store/ingress.hpp"
#include "device-mgmt/store/ingress_record.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <asio/io_context.hpp>

namespace dm::relay {

/// A publish that is in the ingress log.
struct Arrival {
    store::IngressRecord record;
    store::Lsn lsn = 0;
    std::optional<core::Instant> at;  ///< when it came; absent for a replayed one
};

/// Publishes that wait for their turn beyond which the broker's thread waits, at most
/// kIntakePatience each: so the broker is slowed down, and the relay, which needs the broker's lock
/// to publish, never waits for itself.
inline constexpr std::size_t kMaxIntake = 10'000;
inline constexpr std::chrono::milliseconds kIntakePatience{50};

/// How long the broker's thread waits for room in the ingress log before the process gives up.
inline constexpr std::chrono::seconds kAppendPatience{10};

/// The way of publishes from the broker into the relay: into the ingress log first, on the broker's
/// thread, so that the PUBACK that follows is honest; then in order to the relay, as long as the
/// store takes what comes of them. At start what the log still holds goes the same way.
class Inlet {
public:
    /// Takes a record up, which ends in one call of `decide`.
    using Take = std::function<void(Arrival&)>;

    /// Called on the broker's thread when the log cannot take a publish. Must not return: the
    /// broker would be told that the publish is safe.
    using Fatal = std::function<void(const std::string& reason)>;

    Inlet(asio::io_context& io,
          store::CommandStore& store,
          store::Ingress& ingress,
          store::Lsn durable,
          UuidSource ids,
          Take take,
          Fatal fatal);

    // ---- the broker's thread ----

    void arrived(broker::InboundMessage message, core::Moment now);

    // ---- the loop ----

    /// Takes up what the log holds, as far as the store keeps pace; then calls `done`, once.
    void replay(std::function<void()> done);

    /// Calls `decision` when every record before this one has been decided: at once, or by a later
    /// call of decide. What it calls the store for, and that this record is dealt with, are one
    /// transaction: no record that is replayed has been decided before.
    void decide(store::Lsn lsn, std::function<void()> decision);

    /// Takes up what waits while the store has room. Call when it may have gained some.
    void pump();

    /// Takes nothing up any more: what comes stays in the log, for the next process.
    void close() { closed_ = true; }

    /// Gives back space of the log that is not needed any more; now and then.
    void release() { ingress_.release(store_.durable_lsn()); }

    /// Records in the log that have not been decided.
    [[nodiscard]] std::size_t open() const { return decisions_.open() + waiting_.size(); }

private:
    void replay_some();
    [[nodiscard]] store::Lsn append(const std::string& record);

    store::CommandStore& store_;
    store::Ingress& ingress_;
    Take take_;
    Fatal fatal_;
    UuidSource ids_;  ///< the broker's thread only
    DecisionQueue decisions_;
    store::Lsn replayed_;
    std::function<void()> when_replayed_;  ///< set while there may be something to replay
    bool closed_ = false;
    std::deque<Arrival> waiting_;
    std::atomic<std::size_t> waiting_count_{0};  ///< of waiting_, for the broker's thread
    loop::Channel<Arrival> received_;
};

}  // namespace dm::relay
