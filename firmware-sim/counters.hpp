#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>

namespace dm::sim {

/// Written by the thread that owns the devices, read by the one that shows progress.
class Counter {
public:
    void add(std::uint64_t amount = 1) {
        value_.store(value_.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
    }

    void sub() {
        value_.store(value_.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
    }

    [[nodiscard]] std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::uint64_t> value_{0};
};

/// What the devices of one thread have seen and done.
struct Counters {
    // Gauges.
    Counter connecting;
    Counter connected;  ///< welcomed and not closed

    // Connections.
    Counter sessions;           ///< welcomes
    Counter devices_seen;       ///< devices welcomed at least once
    Counter connect_failures;   ///< no 101: network, TLS, time-out
    Counter resumed;            ///< sessions whose TLS was resumed
    Counter refusals;           ///< an HTTP status other than 101
    Counter planned_closes;     ///< announced by `reconnect`, or 1001, 1012, 4004
    Counter unexpected_closes;  ///< every other one that we did not start
    Counter silent_servers;     ///< sessions given up because nothing came for 2.5 heartbeats

    // Commands.
    Counter commands;     ///< command frames, redeliveries included
    Counter executed;     ///< each id once
    Counter redelivered;  ///< ids that had been executed already
    Counter replies;      ///< reply frames handed to a connection, repetitions included
    Counter repeated;     ///< of these: after a reconnect, or because of a redelivery
    Counter reply_acks;

    // Unasked.
    Counter heartbeats;
    Counter telemetry;
    Counter alerts;
    Counter messages;  ///< stream and group messages received
    Counter renewals;  ///< `token_ok` received

    // What should not happen.
    Counter error_frames;       ///< the server complained about a frame of ours
    Counter bad_frames;         ///< we could not read a frame of the server
    Counter stale_epochs;       ///< a new session's epoch was not higher than the one before
    Counter overdue_commands;   ///< a command arrived after its own deadline
    Counter forgotten_replies;  ///< an un-acknowledged reply fell out of the bounded memory
    Counter unsent_frames;      ///< dropped because the connection did not drain
    Counter journal_failures;   ///< the journal did not take an entry
};

/// The names of the counters in reports, gauges left out.
struct CounterName {
    std::string_view name;
    Counter Counters::*counter;
};

inline constexpr std::array<CounterName, 25> kCounterNames{{
    {"sessions", &Counters::sessions},
    {"connect_failures", &Counters::connect_failures},
    {"resumed", &Counters::resumed},
    {"refusals", &Counters::refusals},
    {"planned_closes", &Counters::planned_closes},
    {"unexpected_closes", &Counters::unexpected_closes},
    {"silent_servers", &Counters::silent_servers},
    {"commands", &Counters::commands},
    {"executed", &Counters::executed},
    {"redelivered", &Counters::redelivered},
    {"replies", &Counters::replies},
    {"repeated_replies", &Counters::repeated},
    {"reply_acks", &Counters::reply_acks},
    {"heartbeats", &Counters::heartbeats},
    {"telemetry", &Counters::telemetry},
    {"alerts", &Counters::alerts},
    {"messages", &Counters::messages},
    {"renewals", &Counters::renewals},
    {"error_frames", &Counters::error_frames},
    {"bad_frames", &Counters::bad_frames},
    {"stale_epochs", &Counters::stale_epochs},
    {"overdue_commands", &Counters::overdue_commands},
    {"forgotten_replies", &Counters::forgotten_replies},
    {"unsent_frames", &Counters::unsent_frames},
    {"journal_failures", &Counters::journal_failures},
}};

}  // namespace dm::sim
