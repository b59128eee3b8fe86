#pragma once

#include "device-mgmt/core/dispatcher.hpp"
#include "tests/support/manual_clock.hpp"
#include "tests/unit/core/model_session.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace dm::test {

/// The dispatcher and real sessions among operators, a store and devices that do what chance says:
/// commits, orders, reports and bytes arrive late, connections come, go and take over, links are
/// full. Everything that the dispatcher wants is checked against the contract. The same seed gives
/// the same run.
///
/// tests/simulation checks the same promises from outside of a whole node, over kills and restarts.
/// This sees what cannot be seen there: a command that waits although it could go, what is left in
/// memory, and the order of single wishes.
class DispatcherModel {
public:
    explicit DispatcherModel(std::uint64_t seed);

    /// Runs to the end, when everything has been let go; the first thing found wrong, or nothing.
    [[nodiscard]] std::string run(int steps);

    /// Commands accepted, and frames that devices have read: that the runs are worth something.
    [[nodiscard]] std::size_t accepted() const { return tracks_.size(); }

    [[nodiscard]] std::size_t received() const { return received_; }

private:
    /// What is known of one accepted command.
    struct Track {
        explicit Track(core::Command accepted) : key(accepted.key), command(std::move(accepted)) {}

        core::CommandKey key;
        core::Command command;
        bool committed = false;
        bool end_committed = false;
        int ends = 0;
        int told_accepted = 0;
        std::uint32_t left = 0;  ///< sendings that left, as far as the relay has been told
        std::optional<core::Moment> reply_by;
        std::optional<core::Instant> committed_at;
        std::optional<core::Instant> marked_at;  ///< at_most_once: that it is about to leave
        enum class Where { waiting, sending, sent, delivered, ended } where = Where::waiting;
        core::SessionRef session;  ///< of the last sending
    };

    struct StoreCall {
        std::uint64_t number;

        enum { acceptance, mark, end } what;
    };

    struct Device {
        proto::DeviceId id;
        std::optional<core::SessionRef> owner;  ///< as the relay knows it
        std::map<std::string, int> known;       ///< ids received → replies given so far
    };

    using Sessions = std::map<std::uint64_t, std::pair<std::size_t, std::unique_ptr<ModelSession>>>;

    // What may happen next.
    void step();
    void submit();
    void cancel();
    void complete_store_call();
    void connect(std::size_t device);
    static void deliver_order(ModelSession& session);
    void deliver_report(std::size_t device, ModelSession& session);
    void read_frame(std::size_t device, ModelSession& session);
    void speak(std::size_t device, ModelSession& session);
    void pass_time();

    // The relay.
    void on_report(std::size_t device, ModelSession& session, const core::SessionOpened& opened);
    void on_report(std::size_t device, ModelSession& session, const core::SessionClosed& closed);
    void on_report(std::size_t device, ModelSession& session, const core::CommandSent& sent);
    void on_report(std::size_t device, ModelSession& session, const core::SessionWritable& now);
    void on_report(std::size_t device, ModelSession& session, const core::ForwardedFrame& frame);
    void lose_owner(std::size_t device);

    // What the dispatcher wants done.
    void carry_out();
    void on_effect(const core::StoreAccepted& effect);
    void on_effect(const core::StoreFinished& effect);
    void on_effect(const core::StoreMark& effect);
    void on_effect(const core::SendFrame& effect);
    void on_effect(const core::AckReply& effect);
    void on_effect(const core::PublishStatus& effect);
    void on_effect(const core::PublishRejection& effect);
    void on_effect(const core::RepeatTerminal& effect);

    /// Lets everything under way arrive.
    void settle();
    void forget_closed();
    void check_no_stall();
    void check_all_ended();

    [[nodiscard]] Track* track(const core::CommandKey& key);
    [[nodiscard]] std::size_t in_flight(const proto::DeviceId& device) const;
    [[nodiscard]] std::pair<std::size_t, ModelSession*> any_session();
    [[nodiscard]] std::optional<core::FinishedCommand> find_finished(const core::CommandKey& key);
    [[nodiscard]] int chance(int below);
    void fail(const std::string& what);
    void require(bool right, const std::string& what);

    std::mt19937_64 random_;
    ManualClock clock_;
    core::DispatchSettings settings_;
    core::SessionSettings session_settings_{"n1"};
    core::Dispatcher dispatcher_;
    std::vector<Device> devices_;
    Sessions sessions_;  ///< by number; those whose end the relay knows are gone
    std::deque<StoreCall> store_;
    std::map<std::uint64_t, Track> tracks_;
    std::map<std::pair<std::string, std::string>, std::uint64_t> numbers_;  ///< device, id
    std::map<std::pair<std::uint64_t, std::string>, int> unacknowledged_;   ///< session, id
    std::uint64_t next_session_ = 1;
    std::uint64_t made_ids_ = 0;
    std::size_t received_ = 0;
    std::string failure_;
};

}  // namespace dm::test
