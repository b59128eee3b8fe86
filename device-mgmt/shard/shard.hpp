#pragma once

#include "device-mgmt/auth/authenticator.hpp"
#include "device-mgmt/core/check_wheel.hpp"
#include "device-mgmt/core/look_queue.hpp"
#include "device-mgmt/core/reports.hpp"
#include "device-mgmt/core/session.hpp"
#include "device-mgmt/loop/channel.hpp"
#include "device-mgmt/loop/loop.hpp"
#include "device-mgmt/net/tls_context.hpp"
#include "device-mgmt/net/ws_endpoint.hpp"
#include "device-mgmt/ops/metrics.hpp"
#include "device-mgmt/shard/deliveries.hpp"
#include "device-mgmt/shard/upstream.hpp"

#include <any>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>

#include <asio/steady_timer.hpp>
#include <tl/expected.hpp>

namespace dm::shard {

struct ShardSettings {
    std::uint32_t index = 0;
    net::EndpointSettings endpoint;
    core::SessionSettings session;
    std::vector<std::string> origins;
};

/// One thread with its own listener and its own sessions: shared with nobody, so nothing here is
/// locked. Other threads reach it through the calls marked so.
class Shard final : public net::Acceptor {
public:
    Shard(ShardSettings settings,
          std::shared_ptr<const net::TlsContext> tls,
          std::shared_ptr<const auth::KeyRing> keys,
          Upstream& upstream,
          ops::Metrics& metrics);
    ~Shard() override;
    Shard(const Shard&) = delete;
    Shard& operator=(const Shard&) = delete;

    /// Binds; before start().
    [[nodiscard]] tl::expected<void, std::string> listen();

    [[nodiscard]] std::uint16_t port() const { return endpoint_.port(); }

    void start();

    /// Any thread.
    void post(core::Order order) { orders_.push(std::move(order)); }

    /// Any thread. Not in order with what the other post brings.
    void post(core::Delivery delivery) { arriving_.push(std::move(delivery)); }

    struct Drain {
        std::chrono::milliseconds spread;
        bool others_are_up;  ///< nodes that take the devices at once
    };

    /// Any thread: stops accepting and closes every session (1012) at its own moment within the
    /// spread; one whose handshake was under way at once. Each is told before when to come back:
    /// within another spread, counted from its close. With no other node up that begins when the
    /// last one is closed: before, it would find nobody and wait longer with every attempt.
    void drain(Drain wanted);

    /// Any thread: uses these from the next handshake on (`tls` null: plain ws, nothing to replace)
    /// and closes the sessions whose key, credential or trust in their certificate is gone (1008
    /// `revoked`). `in_force` is called on this shard's thread.
    void reload(std::shared_ptr<const net::TlsContext> tls,
                std::shared_ptr<const auth::KeyRing> keys,
                std::function<void()> in_force);

    /// Any thread but this shard's: resets what is left and ends the thread.
    void stop();

    /// Any thread.
    [[nodiscard]] std::size_t sessions() const { return count_.load(std::memory_order_relaxed); }

    /// Any thread: a drain is through, with no session and no handshake left.
    [[nodiscard]] bool drained() const { return drained_.load(std::memory_order_relaxed); }

    [[nodiscard]] const loop::Loop& loop() const { return loop_; }

    // net::Acceptor, on this shard's thread
    [[nodiscard]] tl::expected<net::Admission, net::Refusal> on_upgrade(
        const net::UpgradeRequest& request) override;
    [[nodiscard]] core::LinkListener* on_open(core::DeviceLink& link, std::any identity) override;

private:
    class Host;

    struct DrainSlot {
        core::Instant when;
        std::uint64_t session = 0;
    };

    [[nodiscard]] net::EndpointObserver observer();
    void carry_out(std::vector<core::Order>& orders);
    void carry_out(Host* target, core::Order& order);
    void on_tick(core::Moment now);
    /// Looks at the sessions whose time has come, and asks to be woken for the next.
    void check_due();
    void wake_for(core::Instant due);
    void plan_drain(Drain wanted);
    void close_for_drain(Host& host);
    [[nodiscard]] Host* host(std::uint64_t session);

    ShardSettings settings_;
    Upstream& upstream_;
    ops::Metrics& metrics_;
    loop::Loop loop_;
    auth::Authenticator authenticator_;
    loop::Channel<core::Order> orders_;
    loop::Channel<core::Delivery> arriving_;
    Deliveries deliveries_;
    core::CheckWheel checks_;
    core::LookQueue looks_;
    asio::steady_timer check_timer_;
    core::Instant next_check_ = core::Instant::max();                 ///< when the timer fires
    std::unordered_map<std::uint64_t, std::unique_ptr<Host>> hosts_;  ///< by session number
    std::vector<std::uint64_t> gone_;    ///< closed since the last tick, to be destroyed there
    std::vector<DrainSlot> drain_plan_;  ///< latest first
    std::optional<Drain> draining_;
    core::Instant returns_from_{};  ///< while draining
    std::minstd_rand random_;
    std::uint64_t next_session_ = 1;
    std::atomic<std::size_t> count_{0};
    std::atomic<bool> drained_{false};
    net::WsEndpoint endpoint_;  ///< last: its connections refer to the hosts
};

}  // namespace dm::shard
