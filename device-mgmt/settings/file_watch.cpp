#include "device-mgmt/settings/file_watch.hpp"

#include <algorithm>
#include <filesystem>
#include <utility>

#include <fmt/format.h>
#include <sys/stat.h>

namespace dm::settings {

namespace {

/// What changes when a file does: inode (renamed over), size, and the times of content and status.
std::string fingerprint(const std::string& path) {
    struct stat found {};

    if (stat(path.c_str(), &found) != 0) {
        return path + " absent\n";
    }
    return fmt::format("{} {} {} {}.{} {}.{}\n",
                       path,
                       found.st_ino,
                       found.st_size,
                       found.st_mtim.tv_sec,
                       found.st_mtim.tv_nsec,
                       found.st_ctim.tv_sec,
                       found.st_ctim.tv_nsec);
}

}  // namespace

FileWatch::FileWatch(std::vector<std::string> paths) : paths_(std::move(paths)) {
    paths_.erase(std::remove(paths_.begin(), paths_.end(), ""), paths_.end());
    last_ = look();
}

bool FileWatch::changed() {
    std::string now = look();
    if (now == last_) {
        return false;
    }
    last_ = std::move(now);
    return true;
}

std::string FileWatch::look() const {
    std::string seen;
    for (const std::string& path : paths_) {
        seen += fingerprint(path);
        std::error_code failed;
        std::vector<std::string> entries;
        for (std::filesystem::directory_iterator it(path, failed), end; !failed && it != end;
             it.increment(failed)) {
            entries.push_back(it->path().string());
        }
        std::sort(entries.begin(), entries.end());
        for (const std::string& entry : entries) {
            seen += fingerprint(entry);
        }
    }
    return seen;
}

}  // namespace dm::settings
