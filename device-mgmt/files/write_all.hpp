#pragma once

#include <string_view>

namespace dm::files {

/// write(2) until all of it is written, through interruptions. False: the file did not take it, and
/// some of it may be there; errno says why.
[[nodiscard]] bool write_all(int fd, std::string_view text);

}  // namespace dm::files
