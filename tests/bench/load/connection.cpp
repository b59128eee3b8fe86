#include "tests/bench/load/connection.hpp"

#include "tests/bench/load/direct_device.hpp"

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include <netinet/tcp.h>
#include <openssl/err.h>
#include <sys/socket.h>
#include <unistd.h>

namespace dm::bench {
namespace {

constexpr std::size_t kReadBytes = 4096;

const sockaddr* any(const sockaddr_in& address) {
    return reinterpret_cast<const sockaddr*>(&address);
}

}  // namespace

Connection::~Connection() {
    if (descriptor_ >= 0) {
        ::close(descriptor_);
    }
}

void Connection::fail(std::string why) {
    failure_ = std::move(why);
    close();
    stage_ = Stage::failed;
}

void Connection::start(SSL_CTX* tls,
                       const sockaddr_in& server,
                       const sockaddr_in& source,
                       Dialect dialect,
                       const Phrases& phrases,
                       bool resume,
                       Instant now) {
    close();
    phrases_ = &phrases;
    dialect_ = dialect;
    started_ = now;
    messages_ = 0;
    input_.clear();
    output_.clear();
    stage_ = Stage::connecting;
    wants_write_ = true;
    descriptor_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int on = 1;
    // The port is chosen at connect(): it must be free for this server only.
    if (descriptor_ < 0 ||
        ::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||
        ::setsockopt(descriptor_, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on) != 0 ||
        ::bind(descriptor_, any(source), sizeof source) != 0 ||
        (::connect(descriptor_, any(server), sizeof server) != 0 && errno != EINPROGRESS)) {
        fail("socket: " + std::generic_category().message(errno));
        return;
    }
    ssl_.reset(SSL_new(tls));
    SSL_set_fd(ssl_.get(), descriptor_);
    SSL_set_connect_state(ssl_.get());
    SSL_set_mode(ssl_.get(),
                 SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                     SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    if (resume && session_) {
        SSL_set_session(ssl_.get(), session_.get());
    }
}

bool Connection::note(int result) {
    const int saved_errno = errno;
    switch (SSL_get_error(ssl_.get(), result)) {
        case SSL_ERROR_WANT_READ:
            return true;
        case SSL_ERROR_WANT_WRITE:
            wants_write_ = true;
            return true;
        case SSL_ERROR_ZERO_RETURN:
            fail("closed by the server");
            return false;
        case SSL_ERROR_SYSCALL:
            fail(saved_errno == 0 ? "closed by the server"
                                  : std::generic_category().message(saved_errno));
            return false;
        default:
            fail("TLS: " + std::string{ERR_reason_error_string(ERR_peek_error())});
            return false;
    }
}

bool Connection::connected() {
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(descriptor_, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) {
        fail("connect: " + std::generic_category().message(error));
        return false;
    }
    stage_ = Stage::tls;
    return true;
}

bool Connection::shake_hands() {
    ERR_clear_error();
    errno = 0;
    const int result = SSL_do_handshake(ssl_.get());
    if (result != 1) {
        static_cast<void>(note(result));
        return false;
    }
    stage_ = Stage::upgrading;
    say(phrases_->upgrade);
    return stage_ == Stage::upgrading;
}

void Connection::advance() {
    wants_write_ = false;
    if (stage_ == Stage::connecting && !connected()) {
        return;
    }
    if (stage_ == Stage::tls && !shake_hands()) {
        return;
    }
    flush();
    while (stage_ != Stage::failed && stage_ != Stage::idle && read()) {
    }
}

bool Connection::read() {
    std::array<char, kReadBytes> buffer{};
    std::size_t taken = 0;
    ERR_clear_error();
    errno = 0;
    const int result = SSL_read_ex(ssl_.get(), buffer.data(), buffer.size(), &taken);
    if (result != 1) {
        static_cast<void>(note(result));
        return false;
    }
    input_.append(buffer.data(), taken);
    if (stage_ == Stage::upgrading) {
        read_answer();
    }
    if (stage_ == Stage::greeting || stage_ == Stage::open) {
        read_frames();
    }
    return true;
}

void Connection::read_answer() {
    const auto end = input_.find("\r\n\r\n");
    if (end == std::string::npos) {
        return;
    }
    if (input_.compare(0, 12, "HTTP/1.1 101") != 0) {
        fail("answer: " + input_.substr(0, input_.find("\r\n")));
        return;
    }
    input_.erase(0, end + 4);
    stage_ = dialect_ == Dialect::echo ? Stage::open : Stage::greeting;
    if (!phrases_->greeting.empty()) {
        say(phrases_->greeting);
    }
}

void Connection::read_frames() {
    std::string_view rest = input_;
    while (const auto frame = server_frame(rest)) {
        ++messages_;
        if (frame->opcode == kCloseFrame) {
            fail("close frame " + std::string{frame->payload.substr(
                                      std::min<std::size_t>(2, frame->payload.size()))});
            return;
        }
        if (frame->opcode == kPingFrame) {
            say(client_frame(kPongFrame, frame->payload));
        } else if (stage_ == Stage::greeting && opens_session(dialect_, frame->payload)) {
            stage_ = Stage::open;
        } else if (dialect_ == Dialect::nats && frame->payload.substr(0, 4) == "PING") {
            say(client_frame(kBinaryFrame, "PONG\r\n"));
        } else if (phrases_->answers) {
            answer(frame->payload);
        }
        if (stage_ == Stage::failed) {
            return;
        }
        rest.remove_prefix(frame->size);
    }
    if (rest.empty()) {
        input_ = std::string{};  // an idle connection keeps no buffer
    } else {
        input_.erase(0, input_.size() - rest.size());
    }
}

void Connection::answer(std::string_view message) {
    if (dialect_ == Dialect::device) {
        if (const auto reply = device_answer(message)) {
            say(client_frame(kTextFrame, *reply));
        }
    } else if (const auto parts = mqtt_answer(message, phrases_->replies)) {
        say(client_frame(kBinaryFrame, parts->acknowledgement) +
            client_frame(kBinaryFrame, parts->reply));
    }
}

void Connection::say(std::string_view bytes) {
    output_ += bytes;
    flush();
}

void Connection::flush() {
    while (!output_.empty()) {
        ERR_clear_error();
        errno = 0;
        std::size_t taken = 0;
        const int result = SSL_write_ex(ssl_.get(), output_.data(), output_.size(), &taken);
        if (result != 1) {
            static_cast<void>(note(result));
            return;
        }
        output_.erase(0, taken);
    }
    if (output_.capacity() > sizeof(std::string)) {
        output_ = std::string{};
    }
}

void Connection::keep_alive() {
    if (stage_ == Stage::open) {
        say(phrases_->keep_alive);
    }
}

void Connection::close() {
    if (stage_ == Stage::open) {
        output_.clear();
        const std::string goodbye = client_frame(kCloseFrame, {"\x03\xE8", 2});  // 1000
        std::size_t taken = 0;
        SSL_write_ex(ssl_.get(), goodbye.data(), goodbye.size(), &taken);
    }
    if (ssl_) {
        if (stage_ == Stage::open) {
            SSL_shutdown(ssl_.get());
        }
        // Of one who was turned away as well: its tickets came before that.
        if (SSL_is_init_finished(ssl_.get()) == 1) {
            // OpenSSL makes a session that did not shut down properly unusable.
            SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
            session_.reset(SSL_get1_session(ssl_.get()));
        }
        ERR_clear_error();
        ssl_.reset();
    }
    if (descriptor_ >= 0) {
        ::close(std::exchange(descriptor_, -1));
    }
    stage_ = Stage::idle;
}

}  // namespace dm::bench
