#pragma once

#include "device-mgmt/net/address_rates.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>

namespace dm::net {

/// A connected descriptor that is closed unless it is released.
class AcceptedSocket {
public:
    AcceptedSocket(int descriptor, asio::ip::tcp::endpoint peer)
        : descriptor_(descriptor), peer_(std::move(peer)) {}

    AcceptedSocket(const AcceptedSocket&) = delete;
    AcceptedSocket& operator=(const AcceptedSocket&) = delete;
    ~AcceptedSocket();

    [[nodiscard]] int descriptor() const { return descriptor_; }

    void release() { descriptor_ = -1; }

    /// Closing will send RST and leave nothing behind.
    void reset_on_close() const;

    [[nodiscard]] const asio::ip::tcp::endpoint& peer() const { return peer_; }

private:
    int descriptor_;
    asio::ip::tcp::endpoint peer_;
};

/// Accepts for as long as it lives: no error ends it. Out of descriptors or memory it waits
/// `backoff` and, with a descriptor it keeps in reserve, resets one caller so that it need not
/// guess. Callers beyond their address's rate are reset.
///
/// One thread, that of `io`.
class AcceptLoop {
public:
    struct Settings {
        double per_address_per_s = 0;
        std::chrono::milliseconds backoff{100};
    };

    struct Hooks {
        std::function<bool()> has_room;                 ///< false: pause, and ask again later
        std::function<bool()> make_room;                ///< somebody waits outside; true: come in
        std::function<void(AcceptedSocket&)> accepted;  ///< releases what it takes over
        std::function<void(const std::string&)> failed;
    };

    AcceptLoop(asio::io_context& io, Settings settings, Hooks hooks);
    ~AcceptLoop();
    AcceptLoop(const AcceptLoop&) = delete;
    AcceptLoop& operator=(const AcceptLoop&) = delete;

    void start(asio::ip::tcp::acceptor acceptor);
    /// There may be room again; saves waiting for the next time it is asked.
    void resume();
    void stop();

    [[nodiscard]] std::uint16_t port() const { return port_; }

private:
    /// The most callers taken in one turn of the loop.
    static constexpr int kBatch = 64;

    void arm();
    [[nodiscard]] bool somebody_waits();
    void accept_batch();
    /// False: nobody is waiting, or accepting must pause.
    [[nodiscard]] bool accept_one();
    void back_off(std::error_code ec);
    void pause();

    asio::ip::tcp::acceptor acceptor_;
    asio::steady_timer pause_timer_;
    Settings settings_;
    Hooks hooks_;
    AddressRates rates_;
    int reserve_;  ///< given up for a moment when descriptors run out
    std::uint16_t port_ = 0;
    bool waiting_ = false;
    bool paused_ = false;            ///< the timer runs
    bool out_of_resources_ = false;  ///< until it ends, resume() does nothing
    /// Completions hold it weakly: they may come after the loop's end.
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace dm::net
