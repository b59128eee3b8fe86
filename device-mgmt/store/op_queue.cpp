#include "device-mgmt/store/op_queue.hpp"

#include <utility>

namespace dm::store {

void OpQueue::push(Op op) {
    std::unique_lock lock(mutex_);
    add(std::move(op), false);
    wake(std::move(lock));
}

void OpQueue::push(std::vector<Op> together) {
    std::unique_lock lock(mutex_);
    bool joined = false;
    for (Op& op : together) {
        add(std::move(op), std::exchange(joined, true));
    }
    wake(std::move(lock));
}

void OpQueue::add(Op op, bool joined) {
    bytes_ += bytes_of(op);
    urgent_ += is_urgent(op) ? 1U : 0U;
    ops_.push_back({std::move(op), joined});
}

void OpQueue::wake(std::unique_lock<std::mutex> lock) {
    if (waiting_ && is_due()) {
        waiting_ = false;
        lock.unlock();
        wake_.notify_one();
    }
}

bool OpQueue::is_due() const {
    return urgent_ > 0 || ops_.size() >= kMaxIdle;
}

std::vector<Op> OpQueue::take(std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    waiting_ = true;
    wake_.wait_for(lock, patience, [&] { return closed_ || is_due(); });
    waiting_ = false;
    std::vector<Op> batch;
    std::size_t bytes = 0;
    while (!ops_.empty() &&
           (ops_.front().joined || (batch.size() < kMaxBatch && bytes < kMaxBatchBytes))) {
        Op& next = ops_.front().op;
        const std::size_t size = bytes_of(next);
        urgent_ -= is_urgent(next) ? 1U : 0U;
        bytes += size;
        bytes_ -= size;
        batch.push_back(std::move(next));
        ops_.pop_front();
    }
    return batch;
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

}  // namespace dm::store
