#pragma once

#include "device-mgmt/http/responder.hpp"

#include <map>
#include <optional>
#include <string>
#include <utility>

namespace dm::test {

/// Remembers what every exchange was answered with.
class FakeResponder final : public http::Responder {
public:
    struct Answered {
        std::optional<http::HttpResponse> whole;
        bool begun = false;
        std::string stream;  ///< everything sent, the first piece included
        bool ended = false;
    };

    void answer(http::ExchangeId exchange, http::HttpResponse response) override {
        of[exchange].whole = std::move(response);
    }

    void begin_stream(http::ExchangeId exchange, http::HttpResponse head) override {
        of[exchange].begun = true;
        of[exchange].stream = std::move(head.body);
    }

    bool send(http::ExchangeId exchange, std::string piece) override {
        if (full) {
            return false;
        }
        of[exchange].stream += piece;
        return true;
    }

    void end_stream(http::ExchangeId exchange) override { of[exchange].ended = true; }

    /// What was sent since the last call.
    std::string take(http::ExchangeId exchange) { return std::exchange(of[exchange].stream, {}); }

    std::map<http::ExchangeId, Answered> of;
    bool full = false;  ///< every client is too slow
};

}  // namespace dm::test
