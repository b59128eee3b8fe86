#pragma once

#include "tests/bench/load/connection.hpp"
#include "tests/bench/load/dialect.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dm::bench {

struct SwarmSettings {
    std::uint16_t port = 0;  ///< on 127.0.0.1
    Dialect dialect = Dialect::device;
    std::size_t connections = 1;
    std::size_t concurrency = 64;  ///< handshakes under way
    std::chrono::duration<double> keep_alive{5};
    bool ws_ping = false;  ///< a WebSocket ping instead of the dialect's own
    bool retry = false;    ///< failed attempts and lost connections try again
    double longest_retry_s = 5;
    std::size_t sources = 1;  ///< loopback addresses that connections come from
    std::size_t first_source = 0;
    std::chrono::seconds patience{60};  ///< for one attempt
};

/// What one `open` took.
struct OpenReport {
    std::size_t open = 0;
    std::size_t failed = 0;
    std::size_t resumed = 0;
    std::size_t attempts = 0;
    double seconds = 0;
    std::vector<double> connect_ms;               ///< attempt → session, of each that succeeded
    std::map<std::string, std::size_t> failures;  ///< text → how often
};

/// Many connections on one epoll. One thread.
class Swarm {
public:
    /// `phrases` of each connection.
    Swarm(const SwarmSettings& settings, std::vector<Phrases> phrases);
    ~Swarm();
    Swarm(const Swarm&) = delete;
    Swarm& operator=(const Swarm&) = delete;

    /// Opens all that are not open; returns when each is, or has failed for good. `resume`: with
    /// the TLS sessions that close_all() kept.
    [[nodiscard]] OpenReport open_all(bool resume);
    void close_all();

    /// Keeps the connections alive until `descriptor` can be read.
    void hold_until_readable(int descriptor);

    [[nodiscard]] std::size_t open() const { return open_; }

    /// Open connections that ended without close_all().
    [[nodiscard]] std::size_t lost() const { return lost_; }

    [[nodiscard]] std::size_t messages() const;

private:
    struct FreeContext {
        void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    };

    struct Retry {
        Instant when;
        std::size_t index;

        bool operator<(const Retry& other) const { return when > other.when; }
    };

    void start(std::size_t index, Instant now);
    void turn();
    void advance(std::size_t index, Instant now);
    void ended(std::size_t index, Connection::Stage before, Instant now);
    void settle_or_retry(std::size_t index, Instant now);
    void start_some(Instant now);
    [[nodiscard]] bool is_down(std::size_t index) const;
    void give_up_late(Instant now);
    void keep_alive(Instant now);
    void watch(std::size_t index, bool anew);

    SwarmSettings settings_;
    std::vector<Phrases> phrases_;
    std::unique_ptr<SSL_CTX, FreeContext> tls_;
    std::vector<Connection> connections_;
    std::vector<unsigned> failures_in_a_row_;
    std::priority_queue<Retry> retries_;
    std::queue<std::pair<std::size_t, Instant>> under_way_;  ///< in the order of their start
    std::minstd_rand random_{1};
    OpenReport report_;
    std::size_t next_ = 0;      ///< the first not yet started
    std::size_t starting_ = 0;  ///< handshakes under way
    std::size_t open_ = 0;
    std::size_t lost_ = 0;
    std::size_t settled_ = 0;  ///< of open_all(): open or failed for good
    std::size_t next_alive_ = 0;
    Instant alive_since_;
    double owed_alive_ = 0;
    int epoll_ = -1;
    bool readable_ = false;
    bool resume_ = false;
};

}  // namespace dm::bench
