#pragma once

#include "device-mgmt/redis/call.hpp"
#include "device-mgmt/redis/connection.hpp"
#include "device-mgmt/redis/settings.hpp"
#include "device-mgmt/redis/url.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

namespace dm::redis {

/// Why a batch has no answer.
enum class Trouble {
    none,
    no_scripts,  ///< they have been flushed: load them and send again
    no_memory,   ///< over maxmemory: send again in a while
    away,        ///< not reachable, loading, read-only, …: connect and send again
    broken,      ///< a bug, or somebody else's keys
};

/// Of an error that Redis answers.
[[nodiscard]] Trouble trouble_of(std::string_view error);

struct Outcome {
    Trouble trouble = Trouble::none;
    std::string reason;          ///< of the trouble
    std::vector<Reply> replies;  ///< one for each call, when there is no trouble
};

/// Why Redis cannot be used.
struct Refusal {
    std::string reason;
    bool is_setting = false;  ///< it answers, and must be set up in another way
};

/// A connection to a Redis that fits: checked, with the scripts loaded. One thread.
class Link {
public:
    Link(Url url, const RedisSettings& settings);

    /// Connects anew. A command of the earlier connection that the server has not read yet is not
    /// executed any more: otherwise it could be after what is sent again.
    [[nodiscard]] tl::expected<void, Refusal> connect();

    [[nodiscard]] bool connected() const { return connection_.has_value(); }

    void drop() { connection_.reset(); }

    /// Sends all calls as one pipeline; those joined to each other are executed without anything
    /// between. With a trouble some calls may have been executed: send all again. `tick` is called
    /// between answers.
    [[nodiscard]] Outcome exchange(const std::vector<Call>& batch,
                                   const std::function<void()>& tick = {});

    /// One call.
    [[nodiscard]] Outcome exchange(Call call);

    /// Loads the scripts again.
    [[nodiscard]] Outcome load_scripts();

    /// What could not be checked at the last connect, as sentences.
    [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }

    /// `host:port/database`.
    [[nodiscard]] std::string place() const { return url_.place(); }

private:
    [[nodiscard]] tl::expected<void, Refusal> greet();
    [[nodiscard]] tl::expected<void, Refusal> log_in();
    [[nodiscard]] tl::expected<void, Refusal> check_server();
    [[nodiscard]] tl::expected<void, Refusal> check_setting(std::string_view name,
                                                            std::string_view wanted);
    void end_earlier_connection();
    [[nodiscard]] Reply command(const std::vector<std::string_view>& arguments);
    void send(const Call& call);
    [[nodiscard]] Outcome failed(Trouble trouble, std::string reason);
    /// Takes the next answer as that of a call; false when there is trouble.
    [[nodiscard]] bool receive(Outcome& outcome, bool keep);
    [[nodiscard]] bool receive_joined(Outcome& outcome, std::size_t count);

    Url url_;
    std::string prefix_;
    std::string node_;
    std::string boot_;
    std::chrono::milliseconds timeout_;
    bool allow_volatile_;
    std::optional<Connection> connection_;
    std::array<std::string, kScriptNames.size()> hashes_;  ///< by Script
    std::vector<std::string> warnings_;
    std::string server_;     ///< run_id of the server
    std::string client_id_;  ///< of the connection there
};

}  // namespace dm::redis
