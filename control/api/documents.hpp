#pragma once

#include <string_view>

namespace dm::control {

/// The description of every route (OpenAPI 3.1), from control/api/openapi.json.
[[nodiscard]] std::string_view openapi_document();

}  // namespace dm::control
