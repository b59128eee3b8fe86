#include "device-mgmt/net/lean_stream.hpp"
#include "tests/fuzz/inputs.hpp"
#include "tests/net/wire.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include <asio/buffer.hpp>
#include <asio/write.hpp>

namespace dm::fuzz {
namespace {

void promise(bool kept, const char* what) {
    if (!kept) {
        std::fprintf(stderr, "broken promise: %s\n", what);
        std::abort();
    }
}

/// Plays one script on a stream and its peer and holds them to what LeanStream says of itself.
class Player {
public:
    explicit Player(bool tls12) : wire_(tls12) {}

    void play(unsigned what, unsigned how_much) {
        switch (what % 12) {
            case 0:
                handshake();
                break;
            case 1:
                client_ready_ = wire_.client_handshake() || client_ready_;
                break;
            case 2:
                wire_.deliver(std::size_t{how_much} * how_much);
                break;
            case 3:
                wire_.collect(std::size_t{how_much} * how_much);
                check_received();
                break;
            case 4:
                read(how_much);
                break;
            case 5:
                write(how_much);
                break;
            case 6:
                client_write(how_much);
                break;
            case 7:
                wire_.corrupt();
                break;
            case 8:
                end(how_much);
                break;
            case 9:
                client_end(how_much);
                break;
            case 10:
                wire_.settle();
                check_received();
                break;
            default:
                wire_.run();
        }
        check_taken();
    }

    /// Nothing may be owed once the stream is aborted and the loop has run.
    void finish() {
        if (wire_.stream()) {
            wire_.stream()->abort();
            wire_.run();
            promise(pending_ == 0, "every operation ends once the stream is aborted");
        }
    }

private:
    void handshake() {
        if (!wire_.stream() || shaking_ || shaken_) {
            return;
        }
        shaking_ = true;
        ++pending_;
        wire_.stream()->async_handshake([this, keep = wire_.stream()](const std::error_code& ec) {
            --pending_;
            ready_ = !ec;
            shaking_ = false;
            shaken_ = true;
        });
    }

    void read(unsigned size) {
        if (!wire_.stream() || !ready_ || reading_) {
            return;
        }
        reading_ = true;
        ++pending_;
        wire_.stream()->async_read_some(
            asio::buffer(buffer_.data(), size + 1),
            [this, size, keep = wire_.stream()](const std::error_code& ec, std::size_t bytes) {
                --pending_;
                reading_ = false;
                promise(bytes <= size + 1, "a read fills no more than its buffer");
                promise(ec || bytes > 0, "a read that succeeds has something");
                taken_.append(buffer_.data(), bytes);
            });
    }

    void write(unsigned size) {
        if (!wire_.stream() || !ready_ || writing_ || goodbye_) {
            return;
        }
        writing_ = true;
        ++pending_;
        // Two pieces, as a frame has: header and payload.
        pieces_[0].assign(1 + size % 14, static_cast<char>('A' + size % 26));
        pieces_[1].assign(static_cast<std::size_t>(size) * size, static_cast<char>(size));
        said_ += pieces_[0] + pieces_[1];
        const std::array<asio::const_buffer, 2> both{asio::buffer(pieces_[0]),
                                                     asio::buffer(pieces_[1])};
        asio::async_write(*wire_.stream(),
                          both,
                          [this, keep = wire_.stream()](const std::error_code&, std::size_t) {
                              --pending_;
                              writing_ = false;
                          });
    }

    void client_write(unsigned size) {
        if (client_ready_) {
            const std::string text(size, static_cast<char>('a' + size % 26));
            wire_.client_write(text);
            client_said_ += text;
        }
    }

    void end(unsigned how) {
        if (!wire_.stream()) {
            return;
        }
        if (how % 4 == 0) {
            wire_.stream()->abort();
        } else if (how % 4 == 1) {
            wire_.drop_stream();
        } else if (!goodbye_ && ready_) {
            goodbye_ = true;
            ++pending_;
            wire_.stream()->async_shutdown(
                [this, keep = wire_.stream()](const std::error_code&) { --pending_; });
        }
    }

    void client_end(unsigned how) {
        if (how % 3 == 0) {
            wire_.hang_up();
        } else if (how % 3 == 1) {
            wire_.client_goodbye();
        } else {
            wire_.inject(client_said_.substr(0, how));
        }
    }

    void check_received() {
        received_ += wire_.client_read();
        promise(said_.compare(0, received_.size(), received_) == 0,
                "the peer receives what was written, in order");
    }

    void check_taken() {
        promise(client_said_.compare(0, taken_.size(), taken_) == 0,
                "what is read is what the peer wrote, in order, damaged or not");
    }

    net::test::Wire wire_;
    std::array<char, 256> buffer_{};
    std::array<std::string, 2> pieces_;
    std::string said_;         ///< by the stream
    std::string received_;     ///< by the client
    std::string client_said_;  ///< by the client
    std::string taken_;        ///< by the stream
    int pending_ = 0;
    bool shaking_ = false;
    bool shaken_ = false;
    bool ready_ = false;
    bool client_ready_ = false;
    bool reading_ = false;
    bool writing_ = false;
    bool goodbye_ = false;
};

}  // namespace

void lean_stream(std::string_view script) {
    constexpr std::size_t kMostSteps = 400;
    if (script.empty()) {
        return;
    }
    Player player{(static_cast<unsigned char>(script[0]) & 1U) == 1U};
    for (std::size_t i = 1; i + 1 < script.size() && i < 2 * kMostSteps; i += 2) {
        player.play(static_cast<unsigned char>(script[i]),
                    static_cast<unsigned char>(script[i + 1]));
    }
    player.finish();
}

}  // namespace dm::fuzz
