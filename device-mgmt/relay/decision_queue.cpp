#include "device-mgmt/relay/decision_queue.hpp"

#include <algorithm>
#include <utility>

namespace dm::relay {

void DecisionQueue::ready(store::Lsn lsn, std::function<void()> decide) {
    const auto found = std::lower_bound(
        open_.begin(), open_.end(), lsn, [](const Decision& record, store::Lsn wanted) {
            return record.lsn < wanted;
        });
    if (found != open_.end() && found->lsn == lsn) {
        found->decide = std::move(decide);
    }
}

std::optional<DecisionQueue::Decision> DecisionQueue::take() {
    if (open_.empty() || !open_.front().decide) {
        return std::nullopt;
    }
    Decision next = std::move(open_.front());
    open_.pop_front();
    return next;
}

}  // namespace dm::relay
