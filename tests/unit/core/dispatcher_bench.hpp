#pragma once

#include "device-mgmt/core/dispatcher.hpp"
#include "tests/support/device_ids.hpp"
#include "tests/support/manual_clock.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dm::test {

using namespace std::chrono_literals;

/// A dispatcher with everything around it played by the test: the store completes and sessions
/// confirm when told. What the dispatcher wants done is sorted into the lists below.
class DispatcherBench {
public:
    static constexpr core::SessionRef kFirst{0, 1};
    static constexpr core::SessionRef kSecond{1, 2};
    static constexpr core::SessionRef kThird{0, 3};

    explicit DispatcherBench(core::DispatchSettings settings = {"n1"});

    /// A submission of `id` to the bench's device, with defaults; change it, then submit it.
    [[nodiscard]] core::Submission request(std::string_view id) const;

    void submit(const core::Submission& submission);

    void submit(std::string_view id) { submit(request(id)); }

    /// The store has committed all acceptances so far.
    void commit_accepted();

    /// The store has committed all marks so far.
    void commit_marks();

    /// A command that an earlier process left.
    void restore(core::Command command);

    /// Ends the dispatcher's pause.
    void go_on();

    /// Submits and commits, marks as well.
    void accept(const core::Submission& submission);

    void accept(std::string_view id) { accept(request(id)); }

    /// The store has committed all ends so far; returns how many.
    std::size_t commit_ends();

    void attach(core::SessionRef session = kFirst);
    void detach(core::SessionRef session = kFirst);

    /// The session answers the last sending of `id`.
    void confirm(std::string_view id, bool left = true);

    /// Accepts, and confirms that it left: `sent`.
    void deliver(std::string_view id);

    void ack(std::string_view id, core::SessionRef session = kFirst);
    /// Whether an unfinished command was meant.
    bool reply(std::string_view id,
               std::string_view status = "ok",
               core::SessionRef session = kFirst);
    void writable(core::SessionRef session = kFirst);
    core::Dispatcher::CancelResult cancel(std::string_view id);

    /// Time passes; the dispatcher is told once, at the end.
    void pass(std::chrono::milliseconds time);

    /// The frames sent so far, in order, as `id/attempt id/attempt …`.
    [[nodiscard]] std::string sendings() const;
    [[nodiscard]] const core::SendFrame& last_sending(std::string_view id) const;
    /// The words of the states told of `id`, in order, with a blank between.
    [[nodiscard]] std::string states(std::string_view id) const;
    /// The ends of `id`; exactly one is right.
    [[nodiscard]] std::vector<proto::Terminal> ends(std::string_view id) const;
    /// The only end of `id`; throws when there is none or another.
    [[nodiscard]] proto::Terminal the_end(std::string_view id) const;
    /// The only end of `id` as `state` or `state:error code`.
    [[nodiscard]] std::string end_of(std::string_view id) const;
    /// The acks of replies so far, in order, as `id:result id:result …`.
    [[nodiscard]] std::string acknowledged() const;
    /// The rejections so far, in order, as `id:code …`.
    [[nodiscard]] std::string rejected() const;
    /// As the store remembers it.
    [[nodiscard]] core::FinishedCommand finished(std::string_view id) const;

    /// Everything has been let go: no counter, deadline or mailbox is left.
    [[nodiscard]] bool is_idle() const;

    core::CommandKey key(std::string_view id) const { return {device, std::string(id)}; }

    proto::DeviceId device = device_id("dev-1");
    ManualClock clock;
    core::Dispatcher dispatcher;

    std::vector<core::StoreAccepted> accepted;
    std::vector<core::StoreFinished> finishes;
    std::vector<core::StoreMark> marks;
    std::vector<core::SendFrame> sends;
    std::vector<core::AckReply> acks;
    std::vector<core::PublishStatus> statuses;
    std::vector<core::PublishRejection> rejections;
    std::vector<core::RepeatTerminal> repeats;

private:
    void take();

    std::size_t committed_accepted_ = 0;
    std::size_t committed_ends_ = 0;
    std::size_t committed_marks_ = 0;
    std::uint64_t made_ids_ = 0;
};

}  // namespace dm::test
