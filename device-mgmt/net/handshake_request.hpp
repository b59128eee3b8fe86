#pragma once

#include "device-mgmt/net/upgrade_check.hpp"

#include <cstddef>
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
        const std::size_t taken = reader_.consume({data, size});
        if (reader_.done()) {
            verdict_ = reader_.refusal() ? tl::unexpected(*reader_.refusal())
                                         : check_upgrade(reader_.head());
            present();
        }
        return taken;
    }

    [[nodiscard]] bool ready() const { return reader_.done(); }

    /// Views into this object.
    [[nodiscard]] const tl::expected<UpgradeHead, Refusal>& verdict() const { return verdict_; }

private:
    /// Only what websocketpp itself looks at.
    void present() {
        set_method("GET");
        set_uri("/");
        set_version("HTTP/1.1");
        replace_header("Host", "localhost");
        if (verdict_) {
            replace_header("Upgrade", "websocket");
            replace_header("Connection", "Upgrade");
            replace_header("Sec-WebSocket-Version", "13");
        }
    }

    HeadReader reader_;
    tl::expected<UpgradeHead, Refusal> verdict_ = tl::unexpected(Refusal{400, "No request.", {}});
};

}  // namespace dm::net
