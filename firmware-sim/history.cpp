#include "firmware-sim/history.hpp"

#include <cerrno>
#include <chrono>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

namespace dm::sim {

tl::expected<std::unique_ptr<History>, std::string> History::open(const std::string& path) {
    constexpr mode_t kMode = 0644;
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, kMode);
    if (fd < 0) {
        return tl::unexpected(fmt::format(
            "the history {} cannot be opened: {}", path, std::generic_category().message(errno)));
    }
    return std::unique_ptr<History>(new History(fd));
}

History::~History() {
    ::close(fd_);
}

proto::JsonWriter History::line(std::string_view source, std::string_view event, Moment now) {
    using std::chrono::duration_cast;
    const auto micros =
        duration_cast<std::chrono::microseconds>(now.mono.time_since_epoch()).count();
    proto::JsonWriter line;
    line.number("at", static_cast<std::uint64_t>(micros))
        .number("time", static_cast<std::uint64_t>(now.wall.time_since_epoch().count()))
        .text("source", source)
        .text("event", event);
    return line;
}

void History::write(proto::JsonWriter& line) {
    std::string text = line.take();
    text += '\n';
    // Appending is atomic among the threads of this process; a part can only be written when the
    // disk is full.
    const ssize_t written = ::write(fd_, text.data(), text.size());
    if (written != static_cast<ssize_t>(text.size())) {
        lost_.fetch_add(1, std::memory_order_relaxed);
    }
}

}  // namespace dm::sim
