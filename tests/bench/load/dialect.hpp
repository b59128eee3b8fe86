#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace dm::bench {

/// What is spoken over the WebSocket: by our server, or by a peer it is measured against.
enum class Dialect { device, mqtt, nats, echo };

[[nodiscard]] std::optional<Dialect> parse_dialect(std::string_view text);

/// What a client of this dialect says; each text is complete WebSocket frames or an HTTP request.
struct Phrases {
    std::string upgrade;
    std::string greeting;    ///< right after 101; empty: nothing
    std::string keep_alive;  ///< what asks for an answer
    bool answers = false;    ///< commands
    std::string replies;     ///< MQTT: the topic on which
};

struct ClientName {
    std::string device;                        ///< client id
    std::optional<std::string> authorization;  ///< value of the header
    bool answers = false;                      ///< device: commands
    std::string prefix;  ///< MQTT: of the topics commands come and are answered on; empty: none
    std::string filter;  ///< MQTT: what to subscribe to besides; empty: nothing
};

[[nodiscard]] Phrases phrases_of(Dialect dialect, const ClientName& name, bool ws_ping);

/// Whether `payload`, the server's message, says that the session is open. `echo` is open at 101.
[[nodiscard]] bool opens_session(Dialect dialect, std::string_view payload);

/// One frame of a client, masked with zeros: the mask's value costs the server nothing.
[[nodiscard]] std::string client_frame(unsigned opcode, std::string_view payload);

/// A frame of a server, at the start of `bytes`.
struct ServerFrame {
    unsigned opcode = 0;
    std::string_view payload;
    std::size_t size = 0;  ///< with its header
};

/// Empty: more bytes are needed.
[[nodiscard]] std::optional<ServerFrame> server_frame(std::string_view bytes);

inline constexpr unsigned kTextFrame = 1;
inline constexpr unsigned kBinaryFrame = 2;
inline constexpr unsigned kCloseFrame = 8;
inline constexpr unsigned kPingFrame = 9;
inline constexpr unsigned kPongFrame = 10;

}  // namespace dm::bench
