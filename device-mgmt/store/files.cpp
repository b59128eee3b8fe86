#include "device-mgmt/store/files.hpp"

#include <cerrno>
#include <cstddef>
#include <system_error>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace dm::store {

namespace {

/// Who says to hold the lock; for the message only.
std::string holder_of(int fd) {
    std::string text(32, '\0');
    const ssize_t size = ::pread(fd, text.data(), text.size(), 0);
    text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    const std::size_t digits = text.find_first_not_of("0123456789");
    text.resize(digits == std::string::npos ? text.size() : digits);
    return text.empty() ? "another process" : "process " + text;
}

}  // namespace

std::string system_problem(const std::string& what, const std::string& path) {
    return what + " " + path + ": " + std::generic_category().message(errno);
}

tl::expected<files::UniqueFd, std::string> lock_file(const std::string& path) {
    files::UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!fd) {
        return tl::unexpected(system_problem("cannot open", path));
    }
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK) {
            return tl::unexpected(path + " is locked: " + holder_of(fd.get()) +
                                  " is using this store");
        }
        return tl::unexpected(system_problem("cannot lock", path));
    }
    const std::string pid = std::to_string(::getpid()) + "\n";
    if (::ftruncate(fd.get(), 0) != 0 ||
        ::pwrite(fd.get(), pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
        return tl::unexpected(system_problem("cannot write", path));
    }
    return fd;
}

tl::expected<void, std::string> sync_folder(const std::string& folder) {
    const files::UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd || ::fsync(fd.get()) != 0) {
        return tl::unexpected(system_problem("cannot sync the folder", folder));
    }
    return {};
}

tl::expected<std::uint64_t, std::string> free_bytes(const std::string& path) {
    struct statvfs info {};

    if (::statvfs(path.c_str(), &info) != 0) {
        return tl::unexpected(system_problem("cannot ask for the free space of", path));
    }
    return std::uint64_t{info.f_bavail} * std::uint64_t{info.f_frsize};
}

}  // namespace dm::store
