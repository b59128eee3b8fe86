#include "device-mgmt/ops/ops_server.hpp"

#include <string>

#include <doctest/doctest.h>

using dm::http::HttpRequest;
using dm::http::HttpResponse;
using dm::ops::OpsSources;

namespace {

struct Ops {
    dm::ops::Readiness readiness{true, false, "ready"};
    std::string token;
    int drains = 0;
    dm::ops::DrainRequest last_drain;
    dm::ops::DrainAnswer drain_answer = dm::ops::DrainAnswer::draining;

    HttpResponse ask(const std::string& method,
                     const std::string& path,
                     const std::string& query = {},
                     const std::string& authorization = {}) {
        HttpRequest request;
        request.method = method;
        request.path = path;
        request.query = query;
        if (!authorization.empty()) {
            request.headers.emplace_back("Authorization", authorization);
        }
        const OpsSources sources{[this] { return readiness; },
                                 [] { return std::string("dm_sessions 0\n"); },
                                 [this](dm::ops::DrainRequest wanted) {
                                     ++drains;
                                     last_drain = wanted;
                                     return drain_answer;
                                 }};
        return dm::ops::answer(request, token, sources);
    }
};

}  // namespace

TEST_CASE("readiness decides the status, and strict makes degraded a 503") {
    Ops ops;
    CHECK(ops.ask("GET", "/readyz").status == 200);
    CHECK(ops.ask("GET", "/readyz").body == "ready\n");
    ops.readiness = {true, true, "degraded: x"};
    CHECK(ops.ask("GET", "/readyz").status == 200);
    CHECK(ops.ask("GET", "/readyz", "strict=1").status == 503);
    CHECK(ops.ask("GET", "/readyz", "strict=0").status == 200);
    ops.readiness = {false, false, "draining"};
    CHECK(ops.ask("GET", "/readyz").status == 503);
    CHECK(ops.ask("GET", "/readyz").body == "draining\n");
    CHECK(ops.ask("GET", "/livez").status == 200);
}

TEST_CASE("metrics have the type that Prometheus expects") {
    Ops ops;
    const HttpResponse response = ops.ask("GET", "/metrics");
    CHECK(response.status == 200);
    CHECK(response.content_type == "text/plain; version=0.0.4; charset=utf-8");
    CHECK(response.body == "dm_sessions 0\n");
}

TEST_CASE("drain is asked for with POST only and answered at once") {
    Ops ops;
    const HttpResponse refused = ops.ask("GET", "/drain");
    CHECK(refused.status == 405);
    CHECK(refused.headers == dm::http::Headers{{"Allow", "POST"}});
    CHECK(ops.drains == 0);
    CHECK(ops.ask("POST", "/drain").status == 202);
    CHECK(ops.drains == 1);
}

TEST_CASE("what there is not is 404, and another method 405") {
    Ops ops;
    CHECK(ops.ask("GET", "/").status == 404);
    CHECK(ops.ask("GET", "/readyz/").status == 404);
    CHECK(ops.ask("HEAD", "/metrics").status == 405);
    CHECK(ops.ask("DELETE", "/livez").status == 405);
}

TEST_CASE("with a token set all but livez needs it") {
    Ops ops;
    ops.token = "secret";
    CHECK(ops.ask("GET", "/livez").status == 200);
    CHECK(ops.ask("GET", "/metrics").status == 401);
    CHECK(ops.ask("GET", "/metrics", "", "Bearer secre").status == 401);
    CHECK(ops.ask("GET", "/metrics", "", "Bearer secret2").status == 401);
    CHECK(ops.ask("GET", "/metrics", "", "secret").status == 401);
    CHECK(ops.ask("POST", "/drain").status == 401);
    CHECK(ops.drains == 0);
    CHECK(ops.ask("GET", "/metrics", "", "Bearer secret").status == 200);
    CHECK(ops.ask("POST", "/drain", "", "Bearer secret").status == 202);
}

TEST_CASE("leaving for good is asked for, and refused where commands would vanish") {
    Ops ops;
    CHECK(ops.ask("POST", "/drain").status == 202);
    CHECK_FALSE(ops.last_drain.leave);
    CHECK(ops.ask("POST", "/drain", "leave=true").status == 202);
    CHECK(ops.last_drain.leave);
    CHECK_FALSE(ops.last_drain.force);
    CHECK(ops.ask("POST", "/drain", "leave=true&force=true").status == 202);
    CHECK(ops.last_drain.force);
    ops.drain_answer = dm::ops::DrainAnswer::last_node;
    CHECK(ops.ask("POST", "/drain", "leave=true").status == 409);
    CHECK(ops.ask("POST", "/drain", "leave=true").body.find("force=true") != std::string::npos);
}
