#include "control/api/broadcast_stream.hpp"

#include "control/sse/frame.hpp"
#include "protocol/json_writer.hpp"

#include <string_view>
#include <vector>

namespace dm::control {

namespace {

void append_name(std::string& list, std::string_view device) {
    list += list.empty() ? '[' : ',';
    proto::append_json_string(list, device);
}

std::string list_text(std::string_view name, std::string_view state, const std::string& devices) {
    proto::JsonWriter data;
    data.text("state", state).json("devices", devices + ']');
    return event_text(name, {}, data.take());
}

}  // namespace

void BroadcastStream::add(const std::string& event, const BroadcastProgress& progress) {
    behind_ = behind_ || text_.size() + event.size() > kMaxTextBytes;
    if (behind_) {
        return;
    }
    text_ += event;
    devices_ = progress.devices().size();
    ends_ = progress.ended().size();
}

std::string BroadcastStream::take(const BroadcastProgress& progress) {
    std::string batch = std::exchange(text_, {});
    if (batch.empty() && behind_) {
        batch = take_lists(progress);
        behind_ = devices_ < progress.devices().size() || ends_ < progress.ended().size();
    }
    if (!behind_ && is_over() && !told_) {
        batch += last_;
        told_ = true;
    }
    return batch;
}

std::string BroadcastStream::take_lists(const BroadcastProgress& progress) {
    std::string batch;
    std::string list;
    const std::vector<std::string>& devices = progress.devices();
    while (devices_ < devices.size() && list.size() < kMaxListBytes) {
        append_name(list, devices[devices_++]);
    }
    if (!list.empty()) {
        batch = list_text("addressed", "addressed", list);
    }
    const std::vector<BroadcastProgress::Ended>& ended = progress.ended();
    while (ends_ < ended.size() && batch.size() < kMaxListBytes) {
        const std::string_view state = ended[ends_].state;
        list.clear();
        while (ends_ < ended.size() && ended[ends_].state == state &&
               batch.size() + list.size() < kMaxListBytes) {
            append_name(list, ended[ends_++].device);
        }
        batch += list_text("ends", state, list);
    }
    return batch;
}

}  // namespace dm::control
