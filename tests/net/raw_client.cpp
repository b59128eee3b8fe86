#include "tests/net/raw_client.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <asio/buffer.hpp>
#include <asio/write.hpp>
#include <doctest/doctest.h>

namespace dm::net::test {

RawClient::RawClient(std::uint16_t port) : socket_(io_) {
    socket_.connect({asio::ip::address_v4::loopback(), port});
    socket_.non_blocking(true);
}

void RawClient::send(std::string_view bytes) {
    socket_.non_blocking(false);
    asio::write(socket_, asio::buffer(bytes));
    socket_.non_blocking(true);
}

void RawClient::poll() {
    std::array<char, 65536> buffer{};
    std::error_code ec;
    while (!ec && !ended_) {
        const auto taken = socket_.read_some(asio::buffer(buffer), ec);
        received_.append(buffer.data(), taken);
    }
    ended_ = ended_ || ec != asio::error::would_block;
}

void RawClient::reset() {
    socket_.set_option(asio::socket_base::linger{true, 0});
    socket_.close();
}

std::string handshake(const std::string& path, const std::string& more) {
    return "GET " + path +
           " HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
           more + "\r\n";
}

std::string masked(unsigned first, const std::string& payload) {
    // A mask of zeros leaves the payload as it is. Up to 125 bytes.
    return std::string{static_cast<char>(first), static_cast<char>(0x80U | payload.size())} +
           std::string(4, '\0') + payload;
}

std::string close_frame(std::uint16_t code) {
    return masked(0x88, {static_cast<char>(code >> 8U), static_cast<char>(code & 0xFFU)});
}

void Listener::on_frame(core::FrameKind /*kind*/, std::string_view payload) {
    frames.emplace_back(payload);
    if (on_next_frame) {
        std::exchange(on_next_frame, nullptr)(payload);
    }
}

World::World(const EndpointLimits& limits,
             std::shared_ptr<const TlsContext> tls,
             Capacity* capacity) {
    EndpointSettings settings;
    settings.address = "127.0.0.1";
    settings.limits = limits;
    settings.capacity = capacity;
    EndpointObserver observer;
    observer.handshake_done = [this](auto) { ++handshakes_done; };
    observer.refused = [this](int status) { refusals.push_back(status); };
    observer.failed = [this](const std::string& what) { failures.push_back(what); };
    endpoint.emplace(io, settings, std::move(tls), *this, observer);
    REQUIRE(endpoint->listen());
}

tl::expected<Admission, Refusal> World::on_upgrade(const UpgradeRequest& request) {
    paths.emplace_back(request.path);
    if (on_request) {
        on_request(request);
    }
    if (refuse) {
        return tl::unexpected(*refuse);
    }
    return Admission{request.protocols.empty() ? "" : std::string{request.protocols.front()},
                     std::any{std::string{request.path}}};
}

core::LinkListener* World::on_open(core::DeviceLink& link, std::any identity) {
    auto listener = std::make_unique<Listener>();
    Listener* const heard = listener.get();
    sessions.push_back({&link, std::move(listener), std::move(identity)});
    if (on_opened) {
        on_opened(link);
    }
    return heard;
}

void World::until(const std::function<bool()>& done) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{10};
    while (!done()) {
        if (std::chrono::steady_clock::now() > deadline) {
            throw std::runtime_error("waited in vain");
        }
        io.restart();
        io.run_one_for(std::chrono::milliseconds{10});
    }
}

std::unique_ptr<RawClient> World::open() {
    auto client = std::make_unique<RawClient>(endpoint->port());
    client->send(handshake());
    const auto before = sessions.size();
    until([&] {
        client->poll();
        return sessions.size() > before && client->received().find("\r\n\r\n") != std::string::npos;
    });
    client->forget();
    return client;
}

bool World::failed_with(std::string_view text) const {
    return std::any_of(failures.begin(), failures.end(), [&](const std::string& failure) {
        return failure.find(text) != std::string::npos;
    });
}

}  // namespace dm::net::test
