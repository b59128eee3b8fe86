#include "device-mgmt/broker/broker_socket.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <string>
#include <system_error>

#include <arpa/inet.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

namespace dm::broker {

namespace {

/// 0 unless `fd` is a connected TCP socket.
std::uint16_t peer_port_of(int fd) {
    sockaddr_storage peer{};
    socklen_t size = sizeof(peer);
    void* generic = &peer;
    if (::getpeername(fd, static_cast<sockaddr*>(generic), &size) != 0) {
        return 0;
    }
    if (peer.ss_family == AF_INET) {
        return ntohs(static_cast<sockaddr_in*>(generic)->sin_port);
    }
    return peer.ss_family == AF_INET6 ? ntohs(static_cast<sockaddr_in6*>(generic)->sin6_port)
                                      : std::uint16_t{0};
}

}  // namespace

BrokerSocket::BrokerSocket(std::uint16_t peer_port) {
    std::error_code error;
    std::filesystem::directory_iterator entry("/proc/self/fd", error);
    for (; !error && entry != std::filesystem::directory_iterator{}; entry.increment(error)) {
        const std::string name = entry->path().filename().string();
        int fd = -1;
        std::from_chars(name.data(), name.data() + name.size(), fd);
        if (peer_port != 0 && peer_port_of(fd) == peer_port) {
            const int on = 1;
            ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
            ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &kSendBufferBytes, sizeof(kSendBufferBytes));
            descriptors_.push_back(fd);
        }
    }
}

std::size_t BrokerSocket::unacknowledged_bytes() const {
    int most = 0;
    for (const int fd : descriptors_) {
        int bytes = 0;
        if (::ioctl(fd, SIOCOUTQ, &bytes) == 0) {
            most = std::max(most, bytes);
        }
    }
    return static_cast<std::size_t>(most);
}

}  // namespace dm::broker
