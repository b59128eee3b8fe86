#include "device-mgmt/core/command_broadcasts.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace dm::core {

bool CommandBroadcasts::begin(CommandBroadcast broadcast) {
    if (runs_.size() >= kMaxCommandBroadcasts) {
        return false;
    }
    if (broadcast.devices.empty()) {
        finished_.push_back(
            {std::move(broadcast.id), std::move(broadcast.group), std::move(broadcast.reply_to)});
        return true;
    }
    runs_.emplace(next_run_++, Run{std::move(broadcast)});
    return true;
}

bool CommandBroadcasts::has_slice() const {
    return open_.size() < kMaxOpen &&
           std::any_of(runs_.begin(), runs_.end(), [](const auto& entry) {
               return entry.second.next < entry.second.broadcast.devices.size();
           });
}

std::vector<Submission> CommandBroadcasts::take_slice() {
    std::vector<Submission> slice;
    if (!has_slice()) {
        return slice;
    }
    auto chosen = runs_.upper_bound(turn_);
    const auto is_through = [&] {
        return chosen == runs_.end() ||
               chosen->second.next == chosen->second.broadcast.devices.size();
    };
    while (is_through()) {
        chosen = chosen == runs_.end() ? runs_.begin() : std::next(chosen);
    }
    turn_ = chosen->first;
    Run& run = chosen->second;
    const CommandBroadcast& broadcast = run.broadcast;
    const std::size_t end =
        std::min({broadcast.devices.size(), run.next + kSlice, run.next + kMaxOpen - open_.size()});
    for (; run.next < end; ++run.next) {
        const proto::DeviceId& device = broadcast.devices[run.next];
        proto::CommandRequest request = broadcast.request;
        request.id = broadcast.id + "." + device.str();
        open_.emplace(CommandKey{device, *request.id}, turn_);
        Submission submission{device,
                              std::move(request),
                              broadcast.reply_to,
                              broadcast.traceparent,
                              broadcast.operator_name};
        slice.push_back(std::move(submission));
    }
    return slice;
}

void CommandBroadcasts::settle(const CommandKey& key, bool rejected) {
    const auto [first, last] = open_.equal_range(key);
    std::vector<std::uint64_t> runs;
    std::transform(
        first, last, std::back_inserter(runs), [](const auto& open) { return open.second; });
    open_.erase(first, last);
    for (const std::uint64_t run : runs) {
        settle_one(run, rejected);
    }
}

void CommandBroadcasts::settle_one(std::uint64_t number, bool rejected) {
    const auto it = runs_.find(number);
    Run& run = it->second;
    ++run.settled;
    run.rejected += rejected ? 1U : 0U;
    if (run.settled < run.broadcast.devices.size()) {
        return;
    }
    finished_.push_back({std::move(run.broadcast.id),
                         std::move(run.broadcast.group),
                         std::move(run.broadcast.reply_to),
                         run.settled,
                         run.rejected});
    runs_.erase(it);
}

std::vector<FinishedBroadcast> CommandBroadcasts::take_finished() {
    return std::exchange(finished_, {});
}

}  // namespace dm::core
