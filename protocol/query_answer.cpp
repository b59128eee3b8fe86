#include "protocol/query_answer.hpp"

#include "protocol/json_writer.hpp"

#include <utility>

namespace dm::proto {

namespace {

/// What an answer has besides its list: names, node, time, cursor.
constexpr std::size_t kHeadBytes = 1024;

/// A JSON array that takes elements as long as they fit.
class BoundedArray {
public:
    explicit BoundedArray(std::size_t max_bytes) : max_bytes_(max_bytes) {}

    /// False, and not taken, when it does not fit.
    [[nodiscard]] bool add(const std::string& element) {
        if (count_ > 0 && text_.size() + element.size() + 2 > max_bytes_) {
            return false;
        }
        text_.append(count_ == 0 ? "" : ",").append(element);
        ++count_;
        return true;
    }

    [[nodiscard]] std::size_t size() const { return count_; }

    [[nodiscard]] std::string take() { return std::move(text_.append("]")); }

private:
    std::size_t max_bytes_;
    std::size_t count_ = 0;
    std::string text_ = "[";
};

JsonWriter head(std::string_view query, const std::string& node, WallTime now) {
    JsonWriter out;
    if (!query.empty()) {
        out.text("query", query);
    }
    out.text("node", node).time("time", now);
    return out;
}

void write(JsonWriter& out, const CommandSummary& command) {
    out.text("device", command.device.str())
        .text("id", command.id)
        .text("command", command.command)
        .text("state", word(command.state))
        .number("attempts", command.attempts)
        .time("accepted_at", command.accepted_at)
        .time("send_by", command.send_by)
        .time_if_any("reply_by", command.reply_by)
        .time_if_any("finished_at", command.finished_at)
        .text_if_any("operator", command.operator_name);
}

std::string object(const CommandSummary& command) {
    JsonWriter out;
    write(out, command);
    return out.take();
}

std::string object(const CommandStep& step) {
    JsonWriter out;
    out.number("seq", step.seq)
        .text("state", word(step.state))
        .number("attempt", step.attempt)
        .time("time", step.time)
        .text("node", step.node);
    if (!step.detail.empty()) {
        out.text("detail", step.detail);
    }
    return out.take();
}

std::string names(const std::vector<Name>& groups) {
    std::string array = "[";
    for (const Name& group : groups) {
        array += array.size() > 1 ? "," : "";
        append_json_string(array, group.str());
    }
    return array + "]";
}

std::string object(const DeviceDetails& device) {
    JsonWriter out;
    out.text("device", device.device.str())
        .boolean("online", device.online)
        .number("epoch", device.epoch)
        .text("node", device.node)
        .time("since", device.since)
        .text("reason", device.reason)
        .text_if_any("model", device.model)
        .text_if_any("firmware", device.firmware)
        .json_if_any("labels", device.labels)
        .json("groups", names(device.groups))
        .time("first_seen", device.first_seen)
        .time("last_seen", device.last_seen);
    return out.take();
}

}  // namespace

std::string AnswerWriter::command(const CommandDetails& command) const {
    BoundedArray history(kMaxHistoryBytes);
    bool cut = false;
    for (const CommandStep& step : command.history) {
        if (!history.add(object(step))) {
            cut = true;
            break;
        }
    }
    JsonWriter details;
    write(details, command.summary);
    details.json("history", history.take());
    if (cut) {
        details.boolean("history_cut", true);
    } else {
        details.json_if_any("terminal", command.terminal);
    }
    JsonWriter out = head("command", node_, now_);
    out.json("command", details.take());
    return out.take();
}

std::string AnswerWriter::same_id(const std::vector<CommandSummary>& commands, bool cut) const {
    BoundedArray array(kMaxAnswerBytes - kHeadBytes);
    for (const CommandSummary& command : commands) {
        if (!array.add(object(command))) {
            cut = true;
            break;
        }
    }
    JsonWriter out = head("command", node_, now_);
    out.json("commands", array.take());
    if (cut) {
        out.boolean("commands_cut", true);
    }
    return out.take();
}

std::string AnswerWriter::commands(const DeviceId& device,
                                   const std::vector<CommandSummary>& commands,
                                   const std::vector<std::uint64_t>& places,
                                   std::optional<std::uint64_t> next) const {
    BoundedArray array(kMaxAnswerBytes - kHeadBytes);
    for (std::size_t i = 0; i < commands.size(); ++i) {
        if (!array.add(object(commands[i]))) {
            next = places[i - 1];
            break;
        }
    }
    JsonWriter out = head("commands", node_, now_);
    out.text("device", device.str()).json("commands", array.take());
    if (next) {
        out.text("cursor", std::to_string(*next));
    }
    return out.take();
}

std::string AnswerWriter::device(const DeviceDetails& device) const {
    JsonWriter out = head("device", node_, now_);
    out.json("device", object(device));
    return out.take();
}

std::string AnswerWriter::devices(const std::vector<DeviceDetails>& devices, bool more) const {
    BoundedArray array(kMaxAnswerBytes - kHeadBytes);
    for (const DeviceDetails& device : devices) {
        if (!array.add(object(device))) {
            more = true;
            break;
        }
    }
    const std::size_t count = array.size();
    JsonWriter out = head("devices", node_, now_);
    out.json("devices", array.take());
    if (more && count > 0) {
        out.text("cursor", devices[count - 1].device.str());
    }
    return out.take();
}

std::string AnswerWriter::kicked(const DeviceId& device) const {
    JsonWriter out = head("kick", node_, now_);
    out.text("device", device.str());
    return out.take();
}

std::string AnswerWriter::failure(std::string_view query, const QueryFailure& failure) const {
    JsonWriter error;
    error.text("code", word(failure.code)).text("message", failure.message);
    JsonWriter out = head(query, node_, now_);
    out.json("error", error.take());
    return out.take();
}

}  // namespace dm::proto
