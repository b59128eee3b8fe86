#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace dm::sim {

/// Reads one HTTP/1.1 response, with Content-Length or chunked, as its bytes come. Pure; one
/// response each.
class HttpReply {
public:
    enum class Progress { more, complete, broken };

    /// Takes bytes; what follows the response is no business of it.
    [[nodiscard]] Progress take(std::string_view bytes);

    [[nodiscard]] int status() const { return status_; }

    /// The body as far as it has come, without the framing.
    [[nodiscard]] const std::string& body() const { return body_; }

    /// Whether another request may follow on the connection.
    [[nodiscard]] bool keeps_alive() const { return keep_alive_; }

private:
    [[nodiscard]] bool read_head();
    [[nodiscard]] Progress read_body();
    [[nodiscard]] Progress read_chunks();

    std::string waiting_;
    bool head_read_ = false;
    bool chunked_ = false;
    bool keep_alive_ = true;
    std::size_t length_ = 0;
    int status_ = 0;
    std::string body_;
};

/// An event of a stream.
struct LastEvent {
    std::string name;
    std::string data;
};

/// The last complete event of a stream's text.
[[nodiscard]] std::optional<LastEvent> last_event(std::string_view stream);

}  // namespace dm::sim
