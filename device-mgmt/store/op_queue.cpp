#include "device-mgmt/store/op_queue.hpp"

#include <utility>

namespace dm::store {

void OpQueue::push(std::vector<Op> together, Wake wake) {
    std::unique_lock lock(mutex_);
    bool joined = false;
    for (Op& op : together) {
        add(std::move(op), std::exchange(joined, true));
    }
    if (wake == Wake::yes && is_due()) {
        lock.unlock();
        wake_.notify_one();
    }
}

void OpQueue::add(Op op, bool joined) {
    bytes_ += bytes_of(op);
    urgent_ += is_urgent(op) ? 1U : 0U;
    heavy_ += is_heavy(op) ? 1U : 0U;
    ops_.push_back({std::move(op), joined});
}

bool OpQueue::is_due() const {
    return urgent_ > 0 || ops_.size() >= kMaxIdle;
}

void OpQueue::wait(std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, patience, [&] { return closed_ || nudged_ || is_due(); });
    nudged_ = false;
}

void OpQueue::nudge() {
    {
        const std::lock_guard lock(mutex_);
        nudged_ = true;
    }
    wake_.notify_one();
}

std::vector<Op> OpQueue::take() {
    const std::lock_guard lock(mutex_);
    std::vector<Op> batch;
    std::size_t bytes = 0;
    while (!ops_.empty() &&
           (ops_.front().joined || (batch.size() < kMaxBatch && bytes < kMaxBatchBytes))) {
        Op& next = ops_.front().op;
        const std::size_t size = bytes_of(next);
        urgent_ -= is_urgent(next) ? 1U : 0U;
        heavy_ -= is_heavy(next) ? 1U : 0U;
        bytes += size;
        bytes_ -= size;
        batch.push_back(std::move(next));
        ops_.pop_front();
    }
    return batch;
}

bool OpQueue::is_light() const {
    const std::lock_guard lock(mutex_);
    return heavy_ == 0 && ops_.size() <= kMaxLight && bytes_ <= kMaxLightBytes;
}

bool OpQueue::wait_closed(std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    return wake_.wait_for(lock, patience, [&] { return closed_; });
}

void OpQueue::close() {
    {
        const std::lock_guard lock(mutex_);
        closed_ = true;
    }
    wake_.notify_all();
}

bool OpQueue::closed() const {
    const std::lock_guard lock(mutex_);
    return closed_;
}

bool OpQueue::has_room() const {
    const std::lock_guard lock(mutex_);
    return ops_.size() < kMaxBacklog && bytes_ < kMaxBacklogBytes;
}

std::size_t OpQueue::size() const {
    const std::lock_guard lock(mutex_);
    return ops_.size();
}

std::size_t OpQueue::urgent() const {
    const std::lock_guard lock(mutex_);
    return urgent_;
}

}  // namespace dm::store
