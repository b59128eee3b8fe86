#pragma once

#include "protocol/codes.hpp"
#include "protocol/frames.hpp"
#include "protocol/ids.hpp"
#include "protocol/query_request.hpp"
#include "protocol/time.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Answers to queries, as values and as JSON text.
namespace dm::proto {

/// Lists end before an answer would be longer; then it has a cursor.
inline constexpr std::size_t kMaxAnswerBytes = 65536;

/// A history ends before it would be longer. With the terminal message, which may be as long as a
/// device's frame, the answer stays below the 128 KiB that brokers are set to accept.
inline constexpr std::size_t kMaxHistoryBytes = 32768;

/// A step in the life of a command. `seq` rises with every step, also across restarts:
/// max(last + 1, Unix ms of the step).
struct CommandStep {
    std::uint64_t seq;
    CommandState state;
    std::uint32_t attempt;
    WallTime time;
    std::string node;
    std::string detail;  ///< may be empty
};

/// A command as lists show it.
struct CommandSummary {
    DeviceId device;
    std::string id;
    std::string command;
    CommandState state;
    std::uint32_t attempts = 0;
    WallTime accepted_at;
    WallTime send_by;
    std::optional<WallTime> reply_by;
    std::optional<WallTime> finished_at;
    std::optional<std::string> operator_name;
};

struct CommandDetails {
    CommandSummary summary;
    std::vector<CommandStep> history;  ///< those that were asked for
    std::optional<JsonText> terminal;
};

/// A device that has been connected at least once.
struct DeviceDetails {
    DeviceId device;
    bool online;
    std::uint64_t epoch;  ///< of its last session
    std::string node;     ///< of its last session
    WallTime since;       ///< it is online or offline
    std::string reason;   ///< as in presence
    std::optional<std::string> model;
    std::optional<std::string> firmware;
    std::optional<JsonText> labels;
    std::vector<Name> groups;
    WallTime first_seen;
    WallTime last_seen;
};

/// Writes answers of one node. Each fits in kMaxAnswerBytes, but for that of one command.
class AnswerWriter {
public:
    AnswerWriter(std::string node, WallTime now) : node_(std::move(node)), now_(now) {}

    /// Of a history that is too long the first steps, without the terminal message and with
    /// `history_cut`.
    [[nodiscard]] std::string command(const CommandDetails& command) const;

    /// Several commands of one id; `cut` says whether there are more.
    [[nodiscard]] std::string same_id(const std::vector<CommandSummary>& commands, bool cut) const;

    /// A page of a device's commands. `places[i]` is the cursor behind command i; `next` the one
    /// behind all of them, if anything follows.
    [[nodiscard]] std::string commands(const DeviceId& device,
                                       const std::vector<CommandSummary>& commands,
                                       const std::vector<std::uint64_t>& places,
                                       std::optional<std::uint64_t> next) const;

    [[nodiscard]] std::string device(const DeviceDetails& device) const;

    /// A page of the fleet; `more` says whether anything follows.
    [[nodiscard]] std::string devices(const std::vector<DeviceDetails>& devices, bool more) const;

    /// The session of a device has been told to end.
    [[nodiscard]] std::string kicked(const DeviceId& device) const;

    /// `query`: what was asked, as far as it could be read.
    [[nodiscard]] std::string failure(std::string_view query, const QueryFailure& failure) const;

private:
    std::string node_;
    WallTime now_;
};

}  // namespace dm::proto
