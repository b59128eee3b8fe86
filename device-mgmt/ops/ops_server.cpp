#include "device-mgmt/ops/ops_server.hpp"

#include <array>
#include <string_view>
#include <utility>

namespace dm::ops {

namespace {

constexpr std::string_view kMetricsType = "text/plain; version=0.0.4; charset=utf-8";

struct Route {
    std::string_view path;
    std::string_view method;
    bool open;  ///< needs no token
    http::HttpResponse (*answer)(const http::HttpRequest&, const OpsSources&);
};

http::HttpResponse text(int status, std::string body) {
    body += '\n';
    return {status, "text/plain; charset=utf-8", {}, std::move(body)};
}

http::HttpResponse readyz(const http::HttpRequest& request, const OpsSources& sources) {
    const Readiness verdict = sources.readiness();
    const bool strict = request.query_value("strict") == "1";
    const bool good = verdict.ready && !(strict && verdict.degraded);
    return text(good ? 200 : 503, verdict.text);
}

http::HttpResponse metrics(const http::HttpRequest& /*request*/, const OpsSources& sources) {
    return {200, std::string(kMetricsType), {}, sources.metrics()};
}

http::HttpResponse drain(const http::HttpRequest& request, const OpsSources& sources) {
    const auto is_set = [&request](std::string_view name) {
        const auto value = request.query_value(name);
        return value == "true" || value == "1";
    };
    switch (sources.drain({is_set("leave"), is_set("force")})) {
        case DrainAnswer::last_node:
            return text(409,
                        "no other node is up: without this one's subscription commands would be "
                        "acknowledged by the broker and vanish. POST /drain keeps it; "
                        "leave=true&force=true gives it up all the same");
        case DrainAnswer::draining:
            break;
    }
    return text(202, "draining");
}

constexpr std::array<Route, 4> kRoutes{{
    {"/livez", "GET", true, [](const auto&, const auto&) { return text(200, "live"); }},
    {"/readyz", "GET", false, readyz},
    {"/metrics", "GET", false, metrics},
    {"/drain", "POST", false, drain},
}};

/// In a time that depends on the length only.
bool equal_in_constant_time(std::string_view a, std::string_view b) {
    unsigned difference = a.size() == b.size() ? 0 : 1;
    for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) {
        difference |= static_cast<unsigned>(a[i] ^ b[i]);
    }
    return difference == 0;
}

bool is_authorized(const http::HttpRequest& request, const std::string& token) {
    return token.empty() ||
           equal_in_constant_time(request.header("authorization").value_or(""), "Bearer " + token);
}

}  // namespace

http::HttpResponse answer(const http::HttpRequest& request,
                          const std::string& token,
                          const OpsSources& sources) {
    for (const Route& route : kRoutes) {
        if (request.path != route.path) {
            continue;
        }
        if (!route.open && !is_authorized(request, token)) {
            http::HttpResponse response = text(401, "ops.token is needed");
            response.headers.emplace_back("WWW-Authenticate", "Bearer");
            return response;
        }
        if (request.method != route.method) {
            http::HttpResponse response = text(405, "only " + std::string(route.method));
            response.headers.emplace_back("Allow", std::string(route.method));
            return response;
        }
        return route.answer(request, sources);
    }
    return text(404, "no such path");
}

OpsServer::OpsServer(const OpsSettings& settings,
                     HealthLimits limits,
                     Metrics& metrics,
                     HealthState& health,
                     std::function<DrainAnswer(DrainRequest)> drain)
    : OpsServer(
          settings,
          OpsSources{[&health, limits] { return judge(health, limits, read_process_usage()); },
                     [&metrics] { return metrics.text(); },
                     std::move(drain)}) {}

OpsServer::OpsServer(const OpsSettings& settings, OpsSources sources)
    : server_({settings.address, settings.port, 1, {}},
              [token = settings.token, sources = std::move(sources)](
                  const http::HttpRequest& request) { return answer(request, token, sources); }) {}

}  // namespace dm::ops
