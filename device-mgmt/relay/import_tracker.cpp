#include "device-mgmt/relay/import_tracker.hpp"

#include <algorithm>

namespace dm::relay {

bool ImportTracker::done(store::Lsn lsn) {
    const auto found = std::lower_bound(
        open_.begin(), open_.end(), lsn, [](const Record& record, store::Lsn wanted) {
            return record.lsn < wanted;
        });
    if (found == open_.end() || found->lsn != lsn) {
        return false;
    }
    found->done = true;
    const store::Lsn before = imported_;
    while (!open_.empty() && open_.front().done) {
        imported_ = open_.front().lsn;
        open_.pop_front();
    }
    return imported_ != before;
}

}  // namespace dm::relay
