#pragma once

#include "device-mgmt/check/check_table.hpp"
#include "firmware-sim/check/probe.hpp"
#include "firmware-sim/check/server_check_options.hpp"
#include "firmware-sim/run_setup.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace dm::sim {

using check::Check;
using check::Verdict;

/// A session after its `welcome`.
struct Welcomed {
    std::unique_ptr<Probe> probe;
    proto::Welcome welcome;
};

/// What the checks of a server have in common: the way in, and the table.
class ServerCheck {
public:
    ServerCheck(const ServerCheckOptions& options, RunSetup setup);

    [[nodiscard]] check::CheckTable& table() { return table_; }

    [[nodiscard]] const ServerCheckOptions& options() const { return options_; }

    [[nodiscard]] const proto::DeviceId& device() const { return device_; }

    /// A good opening of the device.
    [[nodiscard]] Opening opening() const;

    /// Credentials of another device, where the check can make them.
    [[nodiscard]] std::optional<std::string> token_of(std::string_view device) const;

    /// A fresh token for in-band renewal, if sessions have tokens.
    [[nodiscard]] std::optional<std::string> renewal(std::string_view device) const;

    /// A connection without an opening handshake; null: why is in trouble().
    [[nodiscard]] std::unique_ptr<Probe> connect(proto::Format format = proto::Format::json);

    /// The status of one opening on a connection of its own; 0 without an answer.
    [[nodiscard]] int status_of(const Opening& opening);

    /// A welcomed session, or a failed row and nothing.
    [[nodiscard]] std::optional<Welcomed> session(const Check& row,
                                                  proto::Format format = proto::Format::json);

    /// What went wrong last on the way in.
    [[nodiscard]] const std::string& trouble() const { return trouble_; }

private:
    ServerCheckOptions options_;
    RunSetup setup_;
    proto::DeviceId device_;
    check::CheckTable table_{true};
    std::string trouble_;
};

// The checks, each on connections of its own.
void check_openings(ServerCheck& check);
void check_frames(ServerCheck& check);
void check_closes(ServerCheck& check);
void check_sessions(ServerCheck& check);
void check_commands(ServerCheck& check);

/// `firmware-sim check`.
[[nodiscard]] int run_server_check(const ServerCheckOptions& options);

}  // namespace dm::sim
