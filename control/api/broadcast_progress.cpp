#include "control/api/broadcast_progress.hpp"

#include "protocol/json_fields.hpp"
#include "protocol/json_writer.hpp"
#include "protocol/operator_messages.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>
#include <utility>

namespace dm::control {

namespace {

/// The fields of whatever a node tells about a broadcast.
struct Told {
    std::string state;
    std::optional<std::string> id;
    std::optional<std::string> device;
    std::optional<std::string> node;
    std::optional<std::string> error;
    std::size_t addressed = 0;
    std::size_t sent = 0;
    std::size_t part = 0;
    std::vector<std::string> devices;
};

std::vector<std::string> texts(const std::optional<proto::JsonText>& array) {
    std::vector<std::string> made;
    auto elements = proto::read_array(array ? std::string_view(*array) : "[]");
    for (proto::Field& element : elements ? *elements : std::vector<proto::Field>{}) {
        made.push_back(std::move(element.text));
    }
    return made;
}

std::optional<Told> read_told(const std::string& payload) {
    auto fields = proto::read_object(payload);
    if (!fields) {
        return std::nullopt;
    }
    const bool no_device =
        std::none_of(fields->begin(), fields->end(), [](const proto::Field& field) {
            return field.name == "device" && field.kind == proto::JsonKind::text;
        });
    std::vector<proto::Field> kept;
    for (proto::Field& field : *fields) {
        if (field.kind != proto::JsonKind::null) {
            kept.push_back(std::move(field));
        }
    }
    proto::FieldReader in(std::move(kept));
    Told told;
    told.state = in.text("state", SIZE_MAX);
    told.id = in.text_if_any("id", SIZE_MAX);
    told.node = in.text_if_any("node", SIZE_MAX);
    if (!no_device) {
        told.device = in.text_if_any("device", SIZE_MAX);
    } else {
        told.addressed = in.natural_if_any("addressed", 0, SIZE_MAX).value_or(0);
        told.sent = in.natural_if_any("sent", 0, SIZE_MAX).value_or(0);
        told.part = in.natural_if_any("part", 0, SIZE_MAX).value_or(0);
    }
    told.devices = texts(in.json_if_any("devices"));
    told.error = in.object_if_any("error");
    return in.problem() ? std::nullopt : std::optional(std::move(told));
}

}  // namespace

BroadcastProgress::Read BroadcastProgress::take(const std::string& payload) {
    auto told = read_told(payload);
    if (!told) {
        return {};
    }
    const std::string node = told->node.value_or("");
    if (told->device) {  // one of its commands
        const auto state = proto::parse_command_state(told->state);
        if (told->state == "rejected" || (state && proto::is_terminal(*state))) {
            const auto [end, is_new] = end_of_.try_emplace(*told->device);
            if (!is_new) {
                return {};  // told again
            }
            const auto count = ends_.try_emplace(told->state).first;
            ++count->second;
            end->second = count->first;
            ended_.push_back({end->first, end->second});
        }
        return {told->state, false, {}, {}};
    }
    if (told->state == "rejected") {
        ++refusals_;
        proto::FieldReader error(
            proto::read_object(told->error.value_or("{}")).value_or(std::vector<proto::Field>{}));
        return {"refused", true, error.text("code", SIZE_MAX), error.text("message", SIZE_MAX)};
    }
    if (told->state == "addressed") {
        if (addressed_by_.insert(node).second) {
            addressed_ += told->addressed;
        }
        answered_.insert(node);
        if (parts_.emplace(node, told->part).second) {  // a repeated broadcast tells them again
            std::move(told->devices.begin(), told->devices.end(), std::back_inserter(devices_));
        }
    } else if (told->state == "sent") {
        if (answered_.insert(node).second) {
            addressed_ += told->addressed;
            sent_ += told->sent;
        }
    }
    return {told->state, false, {}, {}};
}

bool BroadcastProgress::is_complete(std::size_t nodes) const {
    const bool commands_over = addressed_by_.empty() || ended_.size() >= addressed_;
    return answers() >= nodes && answers() > 0 && commands_over;
}

std::string BroadcastProgress::summary() const {
    proto::JsonWriter out;
    out.number("nodes", answered_.size()).number("addressed", addressed_);
    if (addressed_by_.empty()) {
        out.number("sent", sent_);
    } else {
        for (const char* state :
             {"succeeded", "failed", "timed_out", "expired", "cancelled", "rejected"}) {
            const auto found = ends_.find(state);
            out.number(state, found == ends_.end() ? 0 : found->second);
        }
        out.number("open", addressed_ > ended_.size() ? addressed_ - ended_.size() : 0);
    }
    return out.take();
}

}  // namespace dm::control
