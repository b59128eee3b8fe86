#pragma once

#include "protocol/frame_codec.hpp"
#include "tests/simulation/connection.hpp"
#include "tests/simulation/ledger.hpp"
#include "tests/simulation/run.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace dm::simulation {

class Node;

/// A device with a journal: it executes an id once, however often the command comes and whenever it
/// loses its power, and repeats a reply until it is acknowledged. When it answers, how often, and
/// whether at all, is up to chance.
class Device {
public:
    using FindNode = std::function<Node*()>;  ///< null while the node is down

    Device(Run& run, Ledger& ledger, proto::DeviceId id, FindNode node);

    [[nodiscard]] const proto::DeviceId& id() const { return id_; }

    void start() { connect_later(std::chrono::milliseconds(0)); }

    // ---- what may happen to it ----

    /// Its network goes; it comes back by itself.
    void lose_network();

    /// It closes and comes back.
    void leave();

    /// It connects although it is connected: the old connection may still be on its way out.
    void connect_again() { connect(); }

    /// What was going on in it is gone, but for the journal.
    void power_cycle();

    /// Says something that nobody asked for.
    void babble();

    // ---- its connections ----

    void on_frame(LinkNumber link, std::string_view bytes);
    void on_closed(LinkNumber link, std::optional<std::chrono::milliseconds> retry_after);

    /// Greeted, and with nothing left to say.
    [[nodiscard]] bool is_settled() const { return epoch_ != 0 && unacknowledged_.empty(); }

    /// Of the session that it is in; 0: none.
    [[nodiscard]] std::uint64_t epoch() const { return epoch_; }

private:
    /// What the journal says of an executed id.
    struct Execution {
        std::string status;
        std::string data;
        unsigned replies = 1;  ///< given to each command that comes; 0: it never answers
        bool acks = false;
    };

    void connect();
    void connect_later(std::chrono::milliseconds wait);
    void keep_alive();
    void say(const proto::DeviceFrame& frame);
    void take(LinkNumber link, const proto::CommandFrame& command);
    void reply(const std::string& id);
    Execution& execute(const std::string& id);

    Run& run_;
    Ledger& ledger_;
    proto::DeviceId id_;
    FindNode node_;
    Schedule::Owner power_;
    LinkNumber link_ = 0;  ///< of the newest connection; 0: none
    bool is_connecting_ = false;
    std::uint64_t epoch_ = 0;
    std::map<std::string, Execution> journal_;
    std::map<std::string, proto::Reply> unacknowledged_;  ///< in the journal as well
};

}  // namespace dm::simulation
