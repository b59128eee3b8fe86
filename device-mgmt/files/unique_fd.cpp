#include "device-mgmt/files/unique_fd.hpp"

#include <unistd.h>

namespace dm::files {

void UniqueFd::reset() {
    if (fd_ >= 0) {
        ::close(std::exchange(fd_, -1));
    }
}

}  // namespace dm::files
