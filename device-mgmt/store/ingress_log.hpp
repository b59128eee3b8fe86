#pragma once

#include "device-mgmt/files/unique_fd.hpp"
#include "device-mgmt/store/ingress.hpp"
#include "device-mgmt/store/ingress_segment.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

namespace dm::store {

struct IngressSettings {
    std::string folder;
    std::size_t segment_bytes = std::size_t{64} * 1024 * 1024;
    std::uint64_t max_bytes = std::uint64_t{1024} * 1024 * 1024;
    std::uint64_t min_free_bytes = std::uint64_t{128} * 1024 * 1024;  ///< of the file system
};

/// An append-only log in preallocated segments. An append is one pwrite and no fsync: it survives
/// the death of the process; what the machine's death takes had not been told `accepted`.
class IngressLog final : public Ingress {
public:
    /// Opens or makes the log, cuts what is torn or corrupt off its end, and removes segments of
    /// which nothing is needed: `durable` is the lsn up to which the store has everything.
    [[nodiscard]] static tl::expected<std::unique_ptr<IngressLog>, std::string> open(
        IngressSettings settings, Lsn durable);

    [[nodiscard]] const IngressRecovery& recovery() const { return recovery_; }

    /// May make a new segment, which syncs the folder.
    [[nodiscard]] tl::expected<Lsn, AppendProblem> append(std::string_view payload) override;

    [[nodiscard]] tl::expected<Lsn, std::string> replay(Lsn after,
                                                        std::size_t at_most,
                                                        const Replay& replay) override;

    /// Removes the segments that end there.
    void release(Lsn lsn) override;

    [[nodiscard]] Lsn last() const override;

    [[nodiscard]] IngressSpace space() const override;

private:
    struct Segment {
        Lsn first;
        std::uint64_t bytes;
    };

    /// Where the last replay stopped, so that the next one need not search.
    struct Position {
        Lsn next = 0;
        Lsn segment = 0;
        std::size_t offset = 0;
    };

    IngressLog(IngressSettings settings, files::UniqueFd lock);

    tl::expected<void, std::string> recover(Lsn durable);
    tl::expected<void, std::string> recover_segment(Lsn first, bool is_first);
    tl::expected<void, std::string> continue_last_segment();
    void write_back();
    void drop_damaged(Lsn first, const std::string& why);
    [[nodiscard]] std::vector<Lsn> segments_on_disk() const;
    [[nodiscard]] std::string path_of(Lsn first) const;
    [[nodiscard]] bool add_segment(Lsn first);
    [[nodiscard]] tl::expected<void, std::string> replay_segment(Position& position,
                                                                 Lsn end,
                                                                 std::size_t& left,
                                                                 const Replay& replay) const;

    IngressSettings settings_;
    files::UniqueFd lock_;
    IngressRecovery recovery_;
    Position replayed_;

    mutable std::mutex mutex_;
    std::vector<Segment> segments_;  ///< oldest first; guarded by mutex_
    std::uint64_t used_bytes_ = 0;   ///< of all of them; guarded by mutex_
    Lsn next_ = 1;                   ///< guarded by mutex_

    // The appender's.
    files::UniqueFd fd_;            ///< the last segment
    std::size_t offset_ = 0;        ///< in it
    std::size_t written_back_ = 0;  ///< up to here the disk has been told to begin
    std::size_t size_ = 0;          ///< of it
};

}  // namespace dm::store
