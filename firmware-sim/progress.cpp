#include "firmware-sim/progress.hpp"

#include <cstdio>

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace dm::sim {
namespace {

constexpr const char* kClearLine = "\r\x1b[K";
constexpr std::size_t kUsualWidth = 80;

std::size_t terminal_width() {
    winsize size{};
    const bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    return known ? size.ws_col : kUsualWidth;
}

}  // namespace

Progress::Progress(bool quiet) : quiet_(quiet), terminal_(isatty(STDOUT_FILENO) == 1) {}

void Progress::status(const std::string& line, Instant now) {
    if (terminal_) {
        fmt::print("{}{}", kClearLine, line.substr(0, terminal_width() - 1));
        line_open_ = true;
    } else {
        fmt::print("{}\n", line);
    }
    std::fflush(stdout);
    next_ = now + (terminal_ ? kTerminalPeriod : kPlainPeriod);
}

void Progress::say(const std::string& line) {
    fmt::print("{}{}\n", line_open_ ? kClearLine : "", line);
    line_open_ = false;
    std::fflush(stdout);
}

void Progress::finish() {
    if (line_open_) {
        fmt::print("\n");
        line_open_ = false;
        std::fflush(stdout);
    }
}

}  // namespace dm::sim
