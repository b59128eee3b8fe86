#pragma once

#include "firmware-sim/callers/call_tally.hpp"
#include "firmware-sim/callers/callers_options.hpp"
#include "firmware-sim/callers/http_reply.hpp"
#include "firmware-sim/clock.hpp"
#include "firmware-sim/random.hpp"

#include <array>
#include <cstdint>
#include <string>

#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>

namespace dm::sim {

/// One operator: chooses a device, sends a command, waits for its reply, pauses, and so on. One
/// thread, that of `io`.
class Caller {
public:
    /// `options` and `tally` must outlive it. `name` begins the ids of its commands.
    Caller(asio::io_context& io,
           const CallersOptions& options,
           asio::ip::tcp::endpoint target,
           std::string host,
           std::string name,
           std::uint64_t seed,
           CallTally& tally);

    /// The first call begins after `delay`.
    void start(std::chrono::milliseconds delay);

    /// No further call begins.
    void finish() { finishing_ = true; }

    [[nodiscard]] bool is_waiting() const { return waiting_; }

private:
    void begin_later(std::chrono::milliseconds delay);
    void begin();
    void connect();
    void write();
    void read();
    void judge();
    void end(std::uint64_t CallTally::*counter);

    const CallersOptions& options_;
    asio::ip::tcp::endpoint target_;
    std::string host_;
    std::string name_;
    Random random_;
    CallTally& tally_;
    asio::ip::tcp::socket socket_;
    asio::steady_timer timer_;
    std::uint64_t number_ = 0;
    std::uint64_t attempt_ = 0;  ///< what completes for an older one is over
    std::string device_;
    std::string id_;
    std::string request_;
    HttpReply reply_;
    std::array<char, 4096> buffer_{};
    Instant begun_;
    bool waiting_ = false;
    bool heard_ = false;
    bool finishing_ = false;
};

}  // namespace dm::sim
