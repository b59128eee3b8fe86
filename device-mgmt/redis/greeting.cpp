// What is checked and set up on a new connection.

#include "device-mgmt/redis/link.hpp"

#include <charconv>
#include <utility>

namespace dm::redis {

namespace {

/// Scripts whose effects are replicated, `CLIENT KILL ID`, users.
constexpr int kOldestMajor = 6;

/// The value of `name:value` in an answer to INFO.
std::string_view field(std::string_view info, std::string_view name) {
    const std::string wanted = "\n" + std::string(name) + ":";
    const std::size_t at = info.find(wanted);
    if (at == std::string_view::npos) {
        return {};
    }
    info.remove_prefix(at + wanted.size());
    return info.substr(0, info.find('\r'));
}

tl::unexpected<Refusal> refuse(std::string reason, bool is_setting) {
    return tl::unexpected(Refusal{std::move(reason), is_setting});
}

}  // namespace

tl::expected<void, Refusal> Link::greet() {
    warnings_.clear();
    if (auto done = log_in(); !done) {
        return done;
    }
    if (auto done = check_server(); !done) {
        return done;
    }
    if (!allow_volatile_) {
        if (auto done = check_setting("appendonly", "yes"); !done) {
            return done;
        }
        if (auto done = check_setting("appendfsync", "always"); !done) {
            return done;
        }
    }
    if (auto done = check_setting("maxmemory-policy", "noeviction"); !done) {
        return done;
    }
    const Outcome loaded = load_scripts();
    if (loaded.trouble != Trouble::none) {
        return refuse(loaded.reason, loaded.trouble == Trouble::broken);
    }
    return {};
}

tl::expected<void, Refusal> Link::log_in() {
    if (!url_.password.empty()) {
        const Reply reply = url_.user.empty() ? command({"AUTH", url_.password})
                                              : command({"AUTH", url_.user, url_.password});
        if (reply.is_error()) {
            return refuse(reply.text, connected());
        }
    }
    if (url_.database != 0) {
        const Reply reply = command({"SELECT", std::to_string(url_.database)});
        if (reply.is_error()) {
            return refuse(reply.text, connected());
        }
    }
    return {};
}

tl::expected<void, Refusal> Link::check_server() {
    const Reply info = command({"INFO", "server"});
    const Reply replication = command({"INFO", "replication"});
    if (info.is_error() || replication.is_error()) {
        const std::string& problem = info.is_error() ? info.text : replication.text;
        return refuse(
            problem,
            connected() && trouble_of(problem) == Trouble::away && problem.substr(0, 2) == "NO");
    }
    const std::string_view version = field(info.text, "redis_version");
    int major = 0;
    std::from_chars(version.data(), version.data() + version.size(), major);
    if (major < kOldestMajor) {
        return refuse("Redis 6 or newer is needed, this is " + std::string(version), true);
    }
    if (field(replication.text, "role") == "slave") {
        return refuse("it is a replica: give the address of the primary", true);
    }
    const std::string server(field(info.text, "run_id"));
    if (server == server_) {
        end_earlier_connection();
    }
    server_ = server;
    const Reply id = command({"CLIENT", "ID"});
    client_id_ = id.kind == Reply::Kind::integer ? std::to_string(id.integer) : std::string();
    return {};
}

/// Numbers of connections count from 1 for each run of a server. That the earlier one is gone, or
/// that this is not permitted, is no problem.
void Link::end_earlier_connection() {
    if (!client_id_.empty()) {
        static_cast<void>(command({"CLIENT", "KILL", "ID", client_id_}));
    }
}

tl::expected<void, Refusal> Link::check_setting(std::string_view name, std::string_view wanted) {
    const Reply reply = command({"CONFIG", "GET", name});
    const std::string sentence = std::string(name).append(" ").append(wanted);
    if (!connected()) {
        return refuse(reply.text, false);
    }
    if (reply.kind != Reply::Kind::array || reply.elements.size() != 2) {
        warnings_.push_back("Redis does not tell its settings (" + reply.text +
                            "): see to it that it has `" + sentence + "`");
        return {};
    }
    if (!reply.at(1).is(wanted)) {
        return refuse("set `" + sentence + "` in redis.conf; it is `" + reply.at(1).text +
                          "`, and accepted commands could be lost",
                      true);
    }
    return {};
}

}  // namespace dm::redis
