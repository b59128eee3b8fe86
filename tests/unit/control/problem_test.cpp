#include "control/api/problem.hpp"

#include <doctest/doctest.h>

using namespace dm::control;

namespace {

CallEnd finished(const std::string& state, const std::string& code = "") {
    return {CallEnd::Why::finished, state, code, "", R"({"state":"x"})"};
}

}  // namespace

TEST_CASE("a problem names the field when one is wrong") {
    CHECK(to_json({400, "bad_request", "ttl_s must be an integer"}) ==
          R"({"title":"Bad Request","status":400,"code":"bad_request",)"
          R"("detail":"ttl_s must be an integer","field":"ttl_s"})");
    CHECK(to_json({400, "bad_request", "Idempotency-Key: must be one"})
              .find(R"("field":"Idempotency-Key")") != std::string::npos);
    CHECK(to_json({503, "no_node", "no node has answered"}).find("field") == std::string::npos);
}

TEST_CASE("a problem is problem+json and says when to come again") {
    const auto response = to_response({503, "no_node", "none"});
    CHECK(response.status == 503);
    CHECK(response.content_type == "application/problem+json");
    const dm::http::Headers& headers = response.headers;
    CHECK(std::find(headers.begin(),
                    headers.end(),
                    dm::http::Headers::value_type("Retry-After", "1")) != headers.end());
}

TEST_CASE("the status says how a command ended") {
    CHECK(status_of("succeeded", "") == 200);
    CHECK(status_of("failed", "device_rejected") == 200);
    CHECK(status_of("cancelled", "") == 409);
    CHECK(status_of("expired", "expired") == 504);
    CHECK(status_of("timed_out", "timed_out") == 504);
    CHECK(status_of("rejected", "device_offline") == 409);
    CHECK(status_of("rejected", "busy") == 409);
    CHECK(status_of("rejected", "id_conflict") == 409);
    CHECK(status_of("rejected", "queue_full") == 429);
    CHECK(status_of("rejected", "too_large") == 413);
    CHECK(status_of("rejected", "bad_request") == 422);
    CHECK(status_of("rejected", "forbidden") == 422);
    CHECK(status_of("", "no_node") == 503);
}

TEST_CASE("a result is its message, anything else a problem with the message in it") {
    const auto good = answer_to(finished("succeeded"), "/l");
    CHECK(good.status == 200);
    CHECK(good.body == R"({"state":"x"})");
    const auto late = answer_to(finished("timed_out", "timed_out"), "/l");
    CHECK(late.status == 504);
    CHECK(late.body.find(R"("outcome":{"state":"x"})") != std::string::npos);
}

TEST_CASE("who is not answered yet is told where to ask") {
    const auto later = answer_to({CallEnd::Why::patience, "accepted", "", "", "{}"}, "/v1/x");
    CHECK(later.status == 202);
    CHECK(later.headers.back() == dm::http::Headers::value_type("Location", "/v1/x"));
}

TEST_CASE("errors of queries have a status each") {
    CHECK(query_problem("not_found", "").status == 404);
    CHECK(query_problem("bad_request", "").status == 400);
    CHECK(query_problem("busy", "").status == 429);
    CHECK(query_problem("unavailable", "").status == 503);
    CHECK(query_problem("no_node", "").status == 503);
    CHECK(query_problem("bad_answer", "").status == 502);
}
