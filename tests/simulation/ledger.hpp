#pragma once

#include "device-mgmt/broker/broker.hpp"
#include "device-mgmt/core/reports.hpp"
#include "protocol/frames.hpp"
#include "tests/simulation/disk.hpp"
#include "tests/simulation/run.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace dm::simulation {

/// What an operator published, under its Correlation Data, and what it was told.
struct Submission {
    explicit Submission(core::CommandKey wanted) : key(std::move(wanted)) {}

    core::CommandKey key;  ///< id empty: the node makes one
    std::string command;   ///< tells contents of one id apart
    std::optional<std::string> response_topic;
    bool is_immediate = false;
    bool names_after = false;
    bool is_cancel = false;
    unsigned arrivals = 0;  ///< at the node: how often it may have been looked at
    unsigned life = 0;      ///< of node and broker, when it arrived last
    bool is_taken = false;  ///< it was told `accepted`, or the end
    bool is_rejected = false;
    bool is_answered = false;  ///< either has reached the operator
};

/// Everybody's history, and the promises that are kept in it: of docs/protocol.md, as far as one
/// node, its devices and its broker can break them. Each is checked when it happens, where that can
/// be seen, and otherwise at the end.
class Ledger {
public:
    Ledger(Run& run, Disk& disk, std::size_t window) : run_(run), disk_(disk), window_(window) {}

    // ---- operators ----

    void submitted(const std::string& correlation, Submission submission);

    /// The broker has handed it to the node, which has taken it over.
    void arrived(const std::string& correlation);

    /// Whether the operator knows what has become of it.
    [[nodiscard]] bool is_answered(const std::string& correlation) const {
        return is_answered(submissions_.at(correlation));
    }

    // ---- the node ----

    /// A process has started.
    void started();

    /// The relay wants something of a session.
    void ordered(const core::Order& order);

    // ---- the broker ----

    /// It is killed: what it has only acknowledged, its subscribers never get.
    void broker_killed() { ++broker_lives_; }

    /// A publish of the node has arrived there.
    void published(const broker::OutboundMessage& message);

    /// … and at those who subscribe.
    void delivered(const broker::OutboundMessage& message);

    // ---- devices ----

    [[nodiscard]] std::uint64_t next_link() { return ++last_link_; }

    void greeted(const proto::DeviceId& device, std::uint64_t epoch);
    void received(const core::CommandKey& key,
                  std::uint64_t link,
                  const proto::CommandFrame& command);
    void executed(const core::CommandKey& key, std::string_view status, std::string_view data);

    void replied(const core::CommandKey& key) { ++stories_[key].replies; }

    void acknowledged(const core::CommandKey& key, proto::ReplyResult result);

    // ---- the end ----

    /// Whether everything that was promised has happened; false: more time may help.
    [[nodiscard]] bool is_settled() const;

    void check_end();

    /// What readers of the presence topic believe of a device: epoch, and whether it is online.
    [[nodiscard]] std::pair<std::uint64_t, bool> presence(const proto::DeviceId& device) const;

    [[nodiscard]] std::size_t executions() const { return executions_; }

private:
    /// What is known of one command besides what the disk knows.
    struct Story {
        unsigned received = 0;
        unsigned executions = 0;
        unsigned replies = 0;
        unsigned told_stored = 0;
        std::uint32_t last_attempt = 0;      ///< received
        unsigned received_in = 0;            ///< the life of the process that had sent it
        std::optional<std::string> outcome;  ///< of the execution, as the terminal must tell it
        std::optional<proto::WallTime> first_sent;
        proto::WallTime expires_at;     ///< of the last sending
        core::Instant reply_by;         ///< the same for the process that sent it
        unsigned life = 0;              ///< which process that was
        bool is_told_accepted = false;  ///< the operators have got it
        bool is_told_end = false;       ///< who was promised it has got it
    };

    /// Whether nothing that was taken over is still owed an answer.
    [[nodiscard]] bool is_square(const Submission& submission) const;
    void check_sending(const core::CommandKey& key, const proto::CommandFrame& frame);
    void check_status(const broker::OutboundMessage& message);
    void check_terminal(const broker::OutboundMessage& message);
    void check_rejection(const broker::OutboundMessage& message);
    void check_code(const Submission& submission, std::string_view code);
    void check_presence(const broker::OutboundMessage& message);
    void check_finished(const core::CommandKey& key, const Disk::Accepted& accepted);
    void check_execution(const Disk::Finished& finished, const Story& story);
    void check_time(const Disk::Finished& finished,
                    const Disk::Accepted& accepted,
                    const Story& story);
    [[nodiscard]] Submission* submission_of(const broker::OutboundMessage& message);
    [[nodiscard]] bool is_answered(const Submission& submission) const;
    [[nodiscard]] std::size_t unanswered(const proto::DeviceId& device) const;

    Run& run_;
    Disk& disk_;
    std::size_t window_;
    std::unordered_map<std::string, Submission> submissions_;  ///< by correlation
    std::unordered_map<core::CommandKey, Story> stories_;
    std::map<std::string, std::uint64_t> epochs_;         ///< the last given to a device
    std::map<std::string, std::uint64_t> last_orders_;    ///< of acceptance, executed by a device
    std::map<std::uint64_t, std::uint64_t> link_orders_;  ///< … received over a link
    std::map<std::string, std::pair<std::uint64_t, bool>> presence_;  ///< what readers believe
    std::uint64_t last_link_ = 0;
    unsigned broker_lives_ = 0;
    std::size_t executions_ = 0;
};

}  // namespace dm::simulation
