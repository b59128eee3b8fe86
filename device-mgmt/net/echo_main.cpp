#include "device-mgmt/net/tls_context.hpp"
#include "device-mgmt/net/ws_endpoint.hpp"

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include <CLI/CLI.hpp>
#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>

// net-echo: an echo server on exactly the product's transport, so that RFC 6455 suites can be run
// against it. Any path is accepted and nobody is asked who they are.

namespace {

using dm::core::FrameKind;

constexpr std::size_t kMaxMessage = 16UL * 1024 * 1024;

/// Sends every message back; a peer that does not read its echoes is dropped.
class EchoListener final : public dm::core::LinkListener {
public:
    explicit EchoListener(dm::core::DeviceLink& link) : link_(link) {}

    void on_frame(FrameKind kind, std::string_view payload) override {
        if (link_.send(kind, payload) != dm::core::SendResult::ok) {
            link_.close(dm::proto::CloseCode::too_slow, "too_slow");
        }
    }

    void on_control_frame() override {}

    void on_writable() override {}

    void on_revoked() override {}

    void on_close(dm::proto::CloseCode /*code*/, std::string_view /*reason*/) override {
        delete this;
    }

private:
    dm::core::DeviceLink& link_;
};

class EchoAcceptor final : public dm::net::Acceptor {
public:
    tl::expected<dm::net::Admission, dm::net::Refusal> on_upgrade(
        const dm::net::UpgradeRequest& request) override {
        const auto& offered = request.protocols;
        return dm::net::Admission{offered.empty() ? std::string{} : std::string{offered.front()},
                                  {}};
    }

    dm::core::LinkListener* on_open(dm::core::DeviceLink& link, std::any /*identity*/) override {
        return new EchoListener{link};
    }
};

struct Options {
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;
    bool tls = false;
    dm::net::TlsFiles files;
};

int run(const Options& options) {
    std::shared_ptr<const dm::net::TlsContext> tls;
    if (options.tls) {
        auto loaded = dm::net::TlsContext::load(options.files);
        if (!loaded) {
            std::fprintf(stderr, "net-echo: %s\n", loaded.error().c_str());
            return 2;
        }
        tls = *loaded;
    }
    asio::io_context io{1};
    EchoAcceptor acceptor;
    dm::net::EndpointSettings settings;
    settings.address = options.address;
    settings.port = options.port;
    settings.limits.max_message_bytes = kMaxMessage;
    settings.limits.max_unsent_bytes = 4 * kMaxMessage;
    settings.limits.accepts_per_address_per_s = 0;
    dm::net::WsEndpoint endpoint{io, settings, tls, acceptor};
    if (auto listening = endpoint.listen(); !listening) {
        std::fprintf(stderr, "net-echo: %s\n", listening.error().c_str());
        return 1;
    }
    asio::signal_set signals{io, SIGTERM, SIGINT};
    signals.async_wait([&](const std::error_code& /*ec*/, int /*signal*/) {
        endpoint.stop_accepting();
        endpoint.abort_all();  // the loop ends when the last connection is gone
    });
    std::printf("listening on %u\n", static_cast<unsigned>(endpoint.port()));
    std::fflush(stdout);
    io.run();
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    CLI::App app{"Echoes WebSocket messages of up to 16 MiB, on the transport of device-mgmt."};
    app.add_option("--address", options.address, "Address to listen on");
    app.add_option("--port", options.port, "Port; 0: a free one, which is printed");
    auto* tls = app.add_flag("--tls", options.tls, "wss instead of ws");
    app.add_option("--cert", options.files.certificate, "PEM chain, leaf first")->needs(tls);
    app.add_option("--key", options.files.key, "PEM")->needs(tls);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    if (options.tls && (options.files.certificate.empty() || options.files.key.empty())) {
        std::fprintf(stderr, "net-echo: --tls needs --cert and --key\n");
        return 2;
    }
    return run(options);
}
