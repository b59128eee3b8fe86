#pragma once

#include "device-mgmt/log/log.hpp"
#include "device-mgmt/settings/sources.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include <tl/expected.hpp>

namespace dm::settings {
class Table;
}  // namespace dm::settings

namespace dm::control {

/// Everything control can be told; conf/control.toml explains each key.
struct Config {
    struct Node {
        std::string name;  ///< a proto::Name; default: the host name
    };

    struct Listen {
        std::string address = "127.0.0.1";
        std::uint16_t port = 8080;
        std::size_t max_connections = 10000;
    };

    struct Auth {
        std::string operator_tokens;
    };

    struct Broker {
        std::string url = "mqtt://127.0.0.1:1883";
        std::string prefix = "dm";
        std::string username;
        std::string password;
        std::string ca;
    };

    struct Ops {
        std::string address = "127.0.0.1";
        std::uint16_t port = 9465;
        std::string token;
    };

    struct Drain {
        std::chrono::seconds deadline{10};
    };

    Node node;
    Listen listen;
    Auth auth;
    Broker broker;
    Ops ops;
    Drain drain;
    log::LogSettings log;
};

/// The keys of control, bound to `config`.
void add_keys(settings::Table& table, Config& config);

/// The configuration of this process, or the text to print and the code to exit with. `arguments`
/// come without the program's name.
[[nodiscard]] tl::expected<Config, settings::Exit> load_config(const settings::Sources& sources);

}  // namespace dm::control
