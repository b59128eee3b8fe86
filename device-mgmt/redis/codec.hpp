#pragma once

#include "device-mgmt/core/command.hpp"
#include "device-mgmt/store/command_store.hpp"
#include "device-mgmt/store/query.hpp"

#include <string>
#include <string_view>
#include <vector>

/// Values as they stand in Redis: a byte for the version, then numbers as little-endian bytes and
/// texts behind their length. Readers throw Damaged.
namespace dm::redis {

/// Without state, attempts, reply_by and number: those stand beside it and change.
[[nodiscard]] std::string encode_command(const core::Command& command);
/// Monotonic times as seen from `now`.
[[nodiscard]] core::Command decode_command(std::string_view bytes, core::Moment now);

[[nodiscard]] std::string encode_end(const core::FinishedCommand& finished);
[[nodiscard]] core::FinishedCommand decode_end(std::string_view bytes);

/// Without the number, by which it is found.
[[nodiscard]] std::string encode_row(const store::OutboxRow& row);
[[nodiscard]] store::OutboxRow decode_row(std::uint64_t number, std::string_view bytes);

/// A history is lines `at state attempt node detail`, each between two newlines; see prelude.lua.
[[nodiscard]] std::string escape_detail(std::string_view detail);
[[nodiscard]] std::vector<store::HistoryEntry> parse_history(std::string_view text);

[[nodiscard]] proto::DeviceId stored_device(std::string_view text);
[[nodiscard]] proto::CommandState stored_state(std::string_view text);

}  // namespace dm::redis
