#pragma once

#include "tests/bench/load/dialect.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include <netinet/in.h>
#include <openssl/ssl.h>

namespace dm::bench {

struct FreeSsl {
    void operator()(SSL* ssl) const { SSL_free(ssl); }

    void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
};

using Instant = std::chrono::steady_clock::time_point;

/// One client connection on a non-blocking socket: TCP, TLS, upgrade, greeting, then keep-alives.
/// Knows nothing of the loop that tells it when its socket is ready.
class Connection {
public:
    enum class Stage { idle, connecting, tls, upgrading, greeting, open, failed };

    Connection() = default;
    Connection(Connection&&) noexcept = default;
    Connection& operator=(Connection&&) noexcept = default;
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection();

    /// Opens the socket and starts to connect. `phrases` and `dialect` must stay valid.
    /// `resume`: offer the TLS session that close() kept.
    void start(SSL_CTX* tls,
               const sockaddr_in& server,
               const sockaddr_in& source,
               Dialect dialect,
               const Phrases& phrases,
               bool resume,
               Instant now);

    /// The socket is ready: goes as far as it can.
    void advance();

    void keep_alive();

    /// Says goodbye (if open) and lets go of the socket; keeps the TLS session.
    void close();

    [[nodiscard]] Stage stage() const { return stage_; }

    [[nodiscard]] int descriptor() const { return descriptor_; }

    /// What the loop should wait for beside input.
    [[nodiscard]] bool wants_to_write() const { return wants_write_; }

    [[nodiscard]] bool was_resumed() const { return ssl_ && SSL_session_reused(ssl_.get()) == 1; }

    [[nodiscard]] Instant started() const { return started_; }

    /// Since start().
    [[nodiscard]] std::size_t messages() const { return messages_; }

    [[nodiscard]] const std::string& failure() const { return failure_; }

private:
    void fail(std::string why);
    [[nodiscard]] bool connected();
    [[nodiscard]] bool shake_hands();
    /// False: nothing more to do now.
    [[nodiscard]] bool read();
    void read_answer();
    void read_frames();
    /// An MQTT device's reply to a command.
    void answer(std::string_view message);
    void say(std::string_view bytes);
    void flush();
    /// Notes what OpenSSL waits for; false: the connection is over.
    [[nodiscard]] bool note(int result);

    std::unique_ptr<SSL, FreeSsl> ssl_;
    std::unique_ptr<SSL_SESSION, FreeSsl> session_;
    const Phrases* phrases_ = nullptr;
    std::string input_;   ///< an incomplete answer or frame
    std::string output_;  ///< not yet taken by OpenSSL
    std::string failure_;
    Instant started_;
    std::size_t messages_ = 0;
    int descriptor_ = -1;
    Dialect dialect_ = Dialect::echo;
    Stage stage_ = Stage::idle;
    bool wants_write_ = false;
};

}  // namespace dm::bench
