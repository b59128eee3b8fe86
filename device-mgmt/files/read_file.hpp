#pragma once

#include <cstddef>
#include <string>

#include <tl/expected.hpp>

namespace dm::files {

/// A regular file's content; the error names path and reason.
[[nodiscard]] tl::expected<std::string, std::string> read_file(const std::string& path,
                                                               std::size_t max_bytes);

}  // namespace dm::files
