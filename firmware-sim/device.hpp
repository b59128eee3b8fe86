#pragma once

#include "firmware-sim/clock.hpp"
#include "firmware-sim/command_journal.hpp"
#include "firmware-sim/counters.hpp"
#include "firmware-sim/credentials.hpp"
#include "firmware-sim/models/model.hpp"
#include "firmware-sim/profile.hpp"
#include "firmware-sim/random.hpp"
#include "firmware-sim/reply_memory.hpp"
#include "firmware-sim/session.hpp"
#include "protocol/frames.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace dm::sim {

/// The behaviour of one simulated device over all its connections: no I/O, time is passed in, and
/// what it wants to send is appended to `out`.
///
/// Executes a command's id once. A reply is kept until its `reply_ack` and repeated, unchanged,
/// after every reconnect; a redelivered id gets the stored reply again. One thread.
class Device {
public:
    using Frames = std::vector<proto::DeviceFrame>;

    /// `model` is one of kModels. Profile, credentials (may be null), counters and journal (may be
    /// null) outlive it.
    Device(proto::DeviceId id,
           std::string_view model,
           const Profile& profile,
           const Credentials* credentials,
           Counters& counters,
           std::uint64_t seed,
           CommandJournal* journal = nullptr);

    /// What an earlier process of this device remembered; before the first connection. What was
    /// begun and not finished ends as an error: nobody knows how far it got.
    void restore(ReplyMemory memory, proto::WallTime now);

    [[nodiscard]] const ReplyMemory& memory() const { return memory_; }

    [[nodiscard]] const proto::DeviceId& id() const { return id_; }

    /// Of the last `welcome`; 0 before the first.
    [[nodiscard]] std::uint64_t epoch() const { return last_epoch_; }

    [[nodiscard]] Random& random() { return random_; }

    /// The connection has its 101. Nothing is sent before `welcome`.
    void on_open(Instant now);
    void on_frame(const proto::ServerFrame& frame, Moment now, Frames& out);

    /// Anything else that shows the server lives: pings, pongs, frames that cannot be read.
    void on_sign_of_life(Instant now);

    /// Does what is due: replies, heartbeats, readings, token renewal.
    void on_time(Moment now, Frames& out);

    /// True when the server has been silent for too long: the connection is to be dropped.
    [[nodiscard]] bool server_silent(Instant now) const;

    /// The connection is gone. Commands under way are finished all the same.
    void on_close();

    /// When on_time is to be called next; max() for never.
    [[nodiscard]] Instant next_due() const;

    /// `welcome` has come on this connection.
    [[nodiscard]] bool welcomed() const { return session_ && session_->welcomed(); }

    /// What the last `reconnect` frame of this connection said.
    [[nodiscard]] const std::optional<proto::Reconnect>& advice() const { return advice_; }

private:
    struct Work {
        Instant done;
        proto::Reply reply;
    };

    void on(const proto::Welcome& welcome, Moment now, Frames& out);
    void on(const proto::CommandFrame& command, Moment now, Frames& out);
    void on(const proto::ReplyAck& ack, Moment now, Frames& out);
    void on(const proto::StreamMessage& message, Moment now, Frames& out);
    void on(const proto::HeartbeatAnswer& answer, Moment now, Frames& out);
    void on(const proto::TokenOk& answer, Moment now, Frames& out);
    void on(const proto::Reconnect& advice, Moment now, Frames& out);
    void on(const proto::ErrorFrame& error, Moment now, Frames& out);

    void begin(const proto::CommandFrame& command, Moment now, Frames& out);
    void finish(proto::Reply reply, Frames& out);
    void keep_reply(proto::Reply reply);
    void send_reply(const proto::Reply& reply, Frames& out);
    void finish_due_work(Instant now, Frames& out);
    void send_reading(Moment now, Frames& out);
    void renew_token(Moment now, Frames& out);

    proto::DeviceId id_;
    const Profile& profile_;
    const Credentials* credentials_;
    Counters& counters_;
    CommandJournal* journal_;
    Random random_;
    std::unique_ptr<Model> model_;

    ReplyMemory memory_;
    std::vector<Work> working_;  ///< bounded by the server's window
    std::uint64_t last_epoch_ = 0;
    bool seen_ = false;  ///< has been welcomed at least once

    std::optional<Session> session_;
    std::optional<proto::Reconnect> advice_;
    Instant next_reading_ = Instant::max();
};

}  // namespace dm::sim
