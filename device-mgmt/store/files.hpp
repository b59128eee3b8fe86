#pragma once

#include "device-mgmt/files/unique_fd.hpp"

#include <cstdint>
#include <string>

#include <tl/expected.hpp>

/// Files as the store needs them: locks, folder entries that last, free space. Errors are
/// sentences that name the path.
namespace dm::store {

/// `<what> <path>: <the system's words for errno>`
[[nodiscard]] std::string system_problem(const std::string& what, const std::string& path);

/// An exclusive lock, held as long as the descriptor lives, on `path`, which is made if need be
/// and gets our process id as its content. It ends with the process, however that ends.
[[nodiscard]] tl::expected<files::UniqueFd, std::string> lock_file(const std::string& path);

/// Makes the entries of a folder durable (after a file in it was made, renamed or removed).
[[nodiscard]] tl::expected<void, std::string> sync_folder(const std::string& folder);

/// Bytes that an unprivileged process may still write to the file system of `path`.
[[nodiscard]] tl::expected<std::uint64_t, std::string> free_bytes(const std::string& path);

}  // namespace dm::store
