#include "device-mgmt/store/reader.hpp"

#include <utility>

#include <pthread.h>

namespace dm::store {

void Reader::start() {
    thread_ = std::thread([this] { loop(); });
    pthread_setname_np(thread_.native_handle(), "store-reader");
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
    try {
        if (!collected_.begun) {
            collected_ = {database_->integer("SELECT min(number) >> 14 FROM finished"),
                          database_->integer("SELECT max(number) >> 14 FROM finished"),
                          true,
                          false};
        }
        // One part of the index is one transaction: short, so that the WAL can be begun anew.
        Statement keys(*database_, "SELECT device, id FROM finished WHERE number >> 14 = ?");
        keys.each([&] { ended_.insert(ended_.hash(keys.text(0), keys.text(1))); }, collected_.part);
    } catch (const SqlError&) {
        collected_.over = true;  // never complete: each id is then looked up in the database
        return;
    }
    if (++collected_.part > collected_.last) {
        collected_.over = true;
        ended_.set_complete();
    }
}

}  // namespace dm::store
