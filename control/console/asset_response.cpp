#include "control/console/asset_response.hpp"

#include <string>

namespace dm::control {

namespace {

/// Nothing inline, nothing from elsewhere, in nobody's frame.
constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

std::string_view trim(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) {
        text.remove_prefix(1);
    }
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) {
        text.remove_suffix(1);
    }
    return text;
}

/// Takes the next element of a list off `list`.
std::string_view next_element(std::string_view& list) {
    const std::size_t comma = list.find(',');
    const std::string_view element = trim(list.substr(0, comma));
    list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
    return element;
}

/// Accept-Encoding of RFC 9110 section 12.5.3: `gzip` with any weight but 0. `*` is not asked for
/// by any browser and means no compression here.
bool takes_gzip(std::string_view accepted) {
    while (!accepted.empty()) {
        const std::string_view element = next_element(accepted);
        const std::size_t semicolon = element.find(';');
        if (trim(element.substr(0, semicolon)) != "gzip") {
            continue;
        }
        if (semicolon == std::string_view::npos) {
            return true;
        }
        const std::string_view weight = trim(element.substr(semicolon + 1));
        return weight.find_first_not_of("q=0.") != std::string_view::npos;
    }
    return false;
}

/// If-None-Match of RFC 9110 section 13.1.2, which compares weakly.
bool names(std::string_view tags, std::string_view etag) {
    while (!tags.empty()) {
        std::string_view tag = next_element(tags);
        if (tag.substr(0, 2) == "W/") {
            tag.remove_prefix(2);
        }
        if (tag == etag || tag == "*") {
            return true;
        }
    }
    return false;
}

}  // namespace

http::HttpResponse asset_response(const Asset& asset, const http::HttpRequest& request) {
    const bool gzip =
        !asset.gzip.empty() && takes_gzip(request.header("accept-encoding").value_or(""));
    const std::string etag = '"' + std::string(asset.hash) + (gzip ? "-gzip\"" : "\"");
    http::HttpResponse response;
    response.content_type = asset.content_type;
    response.headers = {
        {"ETag", etag},
        {"Cache-Control",
         asset.name == kConsolePage ? "no-cache" : "public, max-age=31536000, immutable"},
        {"Vary", "Accept-Encoding"},
        {"Content-Security-Policy", std::string(kPolicy)},
        {"X-Content-Type-Options", "nosniff"},
        {"Referrer-Policy", "no-referrer"},
        {"Cross-Origin-Opener-Policy", "same-origin"},
        {"Cross-Origin-Resource-Policy", "same-origin"}};
    if (names(request.header("if-none-match").value_or(""), etag)) {
        response.status = 304;
        return response;
    }
    if (gzip) {
        response.headers.emplace_back("Content-Encoding", "gzip");
    }
    response.body = gzip ? asset.gzip : asset.body;
    return response;
}

}  // namespace dm::control
