#pragma once

#include "device-mgmt/net/lean_stream.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include <asio/io_context.hpp>
#include <openssl/ssl.h>

namespace dm::net::test {

/// A LeanStream as the server on one end of a socket pair; on the other an OpenSSL client whose
/// bytes the test passes on, or not, in portions of its choice. Runs without a network.
class Wire {
public:
    static constexpr std::size_t kAll = ~std::size_t{0};

    explicit Wire(bool tls12 = false);
    ~Wire();
    Wire(const Wire&) = delete;
    Wire& operator=(const Wire&) = delete;

    /// Null after drop_stream().
    [[nodiscard]] const std::shared_ptr<LeanStream>& stream() const { return stream_; }

    /// Of the test: what operations hold stays.
    void drop_stream() { stream_.reset(); }

    /// Runs what is ready.
    void run();

    /// Moves at most `most` bytes of what the client wants to send to the server's socket; the
    /// number that went.
    std::size_t deliver(std::size_t most);
    /// The next byte to be delivered arrives damaged, if there is one.
    void corrupt();
    /// Sends bytes that no TLS produced, behind what was delivered.
    void inject(std::string_view bytes);
    /// Moves at most `most` bytes from the server's socket to the client; the number that came.
    std::size_t collect(std::size_t most);
    /// Delivers, runs and collects until nothing moves.
    void settle();

    /// Goes on with the client's handshake; whether it is through.
    bool client_handshake();
    /// Both ends, in portions of `portion` bytes. Starts the server's side.
    [[nodiscard]] bool shake_hands(std::size_t portion = kAll);
    void client_write(std::string_view text);
    /// What the client can read now.
    [[nodiscard]] std::string client_read();
    /// close_notify, still to be delivered.
    void client_goodbye();
    /// Asks for a renegotiation (TLS 1.2).
    void client_renegotiate();
    /// Closes the client's end of the socket.
    void hang_up();

    [[nodiscard]] bool hung_up() const { return peer_ < 0; }

    [[nodiscard]] SSL* client() const { return client_.get(); }

private:
    struct Free {
        void operator()(SSL* ssl) const { SSL_free(ssl); }

        void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    };

    void take_output();

    std::unique_ptr<asio::io_context> io_;
    std::unique_ptr<SSL_CTX, Free> client_context_;
    std::unique_ptr<SSL, Free> client_;
    std::shared_ptr<LeanStream> stream_;
    std::string undelivered_;
    int peer_ = -1;
};

}  // namespace dm::net::test
