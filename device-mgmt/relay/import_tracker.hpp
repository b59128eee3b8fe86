#pragma once

#include "device-mgmt/store/ingress.hpp"

#include <cstddef>
#include <deque>

namespace dm::relay {

/// Up to where the ingress log has been dealt with. Records are taken up in order but may wait for
/// the store, so they are done in any order; what counts is the last one before which all are.
class ImportTracker {
public:
    explicit ImportTracker(store::Lsn imported) : imported_(imported) {}

    /// A record is taken up; lsns rise.
    void begin(store::Lsn lsn) { open_.push_back({lsn, false}); }

    /// A record that was begun has been dealt with. Whether `imported` has moved.
    bool done(store::Lsn lsn);

    [[nodiscard]] store::Lsn imported() const { return imported_; }

    /// Records taken up and not passed by `imported`.
    [[nodiscard]] std::size_t open() const { return open_.size(); }

private:
    struct Record {
        store::Lsn lsn;
        bool done;
    };

    std::deque<Record> open_;  ///< by lsn
    store::Lsn imported_;
};

}  // namespace dm::relay
