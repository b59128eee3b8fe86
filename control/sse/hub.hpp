#pragma once

#include "control/sse/ring.hpp"
#include "device-mgmt/core/clock.hpp"
#include "device-mgmt/http/responder.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

namespace dm::control {

/// Sends the events of a ring to whoever follows them. A reader that is slow costs no queue: it has
/// a place in the ring and gets the next batch when the last one has been written. One that the
/// ring overtakes is cut off; with its Last-Event-ID it is told `reset`. One thread.
class Hub {
public:
    static constexpr std::chrono::seconds kCommentEvery{15};
    static constexpr std::size_t kMaxFollowers = 5000;

    /// `boot` differs in every run. `responder` must outlive it.
    Hub(http::Responder& responder,
        std::string node,
        std::string boot,
        EventRing ring = EventRing{});

    /// Answers `exchange` with the events of `device` (empty: of all), after the one that
    /// `last_event_id` names. The first event is `reset` when what came in between is not known to
    /// be complete. Who does not go on where it was gets `opening`, complete events, before others.
    void follow(http::ExchangeId exchange,
                std::string device,
                std::optional<std::string_view> last_event_id,
                core::Instant now,
                std::string_view opening = {});

    [[nodiscard]] bool is_full() const { return followers_.size() >= kMaxFollowers; }

    [[nodiscard]] std::size_t followers() const { return followers_.size(); }

    /// False for an exchange that is none of its followers.
    bool drained(http::ExchangeId exchange, core::Instant now);
    bool gone(http::ExchangeId exchange);

    void publish(Event event, core::Instant now);

    /// Events may have been missed: everybody is told `reset`.
    void gap(std::string_view reason, core::Instant now);

    /// Comments for those who have heard nothing for a while.
    void tick(core::Instant now);

    /// Ends every stream; a reader resumes elsewhere.
    void end_all();

private:
    struct Follower {
        std::string device;
        std::uint64_t seen = 0;  ///< the last event sent, or known not to concern it
        bool writing = false;    ///< a batch is under way
        core::Instant last_sent;
    };

    [[nodiscard]] std::string id_of(std::uint64_t number) const;
    [[nodiscard]] std::string reset_text(std::string_view reason) const;
    [[nodiscard]] std::string_view why_not_after(std::string_view id, std::uint64_t& seen) const;
    void send(http::ExchangeId exchange, Follower& follower, std::string text, core::Instant now);
    void pump(http::ExchangeId exchange, core::Instant now);
    void pump_all(const std::string& device, core::Instant now);
    void drop(http::ExchangeId exchange);

    http::Responder& responder_;
    std::string node_;
    std::string boot_;
    EventRing ring_;
    std::unordered_map<http::ExchangeId, Follower> followers_;
    /// Who follows a device; those who follow everything are under the empty name.
    std::unordered_map<std::string, std::unordered_set<http::ExchangeId>> by_device_;
};

/// Status and headers of every stream of events.
[[nodiscard]] http::HttpResponse stream_head();

}  // namespace dm::control
