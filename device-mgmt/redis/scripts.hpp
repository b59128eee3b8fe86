#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace dm::redis {

/// What Redis executes without anything between; see scripts/. Each may be executed again when its
/// answer was lost.
enum class Script : std::size_t {
    accept,
    adopt,
    adopt_outbox,
    attach,
    detach,
    find_by_id,
    find_command,
    finish,
    lease,
    list,
    list_devices,
    mark,
    node,
    own,
    prune,
    put_outbox,
    release,
    save_device,
    stop_devices,
    verify,
};

/// By Script.
inline constexpr std::array<std::string_view, 20> kScriptNames{
    "accept",       "adopt",        "adopt_outbox", "attach",       "detach",
    "find_by_id",   "find_command", "finish",       "lease",        "list",
    "list_devices", "mark",         "node",         "own",          "prune",
    "put_outbox",   "release",      "save_device",  "stop_devices", "verify"};

/// The text of scripts/<name>.lua, as it was when this was compiled.
[[nodiscard]] std::string_view script_file(std::string_view name);

/// What Redis is given: the prelude and the script.
[[nodiscard]] inline std::string source_of(Script script) {
    return std::string(script_file("prelude"))
        .append(script_file(kScriptNames.at(static_cast<std::size_t>(script))));
}

}  // namespace dm::redis
