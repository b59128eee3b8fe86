#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace dm::files {

/// The new content of a file, made from the old one; or why it is not to change.
using FileChange = std::function<tl::expected<std::string, std::string>(std::string_view old)>;

/// Changes a file of secrets: writes a new file beside the old one (mode 0600, its owner kept),
/// fsyncs it and renames it over, so a reader sees the old or the new. Writers lock the folder, so
/// no change is lost. A symbolic link is followed. `old` is empty for a file that is not there,
/// which is an error unless `may_be_new`.
[[nodiscard]] tl::expected<void, std::string> update_file(const std::string& file,
                                                          bool may_be_new,
                                                          std::size_t max_bytes,
                                                          const FileChange& change);

}  // namespace dm::files
