#pragma once

#include "device-mgmt/store/key_set.hpp"
#include "device-mgmt/store/sqlite.hpp"

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

namespace dm::store {

/// A connection that only reads, on a thread of its own: answers queries, and between them collects
/// the keys of the ends that were there at the start.
class Reader {
public:
    using Job = std::function<void(const Database&)>;

    /// Jobs that may wait.
    static constexpr std::size_t kMaxWaiting = 1000;

    /// The keys go to `ended`, which is complete afterwards.
    Reader(Database database, KeySet& ended) : database_(std::move(database)), ended_(ended) {}

    ~Reader() { stop(); }

    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;

    void start();

    /// Ends the thread after the job that is running, and closes the connection. Idempotent.
    void stop();

    /// False, and not taken, beyond kMaxWaiting or after stop(). Any thread. Jobs do not throw.
    [[nodiscard]] bool run(Job job);

private:
    /// Where the collection of keys stands.
    struct Collected {
        std::int64_t part = 0;  ///< the next part of the index
        std::int64_t last = -1;
        bool begun = false;
        bool over = false;
    };

    void loop();
    void collect_some();

    std::optional<Database> database_;
    KeySet& ended_;
    Collected collected_;

    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<Job> jobs_;  ///< guarded by mutex_
    bool closed_ = false;   ///< guarded by mutex_
    std::thread thread_;
};

}  // namespace dm::store
