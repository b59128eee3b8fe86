#include "device-mgmt/store/pruner.hpp"

#include <algorithm>

namespace dm::store {

proto::WallTime Pruner::trusted_wall(core::Moment now) const {
    return std::min(now.wall,
                    started_.wall + std::chrono::duration_cast<std::chrono::milliseconds>(
                                        now.mono - started_.mono));
}

bool Pruner::due(std::size_t finished, core::Moment now) const {
    if (finished == 0) {
        return false;
    }
    if (position_.more || now.mono >= position_.next_round) {
        return true;
    }
    return position_.waits_for && (finished > keep_.count || too_old(*position_.waits_for, now));
}

Pruner::Slice Pruner::prune(CommandRows& rows,
                            std::size_t finished,
                            std::size_t limit,
                            core::Moment now) const {
    Slice slice;
    slice.position = position_;
    if (now.mono >= position_.next_round) {
        slice.position.looked_at = 0;
        slice.position.next_round = now.mono + kBetweenRounds;
    }
    slice.position.more = true;
    slice.position.waits_for.reset();
    limit = std::min(limit, kMaxSlice);
    std::size_t excess = finished > keep_.count ? finished - keep_.count : 0;
    std::size_t looked_at = 0;
    std::vector<std::uint64_t> numbers;
    rows.each_ended(slice.position.looked_at, limit, [&](const EndedRow& row) {
        ++looked_at;
        if (slice.position.waits_for) {
            return;
        }
        if (excess == 0 && !too_old(row.finished_at, now)) {
            slice.position.waits_for = row.finished_at;
            return;
        }
        slice.position.looked_at = row.number;
        if (trusted_wall(now) < row.deadline + kKeepAfterDeadline) {
            return;
        }
        excess -= excess > 0 ? 1 : 0;
        numbers.push_back(row.number);
        slice.position.gone = row.finished_at;
        slice.removed.push_back(row.key);
    });
    for (const std::uint64_t number : numbers) {
        rows.erase_ended(number);
    }
    slice.position.more = looked_at == limit && !slice.position.waits_for;
    return slice;
}

}  // namespace dm::store
