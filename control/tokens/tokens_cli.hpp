#pragma once

#include "device-mgmt/auth/secrets_cli.hpp"

namespace dm::control {

/// `control tokens add NAME --role ROLE | remove NAME | list`, with the file from
/// `auth.operator_tokens`. One run only: it keeps the role.
[[nodiscard]] auth::SecretsCommand tokens_command();

}  // namespace dm::control
