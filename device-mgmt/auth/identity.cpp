#include "device-mgmt/auth/identity.hpp"

namespace dm::auth {

std::string_view word(Method method) {
    switch (method) {
        case Method::certificate:
            return "certificate";
        case Method::token:
            return "token";
        case Method::basic:
            break;
    }
    return "basic";
}

std::string_view word(AuthProblem problem) {
    switch (problem) {
        case AuthProblem::missing:
            return "missing";
        case AuthProblem::malformed:
            return "malformed";
        case AuthProblem::unknown_key:
            return "unknown_key";
        case AuthProblem::bad_algorithm:
            return "bad_algorithm";
        case AuthProblem::bad_signature:
            return "bad_signature";
        case AuthProblem::expired:
            return "expired";
        case AuthProblem::not_yet_valid:
            return "not_yet_valid";
        case AuthProblem::missing_claim:
            return "missing_claim";
        case AuthProblem::wrong_audience:
            return "wrong_audience";
        case AuthProblem::wrong_issuer:
            return "wrong_issuer";
        case AuthProblem::bad_device_id:
            return "bad_device_id";
        case AuthProblem::bad_credentials:
            return "bad_credentials";
        case AuthProblem::disagreement:
            return "disagreement";
        case AuthProblem::method_disabled:
            break;
    }
    return "method_disabled";
}

}  // namespace dm::auth
