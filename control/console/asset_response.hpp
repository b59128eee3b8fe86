#pragma once

#include "control/console/assets.hpp"
#include "device-mgmt/http/http_message.hpp"

namespace dm::control {

/// The answer to a `GET` of `asset`: compressed for who takes gzip, 304 for who has it. What has
/// the hash in its name is kept for a year, the page is asked for each time.
[[nodiscard]] http::HttpResponse asset_response(const Asset& asset,
                                                const http::HttpRequest& request);

}  // namespace dm::control
