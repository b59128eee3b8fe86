#include "control/console/asset_response.hpp"

#include <algorithm>
#include <string>

#include <doctest/doctest.h>

using namespace dm::control;

namespace {

constexpr Asset kScript{"app-1a2b.js", "text/javascript", "1a2b", "whole", "short"};

dm::http::HttpResponse get(const Asset& asset, dm::http::Headers headers = {}) {
    dm::http::HttpRequest request;
    request.method = "GET";
    request.headers = std::move(headers);
    return asset_response(asset, request);
}

std::string header(const dm::http::HttpResponse& response, const std::string& name) {
    const auto found = std::find_if(response.headers.begin(),
                                    response.headers.end(),
                                    [&](const auto& entry) { return entry.first == name; });
    return found == response.headers.end() ? "" : found->second;
}

}  // namespace

TEST_CASE("a file of the console is compressed only for who says so") {
    for (const char* accepted :
         {"gzip", "deflate, gzip;q=0.5", "br,\tgzip ; q=1", "gzip;q=0.001"}) {
        CAPTURE(accepted);
        const auto response = get(kScript, {{"Accept-Encoding", accepted}});
        CHECK(response.body == "short");
        CHECK(header(response, "Content-Encoding") == "gzip");
        CHECK(header(response, "Vary") == "Accept-Encoding");
    }
    for (const char* accepted : {"", "br", "gzip;q=0", "gzip; q=0.000", "x-gzip", "gzipped", "*"}) {
        CAPTURE(accepted);
        const auto response = get(kScript, {{"Accept-Encoding", accepted}});
        CHECK(response.body == "whole");
        CHECK(header(response, "Content-Encoding").empty());
        CHECK(header(response, "Vary") == "Accept-Encoding");
    }
    constexpr Asset kTiny{"icon.svg", "image/svg+xml", "1", "whole", ""};
    CHECK(get(kTiny, {{"Accept-Encoding", "gzip"}}).body == "whole");
}

TEST_CASE("who has a file gets 304, in the encoding that it has") {
    CHECK(header(get(kScript), "ETag") == R"("1a2b")");
    CHECK(header(get(kScript, {{"Accept-Encoding", "gzip"}}), "ETag") == R"("1a2b-gzip")");
    for (const char* tags : {R"("1a2b")", R"("x", "1a2b")", R"(W/"1a2b")", "*"}) {
        CAPTURE(tags);
        const auto response = get(kScript, {{"If-None-Match", tags}});
        CHECK(response.status == 304);
        CHECK(response.body.empty());
        CHECK(header(response, "ETag") == R"("1a2b")");
    }
    for (const char* tags : {"", R"("1a2b-gzip")", "1a2b", R"("1A2B")", R"("x")"}) {
        CAPTURE(tags);
        CHECK(get(kScript, {{"If-None-Match", tags}}).status == 200);
    }
}

TEST_CASE("what has its hash in its name is kept, the page is asked for again") {
    const Asset* page = find_asset(kConsolePage);
    REQUIRE(page != nullptr);
    CHECK(header(get(*page), "Cache-Control") == "no-cache");
    CHECK(header(get(kScript), "Cache-Control") == "public, max-age=31536000, immutable");
}

TEST_CASE("the page names files that there are, and has nothing inline") {
    const std::string page = get(*find_asset(kConsolePage)).body;
    std::size_t named = 0;
    for (std::size_t at = page.find("/console/"); at != std::string::npos;
         at = page.find("/console/", at + 1)) {
        const std::size_t begin = at + std::string("/console/").size();
        const std::string name = page.substr(begin, page.find('"', begin) - begin);
        CAPTURE(name);
        const Asset* asset = find_asset(name);
        REQUIRE(asset != nullptr);
        CHECK(name.find(asset->hash) != std::string::npos);
        ++named;
    }
    CHECK(named == 3);
    CHECK(page.find("<style") == std::string::npos);
    CHECK(page.find("style=") == std::string::npos);
    CHECK(page.find("></script>") != std::string::npos);
    CHECK(find_asset("") == nullptr);
    CHECK(find_asset("console.js") == nullptr);
}

TEST_CASE("the policy allows the console itself and nothing else") {
    const std::string policy = header(get(kScript), "Content-Security-Policy");
    CHECK(policy.rfind("default-src 'none'; script-src 'self'; style-src 'self'", 0) == 0);
    CHECK(policy.find("unsafe") == std::string::npos);
    CHECK(policy.find("frame-ancestors 'none'") != std::string::npos);
    CHECK(header(get(kScript), "X-Content-Type-Options") == "nosniff");
    CHECK(header(get(kScript), "Referrer-Policy") == "no-referrer");
}
