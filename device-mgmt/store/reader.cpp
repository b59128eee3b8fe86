#include "device-mgmt/store/reader.hpp"

#include <utility>

namespace dm::store {

namespace {

/// Keys read in one transaction: short ones, so that the WAL can be begun anew in between.
constexpr int kKeysAtOnce = 20'000;

}  // namespace

void Reader::start() {
    thread_ = std::thread([this] { loop(); });
}

void Reader::stop() {
    {
        const std::lock_guard lock(mutex_);
        closed_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) {
        thread_.join();
    }
    database_.reset();
}

bool Reader::run(Job job) {
    {
        const std::lock_guard lock(mutex_);
        if (closed_ || jobs_.size() >= kMaxWaiting) {
            return false;
        }
        jobs_.push_back(std::move(job));
    }
    wake_.notify_one();
    return true;
}

void Reader::loop() {
    for (;;) {
        Job job;
        {
            std::unique_lock lock(mutex_);
            wake_.wait(lock, [&] { return closed_ || !jobs_.empty() || !collected_.over; });
            if (closed_) {
                return;
            }
            if (!jobs_.empty()) {
                job = std::move(jobs_.front());
                jobs_.pop_front();
            }
        }
        if (job) {
            job(*database_);
        } else {
            collect_some();
        }
    }
}

void Reader::collect_some() {
    int count = 0;
    try {
        Statement keys(*database_,
                       "SELECT id, device FROM finished WHERE (id, device) > (?, ?)"
                       " ORDER BY id, device LIMIT ?");
        const Collected from = collected_;
        keys.each(
            [&] {
                ++count;
                collected_.id = keys.text(0);
                collected_.device = keys.text(1);
                ended_.insert(ended_.hash(collected_.device, collected_.id));
            },
            from.id,
            from.device,
            kKeysAtOnce);
    } catch (const SqlError&) {
        collected_.over = true;  // never complete: each id is then looked up in the database
        return;
    }
    if (count < kKeysAtOnce) {
        collected_.over = true;
        ended_.set_complete();
    }
}

}  // namespace dm::store
