#include "device-mgmt/auth/credentials.hpp"

#include "device-mgmt/auth/base64.hpp"
#include "device-mgmt/auth/credentials_file.hpp"
#include "device-mgmt/auth/file_text.hpp"

#include <algorithm>
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

namespace dm::auth {

namespace {

namespace fs = std::filesystem;
using Credentials = std::vector<Credential>;

constexpr std::size_t kSecretBytes = 32;

std::string system_problem(const fs::path& path, std::string_view what) {
    return fmt::format("{}: {}: {}", path.string(), what, std::generic_category().message(errno));
}

class Descriptor {
public:
    explicit Descriptor(int fd) : fd_(fd) {}

    ~Descriptor() {
        if (fd_ >= 0) {
            ::close(fd_);
        }
    }

    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;

    [[nodiscard]] int get() const { return fd_; }

private:
    int fd_;
};

/// The file itself: a rename over a symbolic link would replace the link.
fs::path resolve(const std::string& file) {
    std::error_code failed;
    const fs::path real = fs::canonical(file, failed);
    return failed ? fs::absolute(file) : real;
}

bool write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(fd, text.data(), text.size());
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return false;
        }
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

/// Writes `text` to a new file beside `path` that has the owner of `path`, and renames it over.
tl::expected<void, std::string> replace_file(const fs::path& path,
                                             int folder,
                                             std::string_view text) {
    std::string name = path.string() + ".XXXXXX";
    const Descriptor file{::mkostemp(name.data(), O_CLOEXEC)};  // O_EXCL and 0600 by definition
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

tl::expected<Credentials, std::string> read_credentials(const fs::path& path) {
    const auto text = read_file(path.string(), kMaxCredentialsBytes);
    if (!text) {
        return tl::unexpected(text.error());
    }
    auto credentials = parse_credentials(*text);
    if (!credentials) {
        return tl::unexpected(fmt::format("{}: {}", path.string(), credentials.error()));
    }
    return credentials;
}

/// Reads, changes and replaces the file while holding its folder's lock.
template <class Change>
tl::expected<void, std::string> change_file(const std::string& file,
                                            bool may_be_new,
                                            Change change) {
    const fs::path path = resolve(file);
    const fs::path parent = path.parent_path();
    const Descriptor folder{::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (folder.get() < 0 || ::flock(folder.get(), LOCK_EX) != 0) {
        return tl::unexpected(system_problem(parent, "cannot be locked"));
    }
    std::error_code ignored;
    Credentials credentials;
    if (!may_be_new || fs::exists(path, ignored)) {
        auto present = read_credentials(path);
        if (!present) {
            return tl::unexpected(present.error());
        }
        credentials = std::move(*present);
    }
    if (auto changed = change(credentials); !changed) {
        return changed;
    }
    std::string text;
    for (const Credential& credential : credentials) {
        text += to_line(credential);
    }
    return replace_file(path, folder.get(), text);
}

auto same_device(const proto::DeviceId& device) {
    return [&device](const Credential& credential) { return credential.device == device; };
}

}  // namespace

tl::expected<std::string, std::string> add_credential(const std::string& file,
                                                      const proto::DeviceId& device) {
    if (!fits_basic(device)) {
        return tl::unexpected(
            fmt::format("{}: an id with ':' cannot log in with HTTP Basic", device.str()));
    }
    std::string secret = encode_base64url(random_octets(kSecretBytes));
    const std::string salt = random_octets(kSaltBytes);
    const Credential added{device, salt, sha256(salt, secret)};
    const auto changed =
        change_file(file, true, [&](Credentials& credentials) -> tl::expected<void, std::string> {
            const auto old =
                std::find_if(credentials.begin(), credentials.end(), same_device(device));
            if (old == credentials.end()) {
                credentials.push_back(added);
            } else {
                *old = added;
            }
            return {};
        });
    if (!changed) {
        return tl::unexpected(changed.error());
    }
    return secret;
}

tl::expected<void, std::string> remove_credential(const std::string& file,
                                                  const proto::DeviceId& device) {
    return change_file(
        file, false, [&](Credentials& credentials) -> tl::expected<void, std::string> {
            const auto old =
                std::find_if(credentials.begin(), credentials.end(), same_device(device));
            if (old == credentials.end()) {
                return tl::unexpected(fmt::format("{}: has no {}", file, device.str()));
            }
            credentials.erase(old);
            return {};
        });
}

tl::expected<std::vector<proto::DeviceId>, std::string> list_credentials(const std::string& file) {
    const auto credentials = read_credentials(file);
    if (!credentials) {
        return tl::unexpected(credentials.error());
    }
    std::vector<proto::DeviceId> devices;
    devices.reserve(credentials->size());
    for (const Credential& credential : *credentials) {
        devices.push_back(credential.device);
    }
    return devices;
}

}  // namespace dm::auth
