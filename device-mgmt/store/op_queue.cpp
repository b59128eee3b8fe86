#include "device-mgmt/store/op_queue.hpp"

#include <utility>

namespace dm::store {

void OpQueue::push(Op op) {
    const std::size_t bytes = bytes_of(op);
    const bool urgent = is_urgent(op);
    bool wake = false;
    {
        const std::lock_guard lock(mutex_);
        ops_.push_back(std::move(op));
        bytes_ += bytes;
        urgent_ += urgent ? 1U : 0U;
        wake = waiting_ && (urgent || ops_.size() >= kMaxIdle);
        waiting_ = waiting_ && !wake;
    }
    if (wake) {
        wake_.notify_one();
    }
}

std::vector<Op> OpQueue::take(std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    waiting_ = true;
    wake_.wait_for(
        lock, patience, [&] { return closed_ || urgent_ > 0 || ops_.size() >= kMaxIdle; });
    waiting_ = false;
    std::vector<Op> batch;
    std::size_t bytes = 0;
    while (!ops_.empty() && batch.size() < kMaxBatch && bytes < kMaxBatchBytes) {
        const std::size_t size = bytes_of(ops_.front());
        urgent_ -= is_urgent(ops_.front()) ? 1U : 0U;
        bytes += size;
        bytes_ -= size;
        batch.push_back(std::move(ops_.front()));
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
