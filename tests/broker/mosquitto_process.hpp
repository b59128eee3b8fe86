#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include <sys/types.h>

namespace dm::test {

/// A TCP port of 127.0.0.1 that was free a moment ago.
[[nodiscard]] std::uint16_t free_port();

/// Reads what a program writes to `output` into `seen`, until it says `word`; whether it did.
[[nodiscard]] bool says(int output, std::string_view word, std::string& seen);

/// A real Mosquitto on a port of 127.0.0.1, with its files in a folder of its own.
class MosquittoProcess {
public:
    /// `extra`: further lines of the configuration. Does not start it.
    explicit MosquittoProcess(const std::string& extra = {});
    ~MosquittoProcess();
    MosquittoProcess(const MosquittoProcess&) = delete;
    MosquittoProcess& operator=(const MosquittoProcess&) = delete;

    /// A second listener, with TLS; before start(). Returns its port.
    std::uint16_t add_tls_listener(const std::string& certificate, const std::string& key);

    /// Returns once it listens; throws std::runtime_error with its output when it does not.
    void start();

    /// SIGKILL, and waits for the end.
    void kill();

    /// SIGTERM, and waits: it saves its sessions.
    void stop();

    /// SIGSTOP: its kernel still takes what fits its buffers.
    void pause() const;
    void resume() const;

    [[nodiscard]] std::string url() const;

    [[nodiscard]] std::uint16_t port() const { return port_; }

    [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }

private:
    void end(int signal);

    std::filesystem::path folder_;
    std::uint16_t port_;
    pid_t pid_ = -1;
    int output_ = -1;
};

}  // namespace dm::test
