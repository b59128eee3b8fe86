#pragma once

#include "device-mgmt/core/session.hpp"
#include "tests/support/manual_clock.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

namespace dm::test {

/// A connection of the model: a real session between a link of little room and queues that hold
/// what is under way between relay and shard, until the model lets it arrive.
class ModelSession final : public core::DeviceLink, public core::SessionHost {
public:
    static constexpr std::size_t kRoom = 450;  ///< unsent bytes; a few commands, or one large

    ModelSession(core::SessionRef own,
                 const core::SessionSettings& settings,
                 const proto::DeviceId& device,
                 const ManualClock& clock)
        : ref(own),
          clock_(clock),
          session(settings, device, proto::Format::json, std::nullopt, *this, *this) {
        reports.emplace_back(core::SessionOpened{});
    }

    // DeviceLink
    [[nodiscard]] core::SendResult send(core::FrameKind /*kind*/,
                                        std::string_view payload) override {
        if (!open || unsent_ + payload.size() > kRoom) {
            dropped_ = true;
            return core::SendResult::dropped;
        }
        unsent_ += payload.size();
        unsent_frames_.emplace_back(payload);
        return core::SendResult::ok;
    }

    void close(proto::CloseCode /*code*/, std::string_view /*reason*/) override { open = false; }

    void abort() override { open = false; }

    [[nodiscard]] std::size_t unsent_bytes() const override { return unsent_; }

    [[nodiscard]] std::uint64_t taken_bytes() const override { return 0; }

    [[nodiscard]] std::string_view remote() const override { return "192.0.2.1:1"; }

    // SessionHost
    void report(core::ReportBody body) override { reports.push_back(std::move(body)); }

    void check_at(core::Instant /*when*/) override {}

    [[nodiscard]] tl::expected<proto::WallTime, std::string> renew_token(
        std::string_view /*jwt*/) override {
        return tl::unexpected(std::string("none"));
    }

    void count_in(std::string_view /*type*/) override {}

    void count_out(std::string_view /*type*/) override {}

    void log_close(proto::CloseCode /*code*/, std::string_view /*reason*/) override {}

    [[nodiscard]] core::Moment now() const override { return clock_.now(); }

    /// The device reads one frame; empty when there is none.
    [[nodiscard]] std::string read() {
        if (unsent_frames_.empty()) {
            return {};
        }
        std::string frame = std::move(unsent_frames_.front());
        unsent_frames_.pop_front();
        unsent_ -= frame.size();
        if (dropped_ && open && unsent_ <= kRoom / 2) {
            dropped_ = false;
            session.on_writable();
        }
        return frame;
    }

    /// The connection is gone; what the device has not read is lost.
    void lose() {
        open = false;
        if (!session.closed()) {
            unsent_frames_.clear();
            unsent_ = 0;
            session.on_close(proto::CloseCode::abnormal, "");
        }
    }

    core::SessionRef ref;
    bool open = true;
    bool welcomed = false;                 ///< the device has read its welcome
    std::uint64_t last_received = 0;       ///< number of the command
    std::deque<core::OrderBody> orders;    ///< relay → shard, under way
    std::deque<core::ReportBody> reports;  ///< shard → relay, under way

private:
    const ManualClock& clock_;
    std::deque<std::string> unsent_frames_;
    std::size_t unsent_ = 0;
    bool dropped_ = false;

public:
    core::Session session;  ///< last: it calls the rest from its constructor
};

}  // namespace dm::test
