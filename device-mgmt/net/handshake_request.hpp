#pragma once

#include "device-mgmt/net/upgrade_check.hpp"

#include <cstddef>
#include <memory>
#include <string_view>

#include <tl/expected.hpp>
#include <websocketpp/common/platforms.hpp>
#include <websocketpp/http/request.hpp>

namespace dm::net {

/// websocketpp's request policy: reads the opening handshake with our strict check instead of
/// websocketpp's parser, which takes NUL in a path, one-byte keys and bodies of 32 MB.
///
/// Everything that is refused is shown to websocketpp as plain HTTP, so that one place, the http
/// handler, answers it.
class HandshakeRequest : public websocketpp::http::parser::request {
public:
    /// Called by websocketpp with what was read; the rest already belongs to frames.
    std::size_t consume(const char* data, std::size_t size) {
        HeadReader& reader = reading_->reader;
        const std::size_t taken = reader.consume({data, size});
        if (reader.done()) {
            reading_->verdict =
                reader.refusal() ? tl::unexpected(*reader.refusal()) : check_upgrade(reader.head());
            present();
        }
        return taken;
    }

    [[nodiscard]] bool ready() const { return reading_->reader.done(); }

    /// Views into this object.
    [[nodiscard]] const tl::expected<UpgradeHead, Refusal>& verdict() const {
        return reading_->verdict;
    }

private:
    /// Only what websocketpp itself looks at.
    void present() {
        set_method("GET");
        set_uri("/");
        set_version("HTTP/1.1");
        replace_header("Host", "localhost");
        if (reading_->verdict) {
            replace_header("Upgrade", "websocket");
            replace_header("Connection", "Upgrade");
            replace_header("Sec-WebSocket-Version", "13");
        }
    }

    /// Apart, because it is needed for a moment and a connection lives for days.
    struct Reading {
        HeadReader reader;
        tl::expected<UpgradeHead, Refusal> verdict =
            tl::unexpected(Refusal{400, "No request.", {}});
    };

    std::unique_ptr<Reading> reading_ = std::make_unique<Reading>();  ///< null when moved from
};

}  // namespace dm::net
