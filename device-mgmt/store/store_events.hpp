#pragma once

#include <functional>
#include <string>

namespace dm::store {

/// Runs a function later on the relay's thread, in the order of the calls; from any thread.
using Post = std::function<void(std::function<void()>)>;

/// Either may be empty.
struct StoreEvents {
    /// No space on the disk: accept nothing (`false`, with the reason) until it is back (`true`).
    /// On the relay's thread.
    std::function<void(bool writable, const std::string& reason)> on_writable;
    /// The disk or the database failed: nothing is written any more and no completion comes; the
    /// process must end. On the store's thread.
    std::function<void(const std::string& reason)> on_fatal;
};

}  // namespace dm::store
