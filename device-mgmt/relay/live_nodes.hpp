#pragma once

#include "device-mgmt/broker/broker.hpp"
#include "protocol/topics.hpp"

#include <cstddef>
#include <mutex>
#include <set>
#include <string>

namespace dm::relay {

/// The other nodes that say they are up, from their retained `<prefix>/nodes/<node>`. Any thread.
class LiveNodes {
public:
    /// More nodes than this are not told apart; nobody has so many.
    static constexpr std::size_t kMaxNodes = 1000;

    LiveNodes(const proto::Topics& topics, std::string own_name);

    /// Takes what a node says of itself; false: `message` is something else.
    [[nodiscard]] bool take(const broker::InboundMessage& message);

    [[nodiscard]] std::size_t others() const;

private:
    std::string prefix_;  ///< of their topics
    std::string own_name_;
    mutable std::mutex mutex_;
    std::set<std::string> up_;  ///< guarded by mutex_
};

}  // namespace dm::relay
