#pragma once

#include "device-mgmt/store/ingress.hpp"

#include <cstddef>
#include <deque>
#include <functional>
#include <optional>

namespace dm::relay {

/// What is decided of the records of the ingress log, in their order. A record may have to wait for
/// what the store knows of it, and all that come after it wait with it: so everything up to a
/// record has been decided when it is its turn, and that is all a restart needs to know.
class DecisionQueue {
public:
    struct Decision {
        store::Lsn lsn;
        std::function<void()> decide;
    };

    /// A record is taken up; lsns rise.
    void begin(store::Lsn lsn) { open_.push_back({lsn, nullptr}); }

    /// What `decide` needs is known. Nothing happens if no such record is open.
    void ready(store::Lsn lsn, std::function<void()> decide);

    /// Takes out the first record if it is ready.
    [[nodiscard]] std::optional<Decision> take();

    /// Records taken up and not decided.
    [[nodiscard]] std::size_t open() const { return open_.size(); }

private:
    std::deque<Decision> open_;  ///< by lsn; `decide` is empty while it is not ready
};

}  // namespace dm::relay
