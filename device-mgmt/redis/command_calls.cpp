#include "device-mgmt/redis/calls.hpp"
#include "device-mgmt/redis/codec.hpp"
#include "device-mgmt/store/history.hpp"

#include <algorithm>
#include <utility>

namespace dm::redis {

namespace {

/// An end that nobody prunes goes by itself so much later: nothing runs.
constexpr std::chrono::milliseconds kExpirySlack = std::chrono::hours(1);

std::string ms(proto::WallTime time) {
    return std::to_string(store::to_ms(time));
}

std::string ms(std::chrono::milliseconds time) {
    return std::to_string(time.count());
}

std::string ms_if_any(const std::optional<proto::WallTime>& time) {
    return time ? ms(*time) : std::string();
}

/// Nothing, or `+` and the text: an empty text is something.
std::string marked(const std::optional<std::string>& text) {
    return text ? "+" + *text : std::string();
}

void raise_to(std::atomic<std::uint64_t>& value, std::uint64_t seen) {
    // One thread writes.
    value = std::max(value.load(), seen);
}

}  // namespace

std::string Calls::key(const std::string& name) const {
    return settings_.prefix + ":" + name;
}

std::string Calls::key(const proto::DeviceId& device, const std::string& what) const {
    return settings_.prefix + ":{" + device.str() + "}:" + what;
}

Call Calls::write(Script script,
                  std::vector<std::string> arguments,
                  proto::DeviceId device,
                  CommandStore::Done done) const {
    Call call{script, std::move(arguments)};
    const auto claim = claiming_->oldest(device);
    call.arguments.push_back(claim ? std::to_string(*claim) : std::string());
    call.on_reply = [lost = lost_, device = std::move(device), done = std::move(done)](
                        const Reply& reply) -> Call::Completion {
        if (reply.is("lost")) {
            return [lost, device] { lost(device); };
        }
        if (reply.is("stale")) {
            return {};  // the answer to the request voids what this came from
        }
        return done;
    };
    return call;
}

Call Calls::accept(const core::Command& command, CommandStore::Done done) const {
    std::optional<proto::WallTime> reply_by;
    if (command.reply_by) {
        reply_by = command.reply_by->wall;
    }
    return write(Script::accept,
                 {command.key.device.str(),
                  command.key.id,
                  encode_command(command),
                  command.content.command,
                  ms(command.accepted_at.wall),
                  ms(command.send_by.wall),
                  marked(command.operator_name),
                  std::string(proto::word(command.state)),
                  std::to_string(command.attempts),
                  ms_if_any(reply_by)},
                 command.key.device,
                 std::move(done));
}

Call Calls::finish(const core::FinishedCommand& finished,
                   const std::optional<store::OutboxRow>& row,
                   CommandStore::Done done) const {
    Call call = write(Script::finish,
                      {finished.key.device.str(),
                       finished.key.id,
                       encode_end(finished),
                       finished.content.command,
                       std::string(proto::word(finished.state)),
                       "",
                       ms(finished.finished_at),
                       ms(settings_.keep.age),
                       ms(store::kKeepAfterDeadline),
                       ms(kExpirySlack),
                       row ? std::to_string(row->number) : std::string(),
                       row ? encode_row(*row) : std::string()},
                      finished.key.device,
                      std::move(done));
    call.urgent = true;
    call.on_reply = [&standing = standing_,
                     of_word = std::move(call.on_reply)](const Reply& reply) -> Call::Completion {
        const Reply& word = reply.at(0);
        if (word.is("ok") && standing.oldest_end_ms == 0) {
            standing.oldest_end_ms = reply.at(1).number();
        }
        return of_word(word);
    };
    return call;
}

Call Calls::mark(const store::Mark& mark, CommandStore::Done done) const {
    return write(Script::mark,
                 {mark.key.device.str(),
                  mark.key.id,
                  std::string(proto::word(mark.state)),
                  std::to_string(mark.attempts),
                  ms_if_any(mark.reply_by),
                  ms(mark.at),
                  escape_detail(mark.detail)},
                 mark.key.device,
                 std::move(done));
}

Call Calls::find_finished(const core::CommandKey& wanted, CommandStore::Found found) const {
    Call call{{}, {"HGET", key(wanted.device, "f:" + wanted.id), "e"}};
    call.on_reply = [found = std::move(found)](const Reply& reply) -> Call::Completion {
        std::optional<core::FinishedCommand> end;
        if (!reply.is_nil()) {
            end = decode_end(reply.text);
        }
        return [found, end = std::move(end)] { found(end); };
    };
    return call;
}

Call Calls::put_outbox(const store::OutboxRow& row, CommandStore::Done done) {
    Call call{Script::put_outbox, {std::to_string(row.number), encode_row(row)}};
    call.on_reply = [done = std::move(done)](const Reply& /*reply*/) { return done; };
    return call;
}

Call Calls::find_outbox(std::vector<std::uint64_t> numbers, CommandStore::Rows rows) const {
    std::sort(numbers.begin(), numbers.end());
    Call call{{}, {"HMGET", key("outbox:" + settings_.node)}};
    for (const std::uint64_t number : numbers) {
        call.arguments.push_back(std::to_string(number));
    }
    if (numbers.empty()) {
        call.arguments = {"PING"};  // HMGET wants a field
    }
    call.on_reply = [numbers = std::move(numbers),
                     rows = std::move(rows)](const Reply& reply) -> Call::Completion {
        std::vector<store::OutboxRow> found;
        for (std::size_t i = 0; i < numbers.size(); ++i) {
            if (!reply.at(i).is_nil()) {
                found.push_back(decode_row(numbers[i], reply.at(i).text));
            }
        }
        return [rows, found = std::move(found)]() mutable { rows(std::move(found)); };
    };
    return call;
}

Call Calls::remove_outbox(const std::vector<std::uint64_t>& numbers) const {
    Call call{{}, {"HDEL", key("outbox:" + settings_.node)}};
    for (const std::uint64_t number : numbers) {
        call.arguments.push_back(std::to_string(number));
    }
    call.urgent = false;
    return call;
}

Call Calls::raise(const Stand& to) const {
    Call call{Script::node, {}};
    for (const std::uint64_t value : {to.lsn, to.epoch, to.acknowledged}) {
        call.arguments.push_back(value == 0 ? std::string() : std::to_string(value));
    }
    call.urgent = false;
    call.on_reply = [&standing = standing_](const Reply& reply) -> Call::Completion {
        raise_to(standing.durable_lsn, reply.at(0).natural());
        return {};
    };
    return call;
}

Call Calls::imported(std::uint64_t lsn) const {
    return raise({lsn, 0, 0});
}

Call Calls::acknowledged(std::uint64_t number) const {
    return raise({0, 0, number});
}

Call Calls::set_epoch(std::uint64_t epoch) const {
    return raise({0, epoch, 0});
}

}  // namespace dm::redis
