#include "firmware-sim/journal.hpp"

#include "device-mgmt/files/write_all.hpp"
#include "protocol/frame_codec.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>
#include <variant>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

namespace dm::sim {
namespace {

constexpr mode_t kMode = 0644;

std::string line_of(char kind, const proto::DeviceId& device, std::string_view rest) {
    return fmt::format("{} {} {}\n", kind, device.str(), rest);
}

std::string frame_of(const proto::Reply& reply) {
    return proto::encode(proto::Format::json, proto::DeviceFrame{reply});
}

}  // namespace

void Journal::Lines::remember(const proto::DeviceId& device, const ReplyMemory& memory) {
    memory.for_each([&](const std::string& id, const proto::Reply* reply, bool acknowledged) {
        text_ += line_of('B', device, id);
        if (reply != nullptr) {
            text_ += line_of('R', device, frame_of(*reply));
        }
        if (acknowledged) {
            text_ += line_of('A', device, id);
        }
    });
}

tl::expected<std::unique_ptr<Journal>, std::string> Journal::open(const std::string& path) {
    std::unique_ptr<Journal> journal{new Journal(path)};
    if (auto read = journal->lock_and_read(); !read) {
        return tl::unexpected(std::move(read.error()));
    }
    return journal;
}

Journal::~Journal() {
    for (const int fd : {fd_, lock_}) {
        if (fd >= 0) {
            ::close(fd);
        }
    }
}

tl::expected<void, std::string> Journal::lock_and_read() {
    // A file of its own: the journal itself is replaced when it is rewritten.
    lock_ = ::open((path_ + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kMode);
    if (lock_ < 0 || ::flock(lock_, LOCK_EX | LOCK_NB) != 0) {
        return tl::unexpected(fmt::format("the journal {} cannot be locked: {}",
                                          path_,
                                          errno == EWOULDBLOCK
                                              ? std::string{"another process uses it"}
                                              : std::generic_category().message(errno)));
    }
    fd_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, kMode);
    if (fd_ < 0) {
        return tl::unexpected(fmt::format(
            "the journal {} cannot be opened: {}", path_, std::generic_category().message(errno)));
    }
    std::ifstream file{path_, std::ios::binary};
    const std::string text{std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{}};
    const auto whole = text.rfind('\n') + 1;  // npos + 1 is 0: no whole line
    for (std::size_t start = 0; start < whole;) {
        const auto end = text.find('\n', start);
        read_line(std::string_view{text}.substr(start, end - start));
        start = end + 1;
    }
    bytes_ = whole;
    limit_ = std::max(kRewriteBytes, bytes_);
    if (whole < text.size() && ::ftruncate(fd_, static_cast<off_t>(whole)) != 0) {
        return tl::unexpected(fmt::format(
            "the journal {} cannot be cut: {}", path_, std::generic_category().message(errno)));
    }
    return {};
}

/// Lines that make no sense are skipped: what they would have said is then unknown, as if the
/// journal had begun later.
void Journal::read_line(std::string_view line) {
    constexpr std::size_t kDeviceAt = 2;
    const auto space = line.find(' ', kDeviceAt);
    if (line.size() < kDeviceAt || line[1] != ' ' || space == std::string_view::npos) {
        return;
    }
    ReplyMemory& memory = left_[std::string{line.substr(kDeviceAt, space - kDeviceAt)}];
    const std::string rest{line.substr(space + 1)};
    if (line[0] == 'B') {
        if (memory.known(rest) == ReplyMemory::Known::no) {
            static_cast<void>(memory.begin(rest));
        }
    } else if (line[0] == 'A') {
        memory.acknowledged(rest);
    } else if (line[0] == 'R') {
        auto frame = proto::decode_device_frame(proto::Format::json, rest);
        if (auto* reply = frame ? std::get_if<proto::Reply>(&*frame) : nullptr) {
            memory.finish(std::move(*reply));
        }
    }
}

ReplyMemory Journal::take(const proto::DeviceId& device) {
    const auto found = left_.find(device.str());
    if (found == left_.end()) {
        return {};
    }
    ReplyMemory memory = std::move(found->second);
    left_.erase(found);
    return memory;
}

bool Journal::append(char kind, const proto::DeviceId& device, std::string_view rest) {
    const auto line = line_of(kind, device, rest);
    if (!files::write_all(fd_, line)) {
        // A torn line must not swallow the next one.
        static_cast<void>(::ftruncate(fd_, static_cast<off_t>(bytes_)) == 0);
        return false;
    }
    bytes_ += line.size();
    return true;
}

bool Journal::begun(const proto::DeviceId& device, const std::string& id) {
    return append('B', device, id);
}

bool Journal::replied(const proto::DeviceId& device, const proto::Reply& reply) {
    return append('R', device, frame_of(reply));
}

bool Journal::acknowledged(const proto::DeviceId& device, const std::string& id) {
    return append('A', device, id);
}

bool Journal::rewrite(const std::function<void(Lines&)>& fill) {
    Lines lines;
    fill(lines);
    limit_ = std::max<std::uint64_t>(kRewriteBytes, 2 * lines.text_.size());
    const auto fresh_path = path_ + ".new";
    const int fresh =
        ::open(fresh_path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, kMode);
    if (fresh < 0) {
        return false;
    }
    if (!files::write_all(fresh, lines.text_) ||
        std::rename(fresh_path.c_str(), path_.c_str()) != 0) {
        ::close(fresh);
        return false;
    }
    ::close(std::exchange(fd_, fresh));
    bytes_ = lines.text_.size();
    return true;
}

}  // namespace dm::sim
