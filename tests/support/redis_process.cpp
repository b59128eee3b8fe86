#include "tests/support/redis_process.hpp"

#include "device-mgmt/redis/connection.hpp"
#include "tests/broker/mosquitto_process.hpp"

#include <array>
#include <chrono>
#include <csignal>
#include <stdexcept>
#include <utility>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace dm::test {

namespace {

constexpr std::chrono::seconds kTimeout{10};
constexpr const char* kProgram = "/usr/bin/redis-server";

}  // namespace

RedisProcess::RedisProcess(std::vector<std::string> extra)
    : extra_(std::move(extra)), port_(free_port()) {
    start();
}

RedisProcess::~RedisProcess() {
    kill();
}

void RedisProcess::start() {
    std::array<int, 2> pipe_ends{};
    if (::pipe2(pipe_ends.data(), O_CLOEXEC) != 0) {
        throw std::runtime_error("no pipe");
    }
    std::vector<std::string> arguments{kProgram,
                                       "--port",
                                       std::to_string(port_),
                                       "--bind",
                                       "127.0.0.1",
                                       "--dir",
                                       folder_.path().string(),
                                       "--save",
                                       "",
                                       "--appendonly",
                                       "yes",
                                       "--appendfsync",
                                       "always"};
    arguments.insert(arguments.end(), extra_.begin(), extra_.end());
    std::vector<char*> pointers;
    for (std::string& argument : arguments) {
        pointers.push_back(argument.data());
    }
    pointers.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // a test that aborts leaves nothing behind
        ::dup2(pipe_ends[1], STDOUT_FILENO);
        ::execv(kProgram, pointers.data());
        ::_exit(127);
    }
    ::close(pipe_ends[1]);
    output_ = pipe_ends[0];
    std::string seen;
    if (!says(output_, "Ready to accept", seen)) {
        kill();
        throw std::runtime_error("redis-server does not start: " + seen);
    }
}

void RedisProcess::kill() {
    if (pid_ > 0) {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
        ::close(output_);
        pid_ = -1;
    }
}

void RedisProcess::pause() const {
    ::kill(pid_, SIGSTOP);
}

void RedisProcess::resume() const {
    ::kill(pid_, SIGCONT);
}

redis::Reply RedisProcess::ask(const std::vector<std::string_view>& command) const {
    auto connection = redis::Connection::open(*redis::parse_url(url()), kTimeout);
    if (!connection) {
        throw std::runtime_error(connection.error());
    }
    connection->append(command);
    auto reply = connection->read();
    if (!reply) {
        throw std::runtime_error(reply.error());
    }
    return *std::move(reply);
}

void RedisProcess::drop_clients() const {
    tell({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
}

std::string RedisProcess::url() const {
    return "redis://127.0.0.1:" + std::to_string(port_);
}

}  // namespace dm::test
