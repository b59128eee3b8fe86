#pragma once

#include "firmware-sim/clock.hpp"
#include "firmware-sim/random.hpp"
#include "protocol/frames.hpp"

#include <chrono>
#include <optional>

namespace dm::sim {

/// The clocks of one connection from its 101 on: own heartbeats, the server's silence, the
/// renewal of an expiring token. No I/O; time is passed in.
class Session {
public:
    /// A server that says nothing for this many heartbeats is dead.
    static constexpr double kSilentBeats = 2.5;
    /// Used until `welcome` has told another.
    static constexpr std::chrono::seconds kHeartbeat{20};

    explicit Session(Instant opened)
        : opened_(opened), last_heard_(opened), next_heartbeat_(Instant::max()) {}

    /// Heartbeats start within one period, so that devices that came together do not beat
    /// together.
    void on_welcome(const proto::Welcome& welcome, Moment now, Random& random);

    void heard(Instant now) { last_heard_ = now; }

    /// True once per period (0.9–1.0 of what the server told), from welcome on.
    [[nodiscard]] bool heartbeat_due(Instant now, Random& random);

    /// True once, when four fifths of the token's life have passed.
    [[nodiscard]] bool renewal_due(Instant now);
    void on_renewed(proto::WallTime expires_at, Moment now);

    [[nodiscard]] bool server_silent(Instant now) const { return now >= silent_at(); }

    [[nodiscard]] Instant next_due() const;

    [[nodiscard]] bool welcomed() const { return next_heartbeat_ != Instant::max(); }

    [[nodiscard]] Instant opened() const { return opened_; }

private:
    [[nodiscard]] Instant silent_at() const;

    Instant opened_;
    Instant last_heard_;
    Instant next_heartbeat_;
    std::chrono::milliseconds heartbeat_ = kHeartbeat;
    std::optional<Instant> renewal_;
};

}  // namespace dm::sim
