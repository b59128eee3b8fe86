#include "firmware-sim/check/wire.hpp"

#include "firmware-sim/client_tls.hpp"
#include "firmware-sim/resolver.hpp"

#include <algorithm>
#include <cerrno>

#include <asio/buffer.hpp>
#include <asio/error.hpp>
#include <asio/ip/tcp.hpp>
#include <poll.h>

namespace dm::sim {
namespace {

using net::LeanStream;

}  // namespace

tl::expected<std::unique_ptr<Wire>, std::string> Wire::open(const Target& target,
                                                            const ClientTls* tls,
                                                            const std::string& device,
                                                            std::chrono::milliseconds patience) {
    const auto deadline = read_clock().mono + patience;
    std::unique_ptr<Wire> wire{new Wire};
    auto problem = wire->connect(target, deadline);
    if (problem.empty() && target.tls) {
        problem = wire->start_tls(target, *tls, device, deadline);
    }
    if (!problem.empty()) {
        return tl::unexpected(std::move(problem));
    }
    return wire;
}

std::string Wire::connect(const Target& target, Instant deadline) {
    const auto endpoint = Resolver{io_}.resolve(target, read_clock().mono);
    if (!endpoint) {
        return endpoint.error();
    }
    auto& socket = stream_.socket();
    std::error_code ec;
    socket.open(endpoint->protocol(), ec);
    if (!ec) {
        socket.non_blocking(true, ec);
    }
    if (!ec) {
        socket.connect(*endpoint, ec);
    }
    if (ec == asio::error::in_progress || ec == asio::error::would_block) {
        if (!wait(LeanStream::Want::write, deadline)) {
            return "no TCP connection in time";
        }
        int error = 0;
        socklen_t size = sizeof error;
        ::getsockopt(socket.native_handle(), SOL_SOCKET, SO_ERROR, &error, &size);
        ec = {error, std::system_category()};
    }
    if (!ec) {
        socket.set_option(asio::ip::tcp::no_delay{true}, ec);
    }
    return ec ? "connect: " + ec.message() : "";
}

std::string Wire::start_tls(const Target& target,
                            const ClientTls& tls,
                            const std::string& device,
                            Instant deadline) {
    auto ec = stream_.use_tls(tls.native(), net::TlsRole::client);
    if (!ec) {
        ec = stream_.expect_host(target.host);
    }
    if (ec) {
        return "TLS: " + ec.message();
    }
    if (auto problem = tls.present_certificate(stream_.ssl(), device); !problem.empty()) {
        return problem;
    }
    const auto step = perform([this] { return stream_.try_handshake(); }, deadline);
    if (!step) {
        return "no TLS handshake in time";
    }
    return step->ec ? "TLS: " + step->ec.message() : "";
}

bool Wire::write(std::string_view bytes, Instant deadline) {
    while (!bytes.empty() && !ended_) {
        LeanStream::Pieces pieces;
        pieces.at[0] = asio::buffer(bytes.data(), bytes.size());
        pieces.count = 1;
        const auto step = perform([&] { return stream_.try_write(pieces); }, deadline);
        if (!step) {
            return false;
        }
        ended_ = static_cast<bool>(step->ec);
        bytes.remove_prefix(step->bytes);
    }
    return !ended_;
}

std::string Wire::read(Instant deadline) {
    if (ended_) {
        return {};
    }
    const auto step = perform([this] { return stream_.try_read(asio::buffer(buffer_)); }, deadline);
    if (!step) {
        return {};
    }
    ended_ = step->ec || step->bytes == 0;
    return {buffer_.data(), ended_ ? 0 : step->bytes};
}

template <class Attempt>
std::optional<Wire::Step> Wire::perform(Attempt attempt, Instant deadline) {
    for (;;) {
        const Step step = attempt();
        if (step.want == LeanStream::Want::nothing) {
            return step;
        }
        if (!wait(step.want, deadline)) {
            return std::nullopt;
        }
    }
}

bool Wire::wait(LeanStream::Want want, Instant deadline) {
    for (;;) {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - read_clock().mono);
        if (left.count() <= 0) {
            return false;
        }
        const auto events = static_cast<short>(want == LeanStream::Want::read ? POLLIN : POLLOUT);
        pollfd ready{stream_.socket().native_handle(), events, 0};
        const int count = ::poll(&ready, 1, static_cast<int>(std::min<long>(left.count(), 60000)));
        if (count > 0) {
            return true;
        }
        if (count < 0 && errno != EINTR) {
            return false;
        }
    }
}

}  // namespace dm::sim
