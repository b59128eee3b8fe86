#pragma once

#include "control/calls/call.hpp"
#include "device-mgmt/http/http_message.hpp"

#include <optional>
#include <string>
#include <string_view>

/// Errors as `application/problem+json` (RFC 9457). Pure.
namespace dm::control {

struct Problem {
    int status = 400;
    std::string code;                            ///< a word for programs
    std::string detail;                          ///< a sentence that names the field
    std::optional<std::string> outcome = {};     ///< JSON: what the nodes said
    std::optional<std::string> candidates = {};  ///< JSON: the commands to choose from
};

[[nodiscard]] std::string to_json(const Problem& problem);

[[nodiscard]] http::HttpResponse to_response(const Problem& problem);

/// 200 with a JSON body.
[[nodiscard]] http::HttpResponse json_response(std::string body);

/// The status for how a command ended or was turned away: `state` as told, `code` of its error.
[[nodiscard]] int status_of(std::string_view state, std::string_view code);

/// The answer to a caller that waits: 200 with the terminal message, or a problem that has it.
[[nodiscard]] http::HttpResponse answer_to(const CallEnd& end, const std::string& location);

/// The problem for an error code of a query's answer.
[[nodiscard]] Problem query_problem(std::string_view code, const std::string& message);

}  // namespace dm::control
