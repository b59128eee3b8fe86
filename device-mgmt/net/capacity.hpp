#pragma once

#include <atomic>
#include <cstddef>

namespace dm::net {

/// What all endpoints of a process may hold together. Thread-safe.
///
/// Sockets beyond it are not accepted: they wait outside, so that descriptors never run out for
/// what is not a device. Connections beyond it are told so before 101, which takes a socket: there
/// must be more sockets than connections.
class Capacity {
public:
    struct Limits {
        std::size_t sockets = 0;      ///< handshakes included; 0: no bound
        std::size_t connections = 0;  ///< 0: no bound
    };

    explicit Capacity(Limits limits) : limits_(limits) {}

    [[nodiscard]] const Limits& limits() const { return limits_; }

    /// Every socket counts from its accept to its end, every connection from its 101.
    void add_socket() { sockets_.fetch_add(1, std::memory_order_relaxed); }

    void remove_socket() { sockets_.fetch_sub(1, std::memory_order_relaxed); }

    void add_connection() { connections_.fetch_add(1, std::memory_order_relaxed); }

    void remove_connection() { connections_.fetch_sub(1, std::memory_order_relaxed); }

    [[nodiscard]] bool has_socket() const { return is_below(sockets_, limits_.sockets); }

    [[nodiscard]] bool has_connection() const {
        return is_below(connections_, limits_.connections);
    }

    /// The process cannot do more: no further connection, whatever the numbers say.
    void set_overloaded(bool overloaded) {
        overloaded_.store(overloaded, std::memory_order_relaxed);
    }

    [[nodiscard]] bool overloaded() const { return overloaded_.load(std::memory_order_relaxed); }

private:
    [[nodiscard]] static bool is_below(const std::atomic<std::size_t>& count, std::size_t limit) {
        return limit == 0 || count.load(std::memory_order_relaxed) < limit;
    }

    Limits limits_;
    std::atomic<std::size_t> sockets_{0};
    std::atomic<std::size_t> connections_{0};
    std::atomic<bool> overloaded_{false};
};

}  // namespace dm::net
