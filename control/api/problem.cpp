#include "control/api/problem.hpp"

#include "protocol/json_writer.hpp"

#include <utility>

namespace dm::control {

namespace {

/// The field a message begins with, `ttl_s` of `ttl_s must be …` and of `id: used before`.
std::string_view field_of(std::string_view detail) {
    const std::size_t end = detail.find_first_not_of(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-0123456789");
    const bool named = end != std::string_view::npos && (detail[end] == ' ' || detail[end] == ':');
    return named && end > 0 ? detail.substr(0, end) : std::string_view{};
}

bool names_a_field(const Problem& problem) {
    return problem.status == 400 || problem.code == "bad_request";
}

}  // namespace

std::string to_json(const Problem& problem) {
    proto::JsonWriter out;
    out.text("title", http::reason_phrase(problem.status))
        .number("status", static_cast<std::uint64_t>(problem.status))
        .text("code", problem.code)
        .text("detail", problem.detail);
    if (const auto field = field_of(problem.detail); names_a_field(problem) && !field.empty()) {
        out.text("field", field);
    }
    out.json_if_any("outcome", problem.outcome).json_if_any("commands", problem.candidates);
    return out.take();
}

http::HttpResponse to_response(const Problem& problem) {
    http::HttpResponse response;
    response.status = problem.status;
    response.content_type = "application/problem+json";
    response.headers.emplace_back("Cache-Control", "no-store");
    if (problem.status == 401) {
        response.headers.emplace_back("WWW-Authenticate", "Bearer");
    }
    if (problem.status == 503 || problem.status == 429) {
        response.headers.emplace_back("Retry-After", "1");
    }
    response.body = to_json(problem);
    return response;
}

http::HttpResponse json_response(std::string body) {
    http::HttpResponse response;
    response.content_type = "application/json";
    response.headers.emplace_back("Cache-Control", "no-store");
    response.body = std::move(body);
    return response;
}

int status_of(std::string_view state, std::string_view code) {
    if (state == "succeeded" || state == "failed") {
        return 200;
    }
    if (state == "cancelled") {
        return 409;
    }
    if (state == "expired" || state == "timed_out") {
        return 504;
    }
    if (code == "device_offline" || code == "busy" || code == "id_conflict") {
        return 409;
    }
    if (code == "queue_full") {
        return 429;
    }
    if (code == "too_large") {
        return 413;
    }
    if (code == "no_node" || code == "stopping") {
        return 503;
    }
    return 422;
}

http::HttpResponse answer_to(const CallEnd& end, const std::string& location) {
    if (end.why == CallEnd::Why::accepted || end.why == CallEnd::Why::patience) {
        http::HttpResponse response = json_response(end.payload);
        response.status = 202;
        response.headers.emplace_back("Location", location);
        return response;
    }
    const int status = status_of(end.state, end.code);
    http::HttpResponse response =
        status == 200
            ? json_response(end.payload)
            : to_response({status,
                           end.code.empty() ? end.state : end.code,
                           end.message.empty() ? "the command is " + end.state : end.message,
                           end.payload.empty() ? std::nullopt : std::optional(end.payload)});
    if (end.why == CallEnd::Why::finished || end.why == CallEnd::Why::no_node) {
        response.headers.emplace_back("Location", location);
    }
    return response;
}

Problem query_problem(std::string_view code, const std::string& message) {
    int status = 502;
    if (code == "bad_request") {
        status = 400;
    } else if (code == "not_found") {
        status = 404;
    } else if (code == "too_large") {
        status = 413;
    } else if (code == "busy") {
        status = 429;
    } else if (code == "unavailable" || code == "no_node") {
        status = 503;
    }
    return {status, std::string(code), message};
}

}  // namespace dm::control
