#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Requests and responses of the small HTTP server, without its library: what a handler sees.
namespace dm::http {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
    std::string method;  ///< as sent: `GET`, `POST`, …
    std::string path;    ///< not decoded, without the query
    std::string query;   ///< without `?`, not decoded
    Headers headers;
    std::string body;
    std::string remote;  ///< address and port of the peer, for the log

    /// The first header of this name, in any case.
    [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const;

    /// The value of a query parameter, empty for one without a value. `%XX` and `+` are left alone.
    [[nodiscard]] std::optional<std::string_view> query_value(std::string_view name) const;
};

struct HttpResponse {
    int status = 200;
    std::string content_type = "text/plain; charset=utf-8";
    Headers headers;  ///< besides Content-Type, Content-Length, Date and Connection
    std::string body;
};

/// `OK` for 200; `Status` for codes that nobody here uses.
[[nodiscard]] std::string_view reason_phrase(int status);

}  // namespace dm::http
