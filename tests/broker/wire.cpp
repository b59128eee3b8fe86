#include "tests/broker/wire.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace dm::test {

namespace {

constexpr int kWatchdogMs = 20'000;

bool readable(int fd) {
    pollfd waiting{fd, POLLIN, 0};
    return ::poll(&waiting, 1, kWatchdogMs) == 1;
}

/// Whether `bytes` hold a packet whose length fits one byte or two (MQTT 5.0 section 1.5.5).
bool is_whole(const std::string& bytes) {
    const auto at = [&bytes](std::size_t i) -> std::size_t {
        return static_cast<unsigned char>(bytes[i]);
    };
    if (bytes.size() < 2) {
        return false;
    }
    if (at(1) < 0x80) {
        return bytes.size() >= 2 + at(1);
    }
    return bytes.size() >= 3 && bytes.size() >= 3 + (at(1) & 0x7FU) + (at(2) << 7U);
}

int accept_one(int listener) {
    return readable(listener) ? ::accept(listener, nullptr, nullptr) : -1;
}

/// One packet, or less at the end of the connection.
std::string read_packet(int client) {
    std::string bytes;
    char byte = 0;
    while (!is_whole(bytes) && readable(client) && ::read(client, &byte, 1) == 1) {
        bytes.push_back(byte);
    }
    return bytes;
}

void write_all(int client, const std::string& bytes) {
    if (::send(client, bytes.data(), bytes.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(bytes.size())) {
        throw std::runtime_error("cannot write to the client");
    }
}

}  // namespace

WireTap::WireTap() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), port_(0) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    void* generic = &address;
    if (::bind(listener_, static_cast<sockaddr*>(generic), size) != 0 ||
        ::listen(listener_, 1) != 0 ||
        ::getsockname(listener_, static_cast<sockaddr*>(generic), &size) != 0) {
        throw std::runtime_error("no listening socket");
    }
    port_ = ntohs(address.sin_port);
}

WireTap::~WireTap() {
    ::close(listener_);
}

std::string WireTap::first_packet() const {
    const int client = accept_one(listener_);
    std::string packet = read_packet(client);
    ::close(client);
    return packet;
}

void WireTap::answer_subscription(char reason) const {
    const int client = accept_one(listener_);
    (void)read_packet(client);
    write_all(client, {'\x20', 3, 0, 0, 0});
    const std::string subscribe = read_packet(client);
    if (subscribe.size() > 4) {
        write_all(client, {'\x90', 4, subscribe[2], subscribe[3], 0, reason});
    }
    while (!read_packet(client).empty()) {
    }
    ::close(client);
}

void WireTap::reset_after(std::size_t bytes) const {
    const int client = accept_one(listener_);
    (void)read_packet(client);
    write_all(client, {'\x20', 3, 0, 0, 0});
    std::array<char, 4096> some{};
    while (bytes > 0 && readable(client)) {
        const auto got = ::read(client, some.data(), std::min(bytes, some.size()));
        if (got <= 0) {
            break;
        }
        bytes -= static_cast<std::size_t>(got);
    }
    const linger at_once{1, 0};
    ::setsockopt(client, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    ::close(client);
}

TcpClient::TcpClient(std::uint16_t port)
    : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const void* generic = &address;
    if (::connect(socket_, static_cast<const sockaddr*>(generic), sizeof(address)) != 0) {
        throw std::runtime_error("cannot connect");
    }
}

TcpClient::~TcpClient() {
    ::close(socket_);
}

void TcpClient::write(const std::string& bytes) const {
    std::size_t written = 0;
    while (written < bytes.size()) {
        const auto sent =
            ::send(socket_, bytes.data() + written, bytes.size() - written, MSG_NOSIGNAL);
        if (sent <= 0) {
            return;
        }
        written += static_cast<std::size_t>(sent);
    }
}

std::string TcpClient::read_until(const std::string& end) const {
    std::string bytes;
    char byte = 0;
    while ((end.empty() || bytes.size() < end.size() ||
            bytes.compare(bytes.size() - end.size(), end.size(), end) != 0) &&
           readable(socket_) && ::read(socket_, &byte, 1) == 1) {
        bytes.push_back(byte);
    }
    return bytes;
}

std::string TcpClient::read_until_closed() const {
    return read_until({});
}

}  // namespace dm::test
