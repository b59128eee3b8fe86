#pragma once

#include "firmware-sim/check/wire.hpp"
#include "protocol/frame_codec.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace dm::sim {

/// An opening handshake, good or not.
struct Opening {
    std::string path;
    std::optional<std::string> authorization;
    std::vector<std::string> protocols{std::string{proto::kSubprotocolJson}};
    std::optional<std::string> origin;
    std::string key = "dGhlIHNhbXBsZSBub25jZQ==";
    bool upgrade = true;  ///< false: without Upgrade and Connection: Upgrade
};

enum class Opcode : std::uint8_t {
    continuation = 0x0,
    text = 0x1,
    binary = 0x2,
    close = 0x8,
    ping = 0x9,
    pong = 0xA,
};

/// What a frame is, beside opcode and payload; the default is what RFC 6455 asks of a client.
struct FrameShape {
    bool fin = true;
    bool masked = true;
    std::uint8_t reserved = 0;  ///< RSV1–3, as bits 0x40, 0x20, 0x10
};

/// A WebSocket client that goes step by step and may break every rule, because it is there to see
/// what the server does then. What comes while something else is waited for is counted and dropped.
class Probe {
public:
    Probe(std::unique_ptr<Wire> wire, proto::Format format, std::chrono::milliseconds patience)
        : wire_(std::move(wire)), format_(format), patience_(patience) {}

    /// The status of the answer; 0: none.
    [[nodiscard]] int open(const Opening& opening, const std::string& host);

    /// A header of the answer, or nothing.
    [[nodiscard]] std::string header(std::string_view name) const;

    void send(Opcode opcode, std::string_view payload, FrameShape shape = {});

    /// A frame of the protocol in the session's format.
    void send(const proto::DeviceFrame& frame);

    /// Waits for a frame of this type; others are dropped. Empty when it does not come, see seen().
    template <class Frame>
    [[nodiscard]] std::optional<Frame> await() {
        const auto deadline = read_clock().mono + patience_;
        while (auto frame = next_frame(deadline)) {
            if (const auto* wanted = std::get_if<Frame>(&*frame)) {
                return *wanted;
            }
        }
        return std::nullopt;
    }

    /// Waits for a pong with this payload.
    [[nodiscard]] bool await_pong(std::string_view payload);

    /// Waits until the server has closed; its code, or 0 when it stays, 1006 without a close frame.
    [[nodiscard]] int await_close(std::optional<std::chrono::milliseconds> patience = {});

    /// The closing handshake, so that the server has no doubt that this session is over.
    void leave();

    /// What came last, or why nothing did.
    [[nodiscard]] const std::string& seen() const { return seen_; }

    /// How many frames of a type have come so far.
    [[nodiscard]] std::size_t received(std::string_view type) const {
        const auto found = received_.find(type);
        return found == received_.end() ? 0 : found->second;
    }

private:
    struct Incoming {
        Opcode opcode;
        std::string payload;
    };

    [[nodiscard]] bool fill(Instant deadline);
    [[nodiscard]] std::optional<Incoming> next(Instant deadline);
    [[nodiscard]] std::optional<Incoming> take_message();
    [[nodiscard]] std::optional<proto::ServerFrame> next_frame(Instant deadline);
    void note_close(const std::string& payload);

    std::unique_ptr<Wire> wire_;
    proto::Format format_;
    std::chrono::milliseconds patience_;
    std::string head_;
    std::string input_;
    std::string fragments_;
    Opcode fragmented_ = Opcode::continuation;
    int close_code_ = 0;
    std::string seen_;
    std::map<std::string, std::size_t, std::less<>> received_;  ///< by type
};

}  // namespace dm::sim
