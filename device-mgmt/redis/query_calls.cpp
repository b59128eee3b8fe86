#include "device-mgmt/redis/calls.hpp"
#include "device-mgmt/redis/codec.hpp"
#include "device-mgmt/store/group_names.hpp"
#include "device-mgmt/store/history.hpp"
#include "protocol/json_fields.hpp"

#include <algorithm>
#include <utility>

namespace dm::redis {

namespace {

using store::CommandRecord;

/// Unfinished commands come before ended ones in a list.
constexpr std::uint64_t kUnfinishedCursor = std::uint64_t{1} << 62U;

std::uint64_t cursor_of(bool is_unfinished, std::uint64_t number) {
    return is_unfinished ? kUnfinishedCursor + number : number;
}

std::optional<proto::WallTime> time_if_any(const Reply& reply) {
    return reply.text.empty() ? std::nullopt : std::optional(store::from_ms(reply.number()));
}

/// What a terminal message says of the reason: `error.code`, or else the device's `status`.
std::string reason_of(const std::string& terminal) {
    std::string status;
    const auto fields = proto::read_object(terminal);
    if (!fields) {
        return status;
    }
    for (const proto::Field& field : *fields) {
        if (field.name == "status" && field.kind == proto::JsonKind::text) {
            status = field.text;
        }
        const auto error = field.name == "error" ? proto::read_object(field.raw) : fields;
        if (field.name != "error" || !error) {
            continue;
        }
        for (const proto::Field& part : *error) {
            if (part.name == "code") {
                return part.text;
            }
        }
    }
    return status;
}

/// See `record` in scripts/prelude.lua.
CommandRecord read_record(const Reply& row) {
    const bool is_unfinished = row.at(2).number() == 0;
    CommandRecord record{{stored_device(row.at(0).text), row.at(1).text},
                         row.at(4).text,
                         stored_state(row.at(5).text),
                         static_cast<std::uint32_t>(row.at(6).natural()),
                         store::from_ms(row.at(7).number()),
                         store::from_ms(row.at(8).number()),
                         time_if_any(row.at(9)),
                         time_if_any(row.at(11)),
                         {},
                         {},
                         cursor_of(is_unfinished, row.at(3).natural()),
                         parse_history(row.at(12).text)};
    if (!row.at(10).text.empty()) {
        record.operator_name = row.at(10).text.substr(1);
    }
    if (!row.at(13).text.empty()) {
        record.terminal = decode_end(row.at(13).text).payload;
        if (!record.history.empty()) {
            record.history.back().detail = reason_of(*record.terminal);
        }
    }
    return record;
}

std::vector<CommandRecord> read_records(const Reply& rows) {
    std::vector<CommandRecord> records;
    records.reserve(rows.elements.size());
    for (const Reply& row : rows.elements) {
        records.push_back(read_record(row));
    }
    return records;
}

template <class What, class Read>
void answer_with(Call& call, Calls::Answer<What> answer, Read read) {
    call.on_away = [answer] { answer(tl::unexpected(store::QueryProblem::failed)); };
    call.on_reply = [answer = std::move(answer),
                     read = std::move(read)](const Reply& reply) -> Call::Completion {
        return [answer, what = What(read(reply))] { answer(what); };
    };
}

std::optional<std::string> text_if_any(const Reply& reply) {
    return reply.is_nil() ? std::nullopt : std::optional(reply.text);
}

/// The fields of a device's record in the order of scripts/list_devices.lua, behind its id.
const std::vector<std::string> kDeviceFields{
    "on", "epoch", "node", "since", "reason", "model", "fw", "labels", "groups", "first", "last"};

/// `fields` begin at element `at`.
proto::DeviceDetails read_device(proto::DeviceId device, const Reply& fields, std::size_t at) {
    return {std::move(device),
            fields.at(at).is("1"),
            fields.at(at + 1).natural(),
            fields.at(at + 2).text,
            store::from_ms(fields.at(at + 3).number()),
            fields.at(at + 4).text,
            text_if_any(fields.at(at + 5)),
            text_if_any(fields.at(at + 6)),
            text_if_any(fields.at(at + 7)),
            store::split_groups(fields.at(at + 8).text),
            store::from_ms(fields.at(at + 9).number()),
            store::from_ms(fields.at(at + 10).number())};
}

std::string ms(proto::WallTime time) {
    return std::to_string(store::to_ms(time));
}

std::string marked(const std::optional<std::string>& text) {
    return text ? "+" + *text : std::string();
}

/// Above every character of a device id.
constexpr char kAbove = '~';

}  // namespace

Call Calls::find_command(const core::CommandKey& wanted,
                         Answer<std::optional<CommandRecord>> answer) {
    Call call{Script::find_command, {wanted.device.str(), wanted.id}};
    answer_with(call, std::move(answer), [](const Reply& reply) {
        return reply.is_nil() ? std::nullopt : std::optional(read_record(reply));
    });
    return call;
}

Call Calls::find_by_id(const std::string& id, Answer<std::vector<CommandRecord>> answer) {
    Call call{Script::find_by_id, {id, std::to_string(store::kMaxWithSameId)}};
    answer_with(call, std::move(answer), read_records);
    return call;
}

Call Calls::list(const store::ListRequest& request, Answer<store::CommandList> answer) {
    const std::uint64_t below = request.cursor.value_or(2 * kUnfinishedCursor);
    const bool among_unfinished = below >= kUnfinishedCursor;
    std::string unfinished_below = "none";
    std::string ended_below = "+inf";
    if (below == 2 * kUnfinishedCursor) {
        unfinished_below = "+inf";
    } else if (among_unfinished) {
        unfinished_below = "(" + std::to_string(below - kUnfinishedCursor);
    } else {
        ended_below = "(" + std::to_string(below);
    }
    const std::size_t limit = std::clamp<std::size_t>(request.limit, 1, store::kMaxListed);
    Call call{Script::list,
              {request.device.str(),
               request.state ? std::string(proto::word(*request.state)) : std::string(),
               std::to_string(limit),
               unfinished_below,
               ended_below,
               std::to_string(kMaxScanned)}};
    answer_with(call, std::move(answer), [](const Reply& reply) {
        store::CommandList list;
        list.commands = read_records(reply.at(0));
        if (reply.elements.size() > 1) {
            list.next = cursor_of(reply.at(1).number() == 0, reply.at(2).natural());
        }
        return list;
    });
    return call;
}

Call Calls::save_device(const proto::DeviceDetails& device) const {
    Call call{Script::save_device,
              {device.device.str(),
               device.online ? "1" : "0",
               std::to_string(device.epoch),
               device.node,
               ms(device.since),
               device.reason,
               marked(device.model),
               marked(device.firmware),
               marked(device.labels),
               store::join_groups(device.groups),
               ms(device.first_seen),
               ms(device.last_seen),
               std::to_string(settings_.keep_devices)}};
    return call;
}

Call Calls::find_device(const proto::DeviceId& device,
                        Answer<std::optional<proto::DeviceDetails>> answer) const {
    Call call{{}, {"HMGET", key(device, "dev")}};
    call.arguments.insert(call.arguments.end(), kDeviceFields.begin(), kDeviceFields.end());
    answer_with(call, std::move(answer), [device](const Reply& reply) {
        return reply.at(0).is_nil() ? std::nullopt : std::optional(read_device(device, reply, 0));
    });
    return call;
}

Call Calls::list_devices(const proto::DevicesQuery& query, Answer<store::DeviceList> answer) {
    const std::size_t limit = std::clamp<std::size_t>(query.limit, 1, store::kMaxListed);
    std::string from = query.prefix.empty() ? "-" : "[" + query.prefix;
    if (query.cursor && query.cursor->str() >= query.prefix) {
        from = "(" + query.cursor->str();
    }
    std::string index = "devices";
    if (query.online) {
        index = *query.online ? "online" : "offline";
    }
    Call call{Script::list_devices,
              {index, from, "(" + query.prefix + kAbove, std::to_string(limit + 1)}};
    answer_with(call, std::move(answer), [limit](const Reply& reply) {
        store::DeviceList list;
        list.more = reply.elements.size() > limit;
        for (std::size_t i = 0; i < std::min(limit, reply.elements.size()); ++i) {
            const Reply& row = reply.at(i);
            if (!row.at(1).is_nil()) {
                list.devices.push_back(read_device(stored_device(row.at(0).text), row, 1));
            }
        }
        return list;
    });
    return call;
}

Call Calls::stop_devices(std::size_t limit) {
    return Call{Script::stop_devices, {std::to_string(limit)}};
}

}  // namespace dm::redis
