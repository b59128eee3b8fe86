#pragma once

#include "device-mgmt/auth/secrets_cli.hpp"

namespace dm::auth {

/// `device-mgmt credentials add ID | remove ID | list`, with the file from `auth.credentials`.
[[nodiscard]] SecretsCommand credentials_command();

}  // namespace dm::auth
