#include "device-mgmt/files/read_file.hpp"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>

#include <fmt/format.h>

namespace dm::files {

tl::expected<std::string, std::string> read_file(const std::string& path, std::size_t max_bytes) {
    std::error_code failed;
    const auto status = std::filesystem::status(path, failed);
    if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
        return tl::unexpected(fmt::format("{}: is no regular file", path));
    }
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        return tl::unexpected(
            fmt::format("{}: cannot be read: {}", path, std::generic_category().message(errno)));
    }
    // One byte more, to see that there is more.
    const auto size = std::filesystem::file_size(path, failed);
    if (failed || size > max_bytes) {
        return tl::unexpected(fmt::format("{}: is larger than {} bytes", path, max_bytes));
    }
    std::string text(static_cast<std::size_t>(size) + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    const auto count = static_cast<std::size_t>(file.gcount());
    if (file.bad() || count != size) {
        return tl::unexpected(fmt::format("{}: cannot be read: it is being changed", path));
    }
    text.resize(count);
    return text;
}

}  // namespace dm::files
