#include "control/api/router.hpp"

#include <set>

#include <doctest/doctest.h>

using namespace dm::control;

TEST_CASE("every route is found by its own path and method") {
    for (const RouteRow& row : kRoutes) {
        std::string path(row.pattern);
        for (const auto& [name, value] :
             {std::pair<std::string, std::string>("{device}", "a:b@c"), {"{id}", "%7Bx%20y%7D"}}) {
            if (const auto at = path.find(name); at != std::string::npos) {
                path.replace(at, name.size(), value);
            }
        }
        CAPTURE(path);
        const auto match = match_route(row.method, path);
        REQUIRE(match);
        CHECK(match->row->route == row.route);
        if (row.pattern.find("{device}") != std::string_view::npos) {
            CHECK(match->device == "a:b@c");
        }
        if (row.pattern.find("{id}") != std::string_view::npos) {
            CHECK(match->id == "{x y}");
        }
    }
}

TEST_CASE("another method is 405 with those there are") {
    const auto put = match_route("PUT", "/v1/devices/a/commands");
    REQUIRE_FALSE(put);
    CHECK(put.error().status == 405);
    CHECK(put.error().allow == "POST, GET");
    for (const char* method : {"PUT", "PATCH", "HEAD", "OPTIONS", "TRACE", "get", "POST "}) {
        CAPTURE(method);
        const auto refused = match_route(method, "/v1/events");
        REQUIRE_FALSE(refused);
        CHECK(refused.error().status == 405);
    }
}

TEST_CASE("paths are taken as they are, or refused") {
    for (const char* path : {"",
                             "v1/events",
                             "//v1/events",
                             "/v1//events",
                             "/v1/events/",
                             "/./v1/events",
                             "/v1/../v1/events",
                             "/v1/%2e%2e/events",
                             "/v1/.%2E/events",
                             "/v1/devices/a%2Fb",
                             "/v1/devices/a%2fcommands",
                             "/v1/devices/a%5Cb",
                             "/v1/devices/a\\b",
                             "/v1/devices/%00",
                             "/v1/devices/a%0d%0ab",
                             "/v1/devices/a%7f",
                             "/v1/devices/%",
                             "/v1/devices/%4",
                             "/v1/devices/%zz",
                             "/v1/devices/%ff%fe",
                             "/v1/devices/%c0%ae%c0%ae",
                             "http://host/v1/events",
                             "*"}) {
        CAPTURE(path);
        const auto refused = match_route("GET", path);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().status == 400);
    }
}

TEST_CASE("words of a path are not decoded, and nothing else is a route") {
    for (const char* path : {"/v1/%65vents",
                             "/V1/events",
                             "/v1/eventsx",
                             "/v1/events;a=b",
                             "/v2/events",
                             "/v1",
                             "/v1/devices/a/b/c/d/e",
                             "/v1/devices/a/sessions",
                             "/index.html",
                             "/metrics",
                             "/%2561"}) {
        CAPTURE(path);
        const auto refused = match_route("GET", path);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().status == 404);
    }
}

TEST_CASE("only the console and the description are for everybody") {
    for (const RouteRow& row : kRoutes) {
        CAPTURE(row.pattern);
        CHECK(row.role.has_value() == (row.route != Route::page && row.route != Route::asset &&
                                       row.route != Route::openapi));
        if (row.role && row.method != "GET") {
            CHECK(row.role == Role::operator_);
        }
    }
}

TEST_CASE("a segment is encoded so that it is decoded to itself") {
    for (const char* text : {"plain", "a b", "a/b", "%", "ü", "a?b#c", "night.lamp:7@hall"}) {
        CAPTURE(text);
        const std::string encoded = encode_segment(text);
        CHECK(encoded.find_first_of("/?# ") == std::string::npos);
        CHECK(decode_percent(encoded) == text);
    }
}
