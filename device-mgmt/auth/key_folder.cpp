#include "device-mgmt/auth/key_folder.hpp"

#include "device-mgmt/files/read_file.hpp"
#include "protocol/ids.hpp"

#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace dm::auth {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxKeyFileBytes = 65536;

tl::expected<VerifyKey, std::string> load_key(const fs::path& path) {
    const auto kid = proto::Name::parse(path.stem().string());
    if (!kid) {
        return tl::unexpected(fmt::format(
            "{}: '{}' is no kid: {}", path.string(), path.stem().string(), what(kid.error())));
    }
    auto content = files::read_file(path.string(), kMaxKeyFileBytes);
    if (!content) {
        return tl::unexpected(content.error());
    }
    auto key = path.extension() == ".pem" ? VerifyKey::from_public_pem(*content)
                                          : VerifyKey::from_secret(std::move(*content));
    if (!key) {
        return tl::unexpected(fmt::format("{}: {}", path.string(), key.error()));
    }
    return key;
}

/// The files that are meant as keys, by name.
tl::expected<std::vector<fs::path>, std::string> key_files(const std::string& folder) {
    std::error_code failed;
    std::vector<fs::path> files;
    for (fs::directory_iterator next(folder, failed); !failed && next != fs::directory_iterator{};
         next.increment(failed)) {
        const fs::path& path = next->path();
        const bool hidden = path.filename().string().front() == '.';
        const bool key = path.extension() == ".pem" || path.extension() == ".secret";
        if (!hidden && key) {
            files.push_back(path);
        }
    }
    if (failed) {
        return tl::unexpected(fmt::format("{}: cannot be read: {}", folder, failed.message()));
    }
    if (files.empty() || files.size() > kMaxKeys) {
        return tl::unexpected(
            fmt::format("{}: holds {} keys (<kid>.pem or <kid>.secret), must be 1 to {}",
                        folder,
                        files.size(),
                        kMaxKeys));
    }
    std::sort(files.begin(), files.end());
    return files;
}

}  // namespace

tl::expected<VerifyKeys, std::string> load_key_folder(const std::string& folder) {
    const auto files = key_files(folder);
    if (!files) {
        return tl::unexpected(files.error());
    }
    VerifyKeys keys;
    std::vector<std::string> problems;
    for (const fs::path& path : *files) {
        auto key = load_key(path);
        if (!key) {
            problems.push_back(key.error());
        } else if (!keys.emplace(path.stem().string(), std::move(*key)).second) {
            problems.push_back(fmt::format("{}: there is a second key of that kid", path.string()));
        }
    }
    if (!problems.empty()) {
        return tl::unexpected(fmt::format("{}", fmt::join(problems, "\n")));
    }
    return keys;
}

}  // namespace dm::auth
