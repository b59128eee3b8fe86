#include "firmware-sim/notices.hpp"

#include <utility>

#include <fmt/format.h>

namespace dm::sim {

void Notices::add(std::string text) {
    if (waiting_.size() < kMaxWaiting) {
        waiting_.push_back(std::move(text));
    } else {
        ++dropped_;
    }
}

void Notices::once(const std::string& text) {
    const std::lock_guard lock{mutex_};
    if (said_.size() < kMaxOnce && said_.insert(text).second) {
        add(text);
    }
}

void Notices::line(std::string text) {
    const std::lock_guard lock{mutex_};
    add(std::move(text));
}

std::vector<std::string> Notices::take() {
    const std::lock_guard lock{mutex_};
    if (dropped_ > 0) {
        waiting_.push_back(fmt::format("({} more lines)", std::exchange(dropped_, 0)));
    }
    return std::exchange(waiting_, {});
}

}  // namespace dm::sim
