#pragma once

#include "device-mgmt/auth/authenticator.hpp"
#include "device-mgmt/log/log.hpp"
#include "device-mgmt/settings/sources.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <tl/expected.hpp>

namespace dm {

/// Everything device-mgmt can be told; conf/device-mgmt.toml explains each key. A loaded Config is
/// consistent: what may be left empty and has a computed default is filled in.
struct Config {
    struct Node {
        std::string name;  ///< a proto::Name; default: the host name
        std::string url;
    };

    struct Listen {
        std::string address = "0.0.0.0";
        std::uint16_t port = 8443;
        bool tls = true;
        std::string cert;
        std::string key;
        std::string ticket_keys;
        std::vector<std::string> origins;
        std::uint32_t threads = 0;  ///< shards; 0: one per core
        std::size_t max_handshakes = 512;
        double accepts_per_address = 200;
        std::size_t max_connections = 0;
    };

    struct Session {
        std::chrono::seconds heartbeat{20};
        std::chrono::seconds dead_after{50};
        std::chrono::seconds refresh{3600};
        std::uint32_t max_frames_per_s = 50;
        std::size_t max_unsent_bytes = 128 * 1024UL;
    };

    struct Commands {
        std::uint32_t window = 16;
        std::uint32_t queue_per_device = 100;
        std::size_t max_unfinished = 1'000'000;
    };

    struct Broker {
        std::string url = "mqtt://127.0.0.1:1883";
        std::string prefix = "dm";
        std::string username;
        std::string password;
        std::string ca;
        std::string response_topics;  ///< an MQTT filter; empty: any allowed topic
    };

    struct Store {
        std::string sqlite = "/var/lib/device-mgmt/store.db";
        std::string redis;    ///< URL; empty: sqlite
        std::string ingress;  ///< loaded: `ingress` beside the database unless set
        std::chrono::hours keep_finished{24};
        std::size_t keep_finished_max = 5'000'000;
        std::size_t keep_devices_max = 1'000'000;
    };

    struct Queries {
        std::uint32_t max_per_s = 1000;
    };

    struct Groups {
        std::vector<std::string> members;
        std::vector<std::string> self_service;
    };

    struct Streams {
        std::size_t max_subscriptions = 200'000;
    };

    struct Ops {
        std::string address = "127.0.0.1";
        std::uint16_t port = 9464;
        std::string token;
    };

    struct Drain {
        std::chrono::seconds spread{10};
        std::chrono::seconds deadline{0};  ///< loaded: spread + 30 s unless set
    };

    struct Health {
        std::uint64_t max_sessions = 0;
        double max_load = 0.8;
    };

    Node node;
    Listen listen;
    auth::AuthSettings auth;
    Session session;
    Commands commands;
    Broker broker;
    Store store;
    Queries queries;
    Groups groups;
    Streams streams;
    Ops ops;
    Drain drain;
    Health health;
    log::LogSettings log;
};

/// The configuration of this process, or the text to print and the code to exit with. `arguments`
/// come without the program's name.
[[nodiscard]] tl::expected<Config, settings::Exit> load_config(const settings::Sources& sources);

}  // namespace dm
