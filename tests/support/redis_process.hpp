#pragma once

#include "device-mgmt/redis/reply.hpp"
#include "tests/support/temp_folder.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace dm::test {

/// A real Redis on a port of 127.0.0.1 that syncs before it answers, with its files in a folder of
/// its own.
class RedisProcess {
public:
    /// `extra`: further arguments, which win. Starts it.
    explicit RedisProcess(std::vector<std::string> extra = {});
    ~RedisProcess();
    RedisProcess(const RedisProcess&) = delete;
    RedisProcess& operator=(const RedisProcess&) = delete;

    /// Returns once it is ready; throws std::runtime_error with its output when it is not.
    void start();

    /// SIGKILL, and waits for the end.
    void kill();

    /// SIGSTOP: it takes connections and says nothing.
    void pause() const;
    void resume() const;

    /// Asks it something on a connection of its own; throws std::runtime_error without an answer.
    [[nodiscard]] redis::Reply ask(const std::vector<std::string_view>& command) const;

    /// The same, when the answer does not matter.
    void tell(const std::vector<std::string_view>& command) const {
        static_cast<void>(ask(command));
    }

    /// Ends the connections of all clients.
    void drop_clients() const;

    [[nodiscard]] std::string url() const;

    [[nodiscard]] std::uint16_t port() const { return port_; }

private:
    TempFolder folder_;
    std::vector<std::string> extra_;
    std::uint16_t port_;
    pid_t pid_ = -1;
    int output_ = -1;
};

}  // namespace dm::test
