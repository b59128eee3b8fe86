#include "device-mgmt/store/ingress_log.hpp"

#include "device-mgmt/store/files.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

namespace dm::store {

namespace {

/// Appended bytes after which the disk is to begin with them. Left to itself the kernel writes all
/// of a burst at once, half a minute later (vm.dirty_expire_centisecs), and what the store then
/// makes durable waits behind up to a whole segment.
constexpr std::size_t kWriteBackBytes = std::size_t{256} * 1024;

constexpr std::size_t kPageBytes = 4096;

}  // namespace

std::string IngressLog::path_of(Lsn first) const {
    return settings_.folder + "/" + segment_name(first);
}

bool IngressLog::add_segment(Lsn first) {
    const std::string path = path_of(first);
    auto fd = create_segment(path, first, settings_.segment_bytes);
    if (!fd) {
        return false;
    }
    if (!sync_folder(settings_.folder)) {
        const int reason = errno;
        ::unlink(path.c_str());
        errno = reason;
        return false;
    }
    fd_ = std::move(*fd);
    offset_ = kSegmentHeaderBytes;
    written_back_ = 0;
    size_ = settings_.segment_bytes;
    const std::lock_guard lock(mutex_);
    segments_.push_back({first, size_});
    used_bytes_ += size_;
    return true;
}

tl::expected<Lsn, AppendProblem> IngressLog::append(std::string_view payload) {
    const std::size_t bytes = kRecordHeaderBytes + payload.size();
    if (payload.empty() || payload.size() > kMaxIngressRecordBytes ||
        kSegmentHeaderBytes + bytes > settings_.segment_bytes) {
        return tl::unexpected(AppendProblem::bad_size);
    }
    const Lsn lsn = last() + 1;
    if (size_ - offset_ < bytes) {
        if (space().used_bytes + settings_.segment_bytes > settings_.max_bytes) {
            return tl::unexpected(AppendProblem::full);
        }
        if (!add_segment(lsn)) {
            return tl::unexpected(errno == ENOSPC || errno == EDQUOT ? AppendProblem::full
                                                                     : AppendProblem::io);
        }
    }
    std::string header = record_header(lsn, payload);
    // pwritev does not write to what it is given, but its iovec is not const.
    const std::array<iovec, 2> parts{
        {{header.data(), header.size()}, {const_cast<char*>(payload.data()), payload.size()}}};
    const ssize_t written =
        ::pwritev(fd_.get(), parts.data(), parts.size(), static_cast<off_t>(offset_));
    if (written != static_cast<ssize_t>(bytes)) {
        return tl::unexpected(written < 0 && errno == ENOSPC ? AppendProblem::full
                                                             : AppendProblem::io);
    }
    offset_ += bytes;
    write_back();
    const std::lock_guard lock(mutex_);
    next_ = lsn + 1;
    return lsn;
}

/// Neither waits nor makes durable. The last page, still being filled, goes with the next ones.
void IngressLog::write_back() {
    if (offset_ - written_back_ < kWriteBackBytes) {
        return;
    }
    const std::size_t end = offset_ / kPageBytes * kPageBytes;
    ::sync_file_range(fd_.get(),
                      static_cast<off_t>(written_back_),
                      static_cast<off_t>(end - written_back_),
                      SYNC_FILE_RANGE_WRITE);
    written_back_ = end;
}

tl::expected<void, std::string> IngressLog::replay_segment(Position& position,
                                                           Lsn end,
                                                           std::size_t& left,
                                                           const Replay& replay) const {
    const std::string path = path_of(position.segment);
    const auto view = SegmentView::open(path);
    if (!view) {
        return tl::unexpected(view.error());
    }
    if (position.offset == 0) {
        // The position is the segment's beginning: skip what is before the record asked for.
        position.offset = kSegmentHeaderBytes;
        for (Lsn lsn = position.segment; lsn < position.next; ++lsn) {
            const auto payload = record_at(view->bytes(), position.offset, lsn);
            if (!payload) {
                return tl::unexpected(path + " has changed on disk");
            }
            position.offset += kRecordHeaderBytes + payload->size();
        }
    }
    for (; position.next < end && left > 0; --left, ++position.next) {
        const auto payload = record_at(view->bytes(), position.offset, position.next);
        if (!payload) {
            return tl::unexpected(path + " has changed on disk");
        }
        replay(position.next, *payload);
        position.offset += kRecordHeaderBytes + payload->size();
    }
    return {};
}

tl::expected<Lsn, std::string> IngressLog::replay(Lsn after,
                                                  std::size_t at_most,
                                                  const Replay& replay) {
    std::vector<Segment> segments;
    Lsn end = 0;
    {
        const std::lock_guard lock(mutex_);
        segments = segments_;
        end = next_;
    }
    Position position = replayed_.next == after + 1 ? replayed_ : Position{after + 1, 0, 0};
    std::size_t left = at_most;
    for (std::size_t i = 0; i < segments.size() && left > 0; ++i) {
        const Lsn segment_end = i + 1 < segments.size() ? segments[i + 1].first : end;
        if (segment_end <= position.next) {
            continue;
        }
        if (position.segment != segments[i].first) {
            position = {std::max(position.next, segments[i].first), segments[i].first, 0};
        }
        if (auto done = replay_segment(position, segment_end, left, replay); !done) {
            return tl::unexpected(done.error());
        }
    }
    replayed_ = position;
    return left == at_most ? after : position.next - 1;
}

void IngressLog::release(Lsn lsn) {
    std::vector<Lsn> gone;
    {
        const std::lock_guard lock(mutex_);
        std::size_t count = 0;
        while (count + 1 < segments_.size() && segments_[count + 1].first <= lsn + 1) {
            gone.push_back(segments_[count].first);
            used_bytes_ -= segments_[count].bytes;
            ++count;
        }
        segments_.erase(segments_.begin(), segments_.begin() + static_cast<std::ptrdiff_t>(count));
    }
    // Without the lock: giving back 64 MiB may take the file system a while.
    for (const Lsn first : gone) {
        ::unlink(path_of(first).c_str());
    }
}

Lsn IngressLog::last() const {
    const std::lock_guard lock(mutex_);
    return next_ - 1;
}

IngressSpace IngressLog::space() const {
    IngressSpace space;
    {
        const std::lock_guard lock(mutex_);
        space.used_bytes = used_bytes_;
    }
    space.free_bytes = free_bytes(settings_.folder).value_or(0);
    const std::uint64_t reserve =
        std::max<std::uint64_t>(settings_.segment_bytes, settings_.max_bytes / 8);
    space.nearly_full = space.used_bytes + reserve > settings_.max_bytes ||
                        space.free_bytes < settings_.segment_bytes + settings_.min_free_bytes;
    return space;
}

}  // namespace dm::store
