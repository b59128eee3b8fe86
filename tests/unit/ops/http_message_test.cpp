#include "device-mgmt/http/http_message.hpp"

#include <doctest/doctest.h>

using dm::http::HttpRequest;

TEST_CASE("a header is found in any case and the first one counts") {
    HttpRequest request;
    request.headers = {{"Authorization", "one"}, {"authorization", "two"}};
    CHECK(request.header("AUTHORIZATION") == "one");
    CHECK_FALSE(request.header("author"));
}

TEST_CASE("a query parameter is found by its whole name") {
    HttpRequest request;
    request.query = "a=1&strict=1&empty&b=x=y";
    CHECK(request.query_value("strict") == "1");
    CHECK(request.query_value("empty") == "");
    CHECK(request.query_value("b") == "x=y");
    CHECK_FALSE(request.query_value("stric"));
    request.query.clear();
    CHECK_FALSE(request.query_value(""));
}
