#pragma once

#include "device-mgmt/core/clock.hpp"
#include "device-mgmt/core/command.hpp"
#include "device-mgmt/core/deadline_queue.hpp"
#include "device-mgmt/core/effects.hpp"
#include "device-mgmt/core/mailbox.hpp"
#include "device-mgmt/core/session_ref.hpp"
#include "protocol/operator_messages.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace dm::core {

struct DispatchSettings {
    std::string node;
    std::size_t window = 16;                 ///< unanswered commands per device
    std::size_t queue_per_device = 100;      ///< waiting ones; beyond: `queue_full`
    std::size_t max_unfinished = 1'000'000;  ///< of all devices; beyond: `queue_full`
};

/// A publish on the command topic that has been parsed and whose Response Topic is valid.
struct Submission {
    proto::DeviceId device;
    proto::CommandRequest request;
    ReplyTo reply_to;
    std::optional<std::string> traceparent;
    std::optional<std::string> operator_name;
    std::string fallback_id = {};  ///< the id if the request has none; unique
    bool after_known = true;  ///< whether `after`, if given, names a finished command of the device
};

/// Decides what happens to every command: the state machine of the contract for all devices of a
/// node. Every accepted command ends exactly once.
///
/// No I/O, no threads, no clock: each call gets the moment and appends what it wants done to the
/// effects, which the caller takes and carries out in order. One thread: the relay's. What cannot
/// be known here is told by calls: commits (`stored`, `stored_end`), sessions (`attach`, `detach`)
/// and what shards report.
class Dispatcher {
public:
    /// Ends decided by one call of `advance`; the rest is due at once.
    static constexpr std::size_t kMaxEndsPerTurn = 1000;

    explicit Dispatcher(DispatchSettings settings);

    // ---- from an earlier process ----

    /// Takes over an unfinished command as it was stored: one that has left is sent again, or its
    /// reply awaited if the device had it; one that must not be sent again ends. What is overdue
    /// ends with the next `advance`. In order of acceptance, before every other call about the
    /// device. A command that is held already is left as it is.
    void restore(Command command, Moment now);

    // ---- with other nodes ----

    /// Another process owns the device: forgets its commands and its session without telling
    /// anybody. Returns those that are not known to be accepted; for the others the new owner
    /// cares.
    [[nodiscard]] std::vector<Command> release(const proto::DeviceId& device);

    /// Nothing is sent until `go_on`: whether devices are still this node's is not known.
    void pause() { paused_ = true; }

    void go_on(Moment now);

    /// The same from `until` on, without a call: so a process that hung sends nothing late. To be
    /// put off in time.
    void send_until(Instant until, Moment now);

    /// Whether it has a session or unfinished commands here.
    [[nodiscard]] bool has_mailbox(const proto::DeviceId& device) const {
        return boxes_.count(device) > 0;
    }

    // ---- from operators ----

    /// `finished`: what the store knows of a finished command of the same device and id, asked
    /// before; must be given when there is no unfinished one.
    void submit(const Submission& submission,
                const std::optional<FinishedCommand>& finished,
                Moment now);

    /// Whether an unfinished command of this key is held here (the store need not be asked then).
    [[nodiscard]] bool holds(const CommandKey& key) const;

    /// Whether its commit is under way: accepted only after that.
    [[nodiscard]] bool is_storing(const CommandKey& key) const;

    enum class CancelResult {
        cancelled,
        already_sent,
        unknown,
    };

    CancelResult cancel(const CommandKey& key, Moment now);

    // ---- from the store ----

    void stored(const CommandKey& key, Moment now);

    void stored_end(const CommandKey& key);

    /// An awaited mark is durable.
    void marked(const CommandKey& key, Moment now);

    // ---- from sessions ----

    /// `session` owns the device now; another one that did before is detached.
    void attach(const proto::DeviceId& device, SessionRef session, Moment now);

    /// Nothing happens when `session` no longer owns the device.
    void detach(const proto::DeviceId& device, SessionRef session, Moment now);

