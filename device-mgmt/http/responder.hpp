#pragma once

#include "device-mgmt/http/http_message.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace dm::http {

/// Names one request of a server; never used again.
using ExchangeId = std::uint64_t;

/// How requests are answered later: once as a whole, or as a stream. Real: StreamServer. One
/// thread, the server's loop. An exchange whose client has left is over: calls for it, as for ids
/// nobody knows, do nothing.
class Responder {
public:
    virtual ~Responder() = default;

    /// The whole answer; ends the exchange.
    virtual void answer(ExchangeId exchange, HttpResponse response) = 0;

    /// Status and headers of an answer whose body follows in pieces; `head.body` is its first one.
    virtual void begin_stream(ExchangeId exchange, HttpResponse head) = 0;

    /// Queues a piece of a stream. Beyond StreamLimits::max_unsent_bytes the client reads too
    /// slowly: the piece and what waits are thrown away, the stream ends, RequestListener::on_gone
    /// follows, and false is returned.
    virtual bool send(ExchangeId exchange, std::string piece) = 0;

    /// Ends a stream once everything queued has been written; ends the exchange.
    virtual void end_stream(ExchangeId exchange) = 0;
};

/// Told of requests, on the server's loop.
class RequestListener {
public:
    virtual ~RequestListener() = default;

    /// A complete request. Answer it now or later, with this id. An exception is answered with 500.
    virtual void on_request(ExchangeId exchange, HttpRequest request) = 0;

    /// The client of an exchange that has not ended left, or was too slow. At most once for each.
    virtual void on_gone(ExchangeId exchange) = 0;

    /// What came from `remote` is no acceptable request: answered with `status`, or just closed
    /// where another answer was under way. `why`: a sentence.
    virtual void on_refused(std::string_view remote, int status, std::string_view why) = 0;

    /// Everything sent on a stream so far has been written to its socket.
    virtual void on_drained(ExchangeId exchange) = 0;
};

}  // namespace dm::http
