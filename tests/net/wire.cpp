#include "tests/net/wire.hpp"

#include "device-mgmt/net/tls_context.hpp"
#include "tests/net/certificates.hpp"
#include "tests/support/temp_folder.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <sys/socket.h>
#include <unistd.h>

namespace dm::net::test {
namespace {

/// Small, so that writes block soon. The kernel doubles it and has a least of its own.
constexpr int kSocketBytes = 4096;

/// The server's settings as in production, made once.
const TlsContext& server_context() {
    static const std::shared_ptr<const TlsContext> context = [] {
        const dm::test::TempFolder folder;
        const Certificate own{"server"};
        auto loaded = TlsContext::load({folder.write("cert.pem", own.pem()),
                                        folder.write("key.pem", own.key_pem()),
                                        "",
                                        false});
        if (!loaded) {
            throw std::runtime_error(loaded.error());
        }
        return *loaded;
    }();
    return *context;
}

}  // namespace

Wire::Wire(bool tls12)
    : io_(std::make_unique<asio::io_context>(1)),
      client_context_(SSL_CTX_new(TLS_client_method())),
      stream_(std::make_shared<LeanStream>(*io_)) {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) != 0) {
        throw std::runtime_error("socketpair failed");
    }
    for (const int end : ends) {
        ::setsockopt(end, SOL_SOCKET, SO_SNDBUF, &kSocketBytes, sizeof kSocketBytes);
    }
    peer_ = ends[1];
    stream_->socket().assign(asio::ip::tcp::v4(), ends[0]);
    if (stream_->use_tls(server_context().native(), TlsRole::server)) {
        throw std::runtime_error("use_tls failed");
    }
    if (tls12) {
        SSL_CTX_set_max_proto_version(client_context_.get(), TLS1_2_VERSION);
    }
    client_.reset(SSL_new(client_context_.get()));
    SSL_set_bio(client_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(client_.get());
}

Wire::~Wire() {
    hang_up();
    stream_.reset();
    io_.reset();  // with the operations that are pending, and what they own
}

void Wire::run() {
    io_->restart();
    io_->poll();
}

void Wire::take_output() {
    std::array<char, 4096> buffer{};
    int size = 0;
    while ((size = BIO_read(SSL_get_wbio(client_.get()), buffer.data(), buffer.size())) > 0) {
        undelivered_.append(buffer.data(), static_cast<std::size_t>(size));
    }
    ERR_clear_error();
}

std::size_t Wire::deliver(std::size_t most) {
    take_output();
    const auto sent = peer_ < 0 ? 0
                                : ::send(peer_,
                                         undelivered_.data(),
                                         std::min(most, undelivered_.size()),
                                         MSG_NOSIGNAL | MSG_DONTWAIT);
    const auto bytes = static_cast<std::size_t>(std::max<ssize_t>(sent, 0));
    undelivered_.erase(0, bytes);
    return bytes;
}

void Wire::corrupt() {
    take_output();
    if (!undelivered_.empty()) {
        undelivered_.front() = static_cast<char>(undelivered_.front() ^ 0x40);
    }
}

void Wire::inject(std::string_view bytes) {
    take_output();
    undelivered_.insert(0, bytes);
}

std::size_t Wire::collect(std::size_t most) {
    std::array<char, 4096> buffer{};
    const auto taken =
        peer_ < 0 ? 0 : ::recv(peer_, buffer.data(), std::min(most, buffer.size()), MSG_DONTWAIT);
    const auto bytes = static_cast<std::size_t>(std::max<ssize_t>(taken, 0));
    BIO_write(SSL_get_rbio(client_.get()), buffer.data(), static_cast<int>(bytes));
    return bytes;
}

void Wire::settle() {
    std::size_t moved = 1;
    while (moved > 0) {
        moved = deliver(kAll);
        run();
        moved += collect(kAll);
    }
}

bool Wire::client_handshake() {
    ERR_clear_error();
    const bool done = SSL_do_handshake(client_.get()) == 1;
    ERR_clear_error();
    return done;
}

bool Wire::shake_hands(std::size_t portion) {
    bool server_done = false;
    bool client_done = false;
    stream_->async_handshake([&](const std::error_code& ec) { server_done = !ec; });
    for (std::size_t moved = 1; moved > 0 && !(server_done && client_done);) {
        client_done = client_handshake();
        moved = deliver(portion);
        run();
        moved += collect(portion);
    }
    return server_done && client_done;
}

void Wire::client_write(std::string_view text) {
    std::size_t written = 0;
    if (!text.empty()) {
        SSL_write_ex(client_.get(), text.data(), text.size(), &written);
        ERR_clear_error();
    }
}

std::string Wire::client_read() {
    std::string text;
    std::array<char, 4096> buffer{};
    std::size_t taken = 0;
    while (SSL_read_ex(client_.get(), buffer.data(), buffer.size(), &taken) == 1) {
        text.append(buffer.data(), taken);
    }
    ERR_clear_error();
    return text;
}

void Wire::client_goodbye() {
    SSL_shutdown(client_.get());
    ERR_clear_error();
}

void Wire::client_renegotiate() {
    SSL_renegotiate(client_.get());
    static_cast<void>(client_handshake());
}

void Wire::hang_up() {
    if (peer_ >= 0) {
        ::close(peer_);
        peer_ = -1;
    }
}

}  // namespace dm::net::test
