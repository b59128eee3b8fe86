#pragma once

#include "firmware-sim/reply_memory.hpp"
#include "protocol/ids.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <tl/expected.hpp>

namespace dm::sim {

/// The journal of many devices in one file: which ids were begun, with which reply, and which
/// replies the server has. Every entry is one write(2) and no fsync: it survives the death of the
/// process, not that of the machine. One process at a time; one thread.
///
/// A line is `B <device> <id>` (begun), `R <device> <reply frame>` or `A <device> <id>`
/// (acknowledged). What was torn at the end is cut off when the file is opened.
class Journal {
public:
    /// A file larger than this, and than twice what it was when last rewritten, is oversized.
    static constexpr std::uint64_t kRewriteBytes = std::uint64_t{8} * 1024 * 1024;

    /// Collects the entries of a new file.
    class Lines {
    public:
        void remember(const proto::DeviceId& device, const ReplyMemory& memory);

    private:
        friend class Journal;
        std::string text_;
    };

    /// Opens or makes `path`; reads what an earlier process left. The error is a sentence.
    [[nodiscard]] static tl::expected<std::unique_ptr<Journal>, std::string> open(
        const std::string& path);
    ~Journal();
    Journal(const Journal&) = delete;
    Journal& operator=(const Journal&) = delete;

    /// What an earlier process left of this device; once.
    [[nodiscard]] ReplyMemory take(const proto::DeviceId& device);

    // False: the disk did not take the entry.
    [[nodiscard]] bool begun(const proto::DeviceId& device, const std::string& id);
    [[nodiscard]] bool replied(const proto::DeviceId& device, const proto::Reply& reply);
    [[nodiscard]] bool acknowledged(const proto::DeviceId& device, const std::string& id);

    [[nodiscard]] bool oversized() const { return bytes_ > limit_; }

    /// Replaces the file by what `fill` adds; the old one stays when the disk refuses the new one.
    [[nodiscard]] bool rewrite(const std::function<void(Lines&)>& fill);

private:
    explicit Journal(std::string path) : path_(std::move(path)) {}

    tl::expected<void, std::string> lock_and_read();
    void read_line(std::string_view line);
    bool append(char kind, const proto::DeviceId& device, std::string_view rest);

    std::string path_;
    int lock_ = -1;
    int fd_ = -1;
    std::uint64_t bytes_ = 0;
    std::uint64_t limit_ = kRewriteBytes;
    std::unordered_map<std::string, ReplyMemory> left_;  ///< by device; emptied by take()
};

}  // namespace dm::sim
