#include "tests/broker/mosquitto_process.hpp"

#include <array>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <utility>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace dm::test {

namespace {

constexpr int kWatchdogMs = 20'000;
constexpr const char* kProgram = "/usr/sbin/mosquitto";

std::filesystem::path make_folder() {
    std::string name = (std::filesystem::temp_directory_path() / "dm-broker-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) {
        throw std::runtime_error("no temporary folder");
    }
    return name;
}

}  // namespace

bool says(int output, std::string_view word, std::string& seen) {
    pollfd waiting{output, POLLIN, 0};
    while (::poll(&waiting, 1, kWatchdogMs) == 1) {
        std::array<char, 4096> chunk{};
        const auto bytes = ::read(output, chunk.data(), chunk.size());
        if (bytes <= 0) {
            return false;
        }
        seen.append(chunk.data(), static_cast<std::size_t>(bytes));
        if (seen.find(word) != std::string::npos) {
            return true;
        }
    }
    return false;
}

std::uint16_t free_port() {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    void* generic = &address;
    const bool bound = ::bind(fd, static_cast<sockaddr*>(generic), size) == 0 &&
                       ::getsockname(fd, static_cast<sockaddr*>(generic), &size) == 0;
    ::close(fd);
    if (!bound) {
        throw std::runtime_error("no free port");
    }
    return ntohs(address.sin_port);
}

MosquittoProcess::MosquittoProcess(const std::string& extra)
    : folder_(make_folder()), port_(free_port()) {
    std::ofstream config(folder_ / "mosquitto.conf");
    // Quiet, since nobody reads its output later. No limit would be max_queued_messages 0, but with
    // that Mosquitto 2.0.11 drops whoever publishes what it denies.
    config << "listener " << port_
           << " 127.0.0.1\nallow_anonymous true\nmax_queued_messages 1000000\n"
           << "connection_messages false\nlog_dest stderr\nlog_type error\nlog_type information\n"
           << "persistence_location " << folder_.string() << "/\nset_tcp_nodelay true\n"
           << extra << "\n";
    if (::getuid() == 0) {
        config << "user root\n";
    }
}

MosquittoProcess::~MosquittoProcess() {
    kill();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

std::uint16_t MosquittoProcess::add_tls_listener(const std::string& certificate,
                                                 const std::string& key) {
    const std::uint16_t port = free_port();
    std::ofstream config(folder_ / "mosquitto.conf", std::ios::app);
    config << "listener " << port << " 127.0.0.1\ncertfile " << certificate << "\nkeyfile " << key
           << "\n";
    return port;
}

void MosquittoProcess::start() {
    std::array<int, 2> pipe_ends{};
    if (::pipe2(pipe_ends.data(), O_CLOEXEC) != 0) {
        throw std::runtime_error("no pipe");
    }
    const std::string config = (folder_ / "mosquitto.conf").string();
    pid_ = ::fork();
    if (pid_ == 0) {
        ::dup2(pipe_ends[1], STDERR_FILENO);
        ::execl(kProgram, kProgram, "-c", config.c_str(), nullptr);
        ::_exit(127);
    }
    ::close(pipe_ends[1]);
    output_ = pipe_ends[0];
    std::string seen;
    if (!says(output_, " running", seen)) {
        end(SIGKILL);
        throw std::runtime_error("mosquitto does not start: " + seen);
    }
}

void MosquittoProcess::kill() {
    end(SIGKILL);
}

void MosquittoProcess::stop() {
    end(SIGTERM);
}

void MosquittoProcess::pause() const {
    ::kill(pid_, SIGSTOP);
}

void MosquittoProcess::resume() const {
    ::kill(pid_, SIGCONT);
}

void MosquittoProcess::end(int signal) {
    if (pid_ > 0) {
        ::kill(pid_, signal);
        ::waitpid(pid_, nullptr, 0);
        ::close(output_);
        pid_ = -1;
    }
}

std::string MosquittoProcess::url() const {
    return "mqtt://127.0.0.1:" + std::to_string(port_);
}

}  // namespace dm::test