    void sent(
        const proto::DeviceId& device, SessionRef session, std::string_view id, bool ok, Moment at);
    void writable(const proto::DeviceId& device, SessionRef session, Moment now);
    void acked(const proto::DeviceId& device, SessionRef session, std::string_view id, Moment now);

    /// Returns false when no unfinished command has this id: the store knows whether the reply is
    /// a repetition, late or unknown (see reply_to_finished).
    [[nodiscard]] bool replied(const proto::DeviceId& device,
                               SessionRef session,
                               const proto::Reply& reply,
                               Moment now);

    /// Answers a reply whose command is not held; `finished` is what the store found.
    void reply_to_finished(const proto::DeviceId& device,
                           SessionRef session,
                           const proto::Reply& reply,
                           const std::optional<FinishedCommand>& finished,
                           Moment now);

    // ---- time ----

    [[nodiscard]] std::optional<Instant> next_deadline() const { return deadlines_.next(); }

    /// Ends what is overdue, at most kMaxEndsPerTurn commands.
    void advance(Moment now);

    // ---- results ----

    [[nodiscard]] std::vector<Effect> take_effects();

    [[nodiscard]] std::size_t unfinished() const { return unfinished_; }

    [[nodiscard]] std::size_t waiting() const { return waiting_; }

    /// Devices that are held in memory: those with a session or with unfinished commands.
    [[nodiscard]] std::size_t mailboxes() const { return boxes_.size(); }

private:
    struct Ending {
        proto::CommandState state = proto::CommandState::failed;
        std::optional<std::string> status = {};
        std::optional<proto::JsonText> data = {};
        std::optional<proto::ErrorDetail> error = {};
        bool by_reply = false;
    };

    void repeat(Pending& pending, const Submission& submission, Moment now);
    [[nodiscard]] std::optional<std::pair<proto::Rejection, std::string>> refusal(
        const Mailbox& box, const Submission& submission) const;
    void accept(Mailbox& box, const Submission& submission, Moment now);
    /// Sends what may be sent now, oldest first.
    void pump(Mailbox& box, Moment now);
    void send(Mailbox& box, Pending& pending, Moment now);
    /// Whether the link takes commands; ends the pause after a full one when it is over.
    [[nodiscard]] static bool resume(Mailbox& box);
    [[nodiscard]] static bool decides_when_marked(const Pending& pending);
    void session_lost(Pending& pending, Moment now);
    /// The session says that the command did not leave.
    void came_back(Pending& pending, Moment at);
    void detach_from(Mailbox& box, SessionRef session, Moment now);
    void end(Pending& pending, Ending ending, Moment now);
    void end_unknown(Pending& pending, Moment now);
    void end_overdue(Pending& pending, Moment now);
    void set_stage(Pending& pending, Stage stage);
    void tell(Pending& pending, proto::CommandState state, Moment now, std::string detail = {});
    void mark(Pending& pending, proto::CommandState state, Moment now, std::string detail);
    void tell_accepted(const Pending& pending, const std::optional<ReplyTo>& also, Moment now);
    void tell_late(const proto::DeviceId& device,
                   const proto::Reply& reply,
                   std::uint32_t attempt,
                   Moment now);
    void reply_while_ending(Pending& pending,
                            SessionRef session,
                            const proto::Reply& reply,
                            Moment now);
    void reject(const Submission& submission, proto::Rejection code, std::string message);
    void drop_if_idle(const proto::DeviceId& device);
    [[nodiscard]] Mailbox* box_of(const proto::DeviceId& device);

    DispatchSettings settings_;
    std::unordered_map<proto::DeviceId, Mailbox> boxes_;  ///< devices with commands or a session
    DeadlineQueue<proto::DeviceId> deadlines_;
    std::vector<Effect> effects_;
    std::uint64_t next_number_ = 1;
    std::size_t unfinished_ = 0;
    std::size_t waiting_ = 0;
    bool paused_ = false;
    Instant send_until_ = Instant::max();
};

}  // namespace dm::core
