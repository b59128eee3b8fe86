// IngressLog at start: what is on disk, what of it is sound, and where it goes on.

#include "device-mgmt/store/files.hpp"
#include "device-mgmt/store/ingress_log.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace dm::store {

namespace fs = std::filesystem;

IngressLog::IngressLog(IngressSettings settings, files::UniqueFd lock)
    : settings_(std::move(settings)), lock_(std::move(lock)) {}

tl::expected<std::unique_ptr<IngressLog>, std::string> IngressLog::open(IngressSettings settings,
                                                                        Lsn durable) {
    std::error_code problem;
    fs::create_directories(settings.folder, problem);
    if (problem) {
        return tl::unexpected("cannot create the folder " + settings.folder + ": " +
                              problem.message());
    }
    auto lock = lock_file(settings.folder + "/lock");
    if (!lock) {
        return tl::unexpected(lock.error());
    }
    auto log = std::unique_ptr<IngressLog>(new IngressLog(std::move(settings), std::move(*lock)));
    if (auto recovered = log->recover(durable); !recovered) {
        return tl::unexpected(recovered.error());
    }
    return log;
}

std::vector<Lsn> IngressLog::segments_on_disk() const {
    std::vector<Lsn> found;
    std::error_code problem;
    for (const auto& entry : fs::directory_iterator(settings_.folder, problem)) {
        if (const auto first = parse_segment_name(entry.path().filename().string())) {
            found.push_back(*first);
        } else if (entry.path().extension() == kMakingSuffix) {
            ::unlink(entry.path().c_str());  // we died while making it
        }
    }
    std::sort(found.begin(), found.end());
    return found;
}

void IngressLog::drop_damaged(Lsn first, const std::string& why) {
    const std::string path = path_of(first);
    if (const auto view = SegmentView::open(path)) {
        const auto last = view->bytes().find_last_not_of('\0');
        recovery_.dropped_bytes += last == std::string_view::npos ? 0 : last + 1;
    }
    recovery_.damaged = true;
    if (recovery_.detail.empty()) {
        recovery_.detail = path + ": " + why;
    }
    ::unlink(path.c_str());
}

tl::expected<void, std::string> IngressLog::recover_segment(Lsn first, bool is_first) {
    const std::string path = path_of(first);
    SegmentScan scan;
    {
        const auto view = SegmentView::open(path);
        if (!view) {
            return tl::unexpected(view.error());
        }
        scan = scan_segment(view->bytes(), first);
    }
    if (!is_first && first != next_) {
        drop_damaged(first, "records before this segment are missing");
        return {};
    }
    if (!scan.usable) {
        drop_damaged(first, "the header is damaged");
        return {};
    }
    if (scan.damaged()) {
        recovery_.damaged = true;
        recovery_.dropped_bytes += scan.garbage_bytes;
        if (recovery_.detail.empty()) {
            recovery_.detail = path + ": cut after lsn " + std::to_string(scan.next - 1) + ", " +
                               std::to_string(scan.garbage_bytes) + " bytes dropped";
        }
        if (auto cut = cut_segment(path, scan.end, scan.file_bytes); !cut) {
            return cut;
        }
    }
    segments_.push_back({first, scan.file_bytes});
    used_bytes_ += scan.file_bytes;
    next_ = scan.next;
    offset_ = scan.end;
    size_ = scan.file_bytes;
    return {};
}

tl::expected<void, std::string> IngressLog::continue_last_segment() {
    const std::string path = path_of(segments_.back().first);
    fd_ = files::UniqueFd(::open(path.c_str(), O_RDWR | O_CLOEXEC));
    if (!fd_) {
        return tl::unexpected(system_problem("cannot open", path));
    }
    return {};
}

tl::expected<void, std::string> IngressLog::recover(Lsn durable) {
    std::vector<Lsn> found = segments_on_disk();
    while (found.size() > 1 && found[1] <= durable + 1) {
        ::unlink(path_of(found.front()).c_str());
        found.erase(found.begin());
    }
    next_ = durable + 1;
    if (!found.empty() && found.front() > durable + 1) {
        recovery_.damaged = true;
        recovery_.detail = settings_.folder + ": records " + std::to_string(durable + 1) + " to " +
                           std::to_string(found.front() - 1) + " are missing";
    }
    bool is_first = true;
    bool has_dropped = false;
    for (const Lsn first : found) {
        // After damage nothing can be trusted to be the continuation.
        if (!is_first && has_dropped) {
            drop_damaged(first, "");
            continue;
        }
        if (auto done = recover_segment(first, is_first); !done) {
            return done;
        }
        has_dropped = has_dropped || recovery_.dropped_bytes > 0 || segments_.empty();
        is_first = false;
    }
    if (next_ <= durable) {
        // The store knows more than the log (an older copy of it?): lsns must not come again.
        for (const Segment& old : std::exchange(segments_, {})) {
            ::unlink(path_of(old.first).c_str());
        }
        used_bytes_ = 0;
        next_ = durable + 1;
    }
    if (!segments_.empty()) {
        const Lsn first = std::max(durable + 1, segments_.front().first);
        recovery_.records = next_ - std::min(first, next_);
        return continue_last_segment();
    }
    if (!add_segment(next_)) {
        return tl::unexpected(system_problem("cannot make the ingress log in", settings_.folder));
    }
    return {};
}

}  // namespace dm::store
