#include "device-mgmt/files/update_file.hpp"

#include "device-mgmt/files/read_file.hpp"
#include "device-mgmt/files/unique_fd.hpp"
#include "device-mgmt/files/write_all.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace dm::files {

namespace {

namespace fs = std::filesystem;

std::string system_problem(const fs::path& path, std::string_view what) {
    return fmt::format("{}: {}: {}", path.string(), what, std::generic_category().message(errno));
}

/// The file itself: a rename over a symbolic link would replace the link.
fs::path resolve(const std::string& file) {
    std::error_code failed;
    const fs::path real = fs::canonical(file, failed);
    return failed ? fs::absolute(file) : real;
}

/// Writes `text` to a new file beside `path` that has the owner of `path`, and renames it over.
tl::expected<void, std::string> replace_file(const fs::path& path,
                                             int folder,
                                             std::string_view text) {
    std::string name = path.string() + ".XXXXXX";
    const UniqueFd file{::mkostemp(name.data(), O_CLOEXEC)};  // O_EXCL and 0600 by definition
    if (file.get() < 0) {
        return tl::unexpected(system_problem(path, "cannot be written"));
    }

    struct stat old {};

    if (::stat(path.c_str(), &old) == 0 && ::fchown(file.get(), old.st_uid, old.st_gid) != 0 &&
        ::geteuid() == 0) {
        ::unlink(name.c_str());
        return tl::unexpected(system_problem(path, "cannot keep its owner"));
    }
    if (!write_all(file.get(), text) || ::fsync(file.get()) != 0 ||
        ::rename(name.c_str(), path.c_str()) != 0) {
        const std::string problem = system_problem(path, "cannot be written");
        ::unlink(name.c_str());
        return tl::unexpected(problem);
    }
    if (::fsync(folder) != 0) {
        return tl::unexpected(system_problem(path, "may be lost at a power failure"));
    }
    return {};
}

}  // namespace

tl::expected<void, std::string> update_file(const std::string& file,
                                            bool may_be_new,
                                            std::size_t max_bytes,
                                            const FileChange& change) {
    const fs::path path = resolve(file);
    const fs::path parent = path.parent_path();
    const UniqueFd folder{::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (folder.get() < 0 || ::flock(folder.get(), LOCK_EX) != 0) {
        return tl::unexpected(system_problem(parent, "cannot be locked"));
    }
    std::error_code ignored;
    std::string old;
    if (!may_be_new || fs::exists(path, ignored)) {
        auto present = read_file(path.string(), max_bytes);
        if (!present) {
            return tl::unexpected(std::move(present.error()));
        }
        old = std::move(*present);
    }
    const auto text = change(old);
    if (!text) {
        return tl::unexpected(text.error());
    }
    return replace_file(path, folder.get(), *text);
}

}  // namespace dm::files
