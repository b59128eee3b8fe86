#pragma once

#include "control/tokens/token_file.hpp"

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

/// Which route a request means. Pure.
namespace dm::control {

enum class Route {
    page,
    asset,
    openapi,
    send_command,
    list_commands,
    get_command,
    cancel_command,
    find_command,
    list_devices,
    get_device,
    kick,
    device_events,
    events,
    broadcast,
    origin_device,
    origin_devices,
};

struct RouteRow {
    Route route;
    std::string_view method;
    std::string_view pattern;  ///< `{device}`, `{id}`, `{file}` stand for one segment
    std::optional<Role> role;  ///< who may; empty: everybody, without a token
};

inline constexpr std::array<RouteRow, 16> kRoutes{{
    {Route::page, "GET", "/", std::nullopt},
    {Route::asset, "GET", "/console/{file}", std::nullopt},
    {Route::openapi, "GET", "/openapi.json", std::nullopt},
    {Route::send_command, "POST", "/v1/devices/{device}/commands", Role::operator_},
    {Route::list_commands, "GET", "/v1/devices/{device}/commands", Role::viewer},
    {Route::get_command, "GET", "/v1/devices/{device}/commands/{id}", Role::viewer},
    {Route::cancel_command, "DELETE", "/v1/devices/{device}/commands/{id}", Role::operator_},
    {Route::find_command, "GET", "/v1/commands/{id}", Role::viewer},
    {Route::list_devices, "GET", "/v1/devices", Role::viewer},
    {Route::get_device, "GET", "/v1/devices/{device}", Role::viewer},
    {Route::kick, "DELETE", "/v1/devices/{device}/session", Role::operator_},
    {Route::device_events, "GET", "/v1/devices/{device}/events", Role::viewer},
    {Route::events, "GET", "/v1/events", Role::viewer},
    {Route::broadcast, "POST", "/v1/broadcasts", Role::operator_},
    {Route::origin_device, "POST", "/device", Role::operator_},
    {Route::origin_devices, "POST", "/devices", Role::operator_},
}};

struct RouteMatch {
    const RouteRow* row = nullptr;
    std::string device;  ///< decoded, not yet checked against the grammar
    std::string id;
    std::string file;
};

struct RouteRefusal {
    int status = 404;     ///< 400, 404 or 405
    std::string message;  ///< what is wrong with the path
    std::string allow;    ///< with 405: the methods there are
};

/// `path` as it came, without the query. Nothing is normalised: empty segments, `.` and `..`, and
/// encoded slashes, backslashes and control characters are refused, so no two parties can take one
/// path for two.
[[nodiscard]] tl::expected<RouteMatch, RouteRefusal> match_route(std::string_view method,
                                                                 std::string_view path);

/// Resolves `%XX`; empty when that is malformed or the result is no UTF-8, or has control
/// characters.
[[nodiscard]] std::optional<std::string> decode_percent(std::string_view text);

/// The reverse, for one segment of a path.
[[nodiscard]] std::string encode_segment(std::string_view text);

}  // namespace dm::control
