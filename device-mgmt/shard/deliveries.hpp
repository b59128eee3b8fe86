#pragma once

#include "device-mgmt/core/reports.hpp"
#include "device-mgmt/core/session.hpp"
#include "device-mgmt/ops/metrics.hpp"
#include "protocol/frame_codec.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>

namespace dm::shard {

/// Messages on their way to many sessions of a shard: each is encoded once per format and handed
/// out a slice at a time, so that heartbeats and commands come in between. The shard's thread.
class Deliveries {
public:
    /// In one turn of the loop.
    static constexpr std::size_t kSlice = 16;
    static constexpr std::size_t kSliceBytes = std::size_t{256} * 1024;
    /// Between two turns. Whom a broadcast reaches answers or works on the same network and often
    /// the same machine: at full speed the commands of others would wait behind it all the same.
    static constexpr std::chrono::milliseconds kPause{2};
    /// Beyond it a message is dropped for all its sessions.
    static constexpr std::size_t kMaxWaiting = 256;

    /// Null for a session that is gone.
    using Find = std::function<core::Session*(std::uint64_t session)>;
    using Done = std::function<void(core::Delivered)>;

    Deliveries(asio::io_context& io,
               ops::Metrics& metrics,
               std::chrono::milliseconds pause,
               Find find,
               Done done);

    void add(core::Delivery delivery);

private:
    struct UnderWay {
        core::Delivery delivery;
        std::size_t next = 0;
        std::size_t sent = 0;
        std::array<std::string, 2> encoded{};  ///< by format; empty: not needed so far

        [[nodiscard]] const std::string& bytes(proto::Format format);
    };

    void hand_out_slice();
    void go_on_later();
    void conclude(const UnderWay& delivery);

    asio::io_context& io_;
    ops::Metrics& metrics_;
    const std::chrono::milliseconds pause_;
    asio::steady_timer timer_;
    Find find_;
    Done done_;
    std::deque<UnderWay> waiting_;
};

}  // namespace dm::shard
