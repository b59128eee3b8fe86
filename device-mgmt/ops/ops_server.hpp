#pragma once

#include "device-mgmt/http/http_server.hpp"
#include "device-mgmt/ops/health.hpp"
#include "device-mgmt/ops/metrics.hpp"

#include <cstdint>
#include <functional>
#include <string>

#include <tl/expected.hpp>

namespace dm::ops {

struct OpsSettings {
    std::string address = "127.0.0.1";
    std::uint16_t port = 9464;
    std::string token;  ///< empty: none is asked for
};

/// What `POST /drain` asks for.
struct DrainRequest {
    bool leave = false;  ///< give up the broker session: this node does not come back
    bool force = false;  ///< even if no other node is up
};

enum class DrainAnswer {
    draining,
    last_node,  ///< leaving would make commands vanish: nobody else consumes them
};

/// What the routes of operations read and do.
struct OpsSources {
    std::function<Readiness()> readiness;
    std::function<std::string()> metrics;
    std::function<DrainAnswer(DrainRequest)> drain;
};

/// `/livez`, `/readyz`, `/metrics` and `POST /drain`: 401 without the token where one is set (not
/// for /livez), 404 for other paths, 405 with Allow for other methods. Pure but for the sources.
[[nodiscard]] http::HttpResponse answer(const http::HttpRequest& request,
                                        const std::string& token,
                                        const OpsSources& sources);

/// The ops endpoint of a node, on a thread of its own.
class OpsServer {
public:
    /// `drain` is called on the server's thread and must return at once.
    OpsServer(const OpsSettings& settings,
              HealthLimits limits,
              Metrics& metrics,
              HealthState& health,
              std::function<DrainAnswer(DrainRequest)> drain);

    /// The same for a program that is no node.
    OpsServer(const OpsSettings& settings, OpsSources sources);

    [[nodiscard]] tl::expected<void, std::string> start() { return server_.start(); }

    void stop() { server_.stop(); }

    [[nodiscard]] std::uint16_t port() const { return server_.port(); }

private:
    http::HttpServer server_;
};

}  // namespace dm::ops
