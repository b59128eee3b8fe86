#pragma once

#include "device-mgmt/redis/reply.hpp"
#include "device-mgmt/redis/scripts.hpp"

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace dm::redis {

/// A call to the store on its way to Redis: the command, and what its answer leads to.
struct Call {
    /// To be run on the relay's thread; may be empty.
    using Completion = std::function<void()>;

    std::optional<Script> script = {};  ///< absent: a command of Redis, which `arguments` names
    std::vector<std::string> arguments = {};  ///< of a script: behind prefix, node and boot
    /// On the store's thread. May be empty, throws Damaged. Called once, with an answer that
    /// stands.
    std::function<Completion(const Reply&)> on_reply = {};
    /// A query has one: what is run in its place while Redis is away.
    Completion on_away = {};
    bool takes = false;   ///< no mere query: once sent, only Redis knows what came of it
    bool urgent = true;   ///< somebody waits for it
    bool joined = false;  ///< nothing comes between it and the call before

    /// Roughly what it takes in memory.
    [[nodiscard]] std::size_t bytes() const {
        std::size_t sum = sizeof(Call);
        for (const std::string& argument : arguments) {
            sum += argument.size() + sizeof(std::string);
        }
        return sum;
    }
};

}  // namespace dm::redis
