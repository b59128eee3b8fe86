#include "device-mgmt/net/accept_loop.hpp"

#include "device-mgmt/core/clock.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace dm::net {
namespace {

/// Callers may come at once as often as in so many seconds of their rate.
constexpr double kBurstSeconds = 5;

int open_reserve() {
    return ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}

AddressKey key_of(const asio::ip::address& address) {
    AddressKey key{};
    if (address.is_v4() || address.to_v6().is_v4_mapped()) {
        const auto v4 = address.is_v4()
                            ? address.to_v4()
                            : asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
        const auto bytes = v4.to_bytes();
        std::copy(bytes.begin(), bytes.end(), key.begin() + 4);
        return key;
    }
    const auto bytes = address.to_v6().to_bytes();
    std::copy_n(bytes.begin(), key.size(), key.begin());
    return key;
}

bool is_exhaustion(int error) {
    return error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOBUFS;
}

}  // namespace

AcceptedSocket::~AcceptedSocket() {
    if (descriptor_ >= 0) {
        ::close(descriptor_);
    }
}

void AcceptedSocket::reset_on_close() const {
    const linger now{1, 0};
    ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

AcceptLoop::AcceptLoop(asio::io_context& io, Settings settings, Hooks hooks)
    : acceptor_(io),
      pause_timer_(io),
      settings_(settings),
      hooks_(std::move(hooks)),
      rates_(settings.per_address_per_s, settings.per_address_per_s * kBurstSeconds),
      reserve_(open_reserve()) {}

AcceptLoop::~AcceptLoop() {
    if (reserve_ >= 0) {
        ::close(reserve_);
    }
}

void AcceptLoop::start(asio::ip::tcp::acceptor acceptor) {
    acceptor_ = std::move(acceptor);
    std::error_code ignored;
    port_ = acceptor_.local_endpoint(ignored).port();
    arm();
}

void AcceptLoop::resume() {
    if (!out_of_resources_) {
        arm();
    }
}

void AcceptLoop::stop() {
    std::error_code ignored;
    acceptor_.close(ignored);
    pause_timer_.cancel();
}

void AcceptLoop::arm() {
    if (waiting_ || !acceptor_.is_open()) {
        return;
    }
    if (!hooks_.has_room() && !(somebody_waits() && hooks_.make_room())) {
        pause();
        return;
    }
    waiting_ = true;
    acceptor_.async_wait(asio::socket_base::wait_read,
                         [this, alive = std::weak_ptr<bool>{alive_}](const std::error_code& ec) {
                             if (alive.expired()) {
                                 return;
                             }
                             waiting_ = false;
                             if (ec && acceptor_.is_open()) {
                                 back_off(ec);
                             } else if (!ec) {
                                 accept_batch();
                             }
                         });
}

bool AcceptLoop::somebody_waits() {
    pollfd listener{acceptor_.native_handle(), POLLIN, 0};
    return ::poll(&listener, 1, 0) == 1;
}

void AcceptLoop::accept_batch() {
    for (int i = 0; i < kBatch && acceptor_.is_open() && hooks_.has_room(); ++i) {
        if (!accept_one()) {
            break;
        }
    }
    resume();
}

bool AcceptLoop::accept_one() {
    asio::ip::tcp::endpoint peer;
    auto length = static_cast<socklen_t>(peer.capacity());
    const int descriptor =
        ::accept4(acceptor_.native_handle(), peer.data(), &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor >= 0) {
        peer.resize(length);
        AcceptedSocket socket{descriptor, peer};
        if (!rates_.admit(key_of(peer.address()), core::read_clock().mono)) {
            socket.reset_on_close();
            hooks_.failed("address over its rate");
            return true;
        }
        hooks_.accepted(socket);
        return true;
    }
    const int error = errno;
    if (is_exhaustion(error)) {
        back_off({error, std::system_category()});
        return false;
    }
    // Nobody there, or an error of the connection that was just lost (accept(2)): the next one
    // may be fine.
    return error != EAGAIN && error != EWOULDBLOCK;
}

void AcceptLoop::back_off(std::error_code ec) {
    hooks_.failed("accept: " + ec.message());
    if (reserve_ >= 0 && (ec.value() == EMFILE || ec.value() == ENFILE)) {
        ::close(reserve_);
        const int caller = ::accept4(acceptor_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC);
        if (caller >= 0) {
            AcceptedSocket{caller, {}}.reset_on_close();
        }
    }
    if (ec.value() == EMFILE || ec.value() == ENFILE || reserve_ < 0) {
        reserve_ = open_reserve();
    }
    out_of_resources_ = true;
    pause();
}

void AcceptLoop::pause() {
    if (paused_) {
        return;
    }
    paused_ = true;
    pause_timer_.expires_after(settings_.backoff);
    pause_timer_.async_wait(
        [this, alive = std::weak_ptr<bool>{alive_}](const std::error_code& /*ec*/) {
            if (!alive.expired()) {
                paused_ = false;
                out_of_resources_ = false;
                arm();
            }
        });
}

}  // namespace dm::net
