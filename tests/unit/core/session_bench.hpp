#pragma once

#include "device-mgmt/core/session.hpp"
#include "tests/support/device_ids.hpp"
#include "tests/support/recording_host.hpp"
#include "tests/support/recording_link.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dm::test {

using namespace std::chrono_literals;

/// One session between a recording link and a recording host, on a manual clock.
class SessionBench {
public:
    struct Options {
        core::SessionSettings settings = {"n1"};
        proto::Format format = proto::Format::json;
        std::optional<std::chrono::milliseconds> token_for = {};  ///< of validity from now on
        bool welcomed = true;
    };

    SessionBench() : SessionBench(Options{}) {}

    explicit SessionBench(Options options);

    /// A text frame from the device.
    void receive(std::string_view text) { session.on_frame(core::FrameKind::text, text); }

    /// Time passes, and the looks that the session asked for are given exactly when due.
    void pass(std::chrono::milliseconds time);

    void send_command(std::string_view id, std::string args = "{}");

    /// Everything sent to the device, decoded.
    [[nodiscard]] std::vector<proto::ServerFrame> frames() const;
    /// Their types in order, with a blank between.
    [[nodiscard]] std::string types() const;

    /// The last frame, which must be a `Frame`.
    template <typename Frame>
    [[nodiscard]] Frame last() const {
        return std::get<Frame>(frames().back());
    }

    /// The close code asked of the link as a number; 0 when open.
    [[nodiscard]] int close_code() const;
    [[nodiscard]] std::string close_reason() const;
    /// CommandSent reports as `id:yes id:no …`, SessionWritable as `writable`, in order.
    [[nodiscard]] std::string sent_reports() const;

    core::SessionSettings settings;
    RecordingHost host;
    RecordingLink link;
    proto::Format format;
    core::Session session;
};

}  // namespace dm::test
