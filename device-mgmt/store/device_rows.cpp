#include "device-mgmt/store/device_rows.hpp"

#include "device-mgmt/store/command_rows.hpp"
#include "device-mgmt/store/group_names.hpp"
#include "device-mgmt/store/history.hpp"

#include <algorithm>
#include <string>
#include <string_view>

namespace dm::store {

namespace {

constexpr std::string_view kUpdate =
    "UPDATE devices SET online = ?2, epoch = ?3, node = ?4, since = ?5, reason = ?6,"
    " model = coalesce(?7, model), firmware = coalesce(?8, firmware),"
    " labels = coalesce(?9, labels), groups = ?10, last_seen = ?11"
    " WHERE device = ?1 AND epoch <= ?3";
constexpr std::string_view kInsert =
    "INSERT OR IGNORE INTO devices (device, online, epoch, node, since, reason, model, firmware,"
    " labels, groups, last_seen, first_seen) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)";
constexpr std::string_view kPrune =
    "DELETE FROM devices WHERE device IN"
    " (SELECT device FROM devices WHERE online = 0 ORDER BY last_seen LIMIT ?)";
constexpr std::string_view kColumns =
    "SELECT device, online, epoch, node, since, reason, model, firmware, labels, groups,"
    " first_seen, last_seen FROM devices WHERE ";

/// Above every character of a device id.
constexpr char kAbove = '~';

proto::DeviceDetails read(const Statement& row) {
    return {stored_device(row.text(0)),
            row.integer(1) != 0,
            row.natural(2),
            std::string(row.text(3)),
            from_ms(row.integer(4)),
            std::string(row.text(5)),
            row.text_if_any(6),
            row.text_if_any(7),
            row.text_if_any(8),
            split_groups(row.text(9)),
            from_ms(row.integer(10)),
            from_ms(row.integer(11))};
}

/// `online` stands in the text: only so its index is used.
std::string_view condition(const std::optional<bool>& online) {
    if (!online) {
        return "";
    }
    return *online ? "online = 1 AND " : "online = 0 AND ";
}

}  // namespace

DeviceRows::DeviceRows(const Database& database)
    : update_(database, kUpdate), insert_(database, kInsert), prune_(database, kPrune) {}

bool DeviceRows::save(const proto::DeviceDetails& device) {
    const std::string groups = join_groups(device.groups);
    const auto run = [&](Statement& statement, const auto&... more) {
        return statement.run(device.device.str(),
                             device.online,
                             device.epoch,
                             device.node,
                             to_ms(device.since),
                             device.reason,
                             device.model,
                             device.firmware,
                             device.labels,
                             groups,
                             to_ms(device.last_seen),
                             more...);
    };
    return run(update_) == 0 && run(insert_, to_ms(device.first_seen)) > 0;
}

std::size_t DeviceRows::prune(std::size_t limit) {
    return static_cast<std::size_t>(prune_.run(limit));
}

void end_device_sessions(Database& database) {
    Statement(database,
              "UPDATE devices SET online = 0, reason = ?, since = last_seen WHERE online = 1")
        .run(kNodeStopped);
}

std::optional<proto::DeviceDetails> read_device(const Database& database,
                                                const proto::DeviceId& device) {
    std::optional<proto::DeviceDetails> found;
    Statement rows(database, std::string(kColumns).append("device = ?"));
    rows.each([&] { found = read(rows); }, device.str());
    return found;
}

DeviceList read_devices(const Database& database, const proto::DevicesQuery& query) {
    DeviceList list;
    const std::size_t limit = std::clamp<std::size_t>(query.limit, 1, kMaxListed);
    Statement rows(database,
                   std::string(kColumns)
                       .append(condition(query.online))
                       .append("device > ?1 AND device >= ?2 AND device < ?3"
                               " ORDER BY device LIMIT ?4"));
    rows.each(
        [&] {
            if (list.devices.size() < limit) {
                list.devices.push_back(read(rows));
            } else {
                list.more = true;
            }
        },
        query.cursor ? query.cursor->str() : std::string(),
        query.prefix,
        query.prefix + kAbove,
        limit + 1);
    return list;
}

}  // namespace dm::store
