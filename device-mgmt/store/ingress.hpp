#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace dm::store {

/// Numbers the records of an ingress log, from 1, also across restarts.
using Lsn = std::uint64_t;

enum class AppendProblem {
    full,      ///< no room can be had: max_bytes, or the disk
    bad_size,  ///< empty, or larger than a record may be
    io,        ///< the disk failed; nothing of the record counts
};

/// What opening found.
struct IngressRecovery {
    std::uint64_t records = 0;        ///< to be replayed
    std::uint64_t dropped_bytes = 0;  ///< of torn or corrupt records and all that came after them
    bool damaged = false;
    std::string detail;  ///< a sentence, when damaged
};

struct IngressSpace {
    std::uint64_t used_bytes = 0;  ///< preallocated segments
    std::uint64_t free_bytes = 0;  ///< of the file system
    bool nearly_full = false;      ///< stop consuming: a segment more may not be had
};

/// The raw publishes between the broker's callback and the store's commit. Real: IngressLog, on
/// files. `append` is for one thread; every other call may come from any one other thread.
class Ingress {
public:
    /// Called with each record in order; the bytes are valid during the call.
    using Replay = std::function<void(Lsn, std::string_view)>;

    virtual ~Ingress() = default;

    /// Returns the record's lsn, one more than the last. What was returned survives the process.
    [[nodiscard]] virtual tl::expected<Lsn, AppendProblem> append(std::string_view payload) = 0;

    /// Hands over at most `at_most` records that come after lsn `after`, in order. Returns the lsn
    /// of the last one (`after` if there was none), or a sentence when a file cannot be read.
    [[nodiscard]] virtual tl::expected<Lsn, std::string> replay(Lsn after,
                                                                std::size_t at_most,
                                                                const Replay& replay) = 0;

    /// Nothing up to and including `lsn` is needed any more.
    virtual void release(Lsn lsn) = 0;

    /// Of the last record; 0 before the first ever.
    [[nodiscard]] virtual Lsn last() const = 0;

    [[nodiscard]] virtual IngressSpace space() const = 0;
};

}  // namespace dm::store
