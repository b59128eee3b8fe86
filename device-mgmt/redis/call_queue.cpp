#include "device-mgmt/redis/call_queue.hpp"

#include <algorithm>
#include <utility>

namespace dm::redis {

bool CallQueue::push(std::vector<Call> calls) {
    std::unique_lock lock(mutex_);
    if (calls.size() == 1 && calls.front().on_away && queries_ >= kMaxQueries) {
        return false;
    }
    for (Call& call : calls) {
        bytes_ += call.bytes();
        urgent_ += call.urgent ? 1U : 0U;
        queries_ += call.on_away ? 1U : 0U;
        calls_.push_back(std::move(call));
    }
    if (is_due()) {
        lock.unlock();
        wake_.notify_one();
    }
    return true;
}

bool CallQueue::is_due() const {
    return urgent_ > 0 || calls_.size() >= kMaxIdle;
}

void CallQueue::wait(std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, patience, [&] { return closed_ || is_due(); });
}

void CallQueue::count_out(const Call& call) {
    bytes_ -= call.bytes();
    urgent_ -= call.urgent ? 1U : 0U;
    queries_ -= call.on_away ? 1U : 0U;
}

std::vector<Call> CallQueue::take() {
    const std::lock_guard lock(mutex_);
    std::vector<Call> batch;
    std::size_t bytes = 0;
    while (!calls_.empty() &&
           (calls_.front().joined || (batch.size() < kMaxBatch && bytes < kMaxBatchBytes))) {
        Call& next = calls_.front();
        bytes += next.bytes();
        count_out(next);
        batch.push_back(std::move(next));
        calls_.pop_front();
    }
    return batch;
}

std::vector<Call> CallQueue::take_queries() {
    const std::lock_guard lock(mutex_);
    std::vector<Call> queries;
    if (queries_ == 0) {
        return queries;
    }
    std::deque<Call> others;
    for (Call& call : calls_) {
        if (call.on_away) {
            count_out(call);
            queries.push_back(std::move(call));
        } else {
            others.push_back(std::move(call));
        }
    }
    calls_ = std::move(others);
    return queries;
}

bool CallQueue::wait_closed(std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    return wake_.wait_for(lock, patience, [&] { return closed_; });
}

void CallQueue::close() {
    {
        const std::lock_guard lock(mutex_);
        closed_ = true;
    }
    wake_.notify_all();
}

bool CallQueue::closed() const {
    const std::lock_guard lock(mutex_);
    return closed_;
}

bool CallQueue::has_room() const {
    const std::lock_guard lock(mutex_);
    return calls_.size() < kMaxBacklog && bytes_ < kMaxBacklogBytes;
}

std::size_t CallQueue::urgent() const {
    const std::lock_guard lock(mutex_);
    return urgent_;
}

}  // namespace dm::redis
