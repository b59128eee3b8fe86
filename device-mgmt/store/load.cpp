#include "device-mgmt/store/load.hpp"

#include "device-mgmt/store/command_rows.hpp"
#include "device-mgmt/store/history.hpp"

#include <chrono>
#include <string>
#include <utility>

namespace dm::store {

namespace {

core::Command read_command(const Statement& row, core::Moment now) {
    core::Command command{{stored_device(row.text(1)), std::string(row.text(2))},
                          {std::string(row.text(3)),
                           std::string(row.text(4)),
                           std::chrono::seconds(row.integer(5)),
                           std::chrono::seconds(row.integer(6))},
                          parse_delivery(row.text(7)),
                          row.integer(8) != 0,
                          {row.text_if_any(9), row.text_if_any(10)},
                          row.text_if_any(11),
                          row.text_if_any(12),
                          row.natural(0),
                          moment_of(from_ms(row.integer(13)), now),
                          moment_of(from_ms(row.integer(14)), now),
                          {},
                          stored_state(row.text(16)),
                          static_cast<std::uint32_t>(row.integer(17))};
    if (const auto reply_by = row.integer_if_any(15)) {
        command.reply_by = moment_of(from_ms(*reply_by), now);
    }
    return command;
}

}  // namespace

core::Moment moment_of(proto::WallTime wall, core::Moment now) {
    return {now.mono + (wall - now.wall), wall};
}

std::vector<core::Command> load_unfinished(const Database& database, core::Moment now) {
    std::vector<core::Command> commands;
    Statement count(database, "SELECT count(*) FROM unfinished");
    count.each([&] { commands.reserve(count.natural(0)); });
    Statement rows(database,
                   "SELECT seq, device, id, command, args, timeout_s, ttl_s, delivery,"
                   " report_states, response_topic, correlation, traceparent, operator,"
                   " accepted_at, send_by, reply_by, state, attempts FROM unfinished ORDER BY seq");
    rows.each([&] { commands.push_back(read_command(rows, now)); });
    return commands;
}

}  // namespace dm::store
