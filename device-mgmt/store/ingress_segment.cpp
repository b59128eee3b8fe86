#include "device-mgmt/store/ingress_segment.hpp"

#include "device-mgmt/store/crc32c.hpp"
#include "device-mgmt/store/files.hpp"
#include "device-mgmt/store/little_endian.hpp"

#include <cerrno>
#include <charconv>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace dm::store {

namespace {

constexpr std::string_view kMagic = "dm-ingr1";
constexpr std::string_view kPrefix = "ingress-";
constexpr std::string_view kSuffix = ".log";
constexpr std::size_t kLsnDigits = 16;
constexpr std::size_t kHeaderCrcAt = 24;
constexpr std::size_t kRecordLsnAt = 8;
constexpr std::size_t kRecordCrcAt = 4;

std::string segment_header(Lsn first, std::size_t bytes) {
    std::string header(kMagic);
    append_le(header, first);
    append_le(header, std::uint64_t{bytes});
    append_le(header, crc32c(header));
    append_le(header, std::uint32_t{0});
    return header;
}

std::size_t bytes_until_zeros(std::string_view bytes, std::size_t from) {
    const std::size_t last = bytes.find_last_not_of('\0');
    return last == std::string_view::npos || last < from ? 0 : last + 1 - from;
}

}  // namespace

std::string segment_name(Lsn first) {
    std::string digits(kLsnDigits, '0');
    for (std::size_t i = kLsnDigits; i-- > 0; first >>= 4U) {
        digits[i] = "0123456789abcdef"[first & 15U];
    }
    return std::string(kPrefix) + digits + std::string(kSuffix);
}

std::optional<Lsn> parse_segment_name(std::string_view name) {
    if (name.size() != kPrefix.size() + kLsnDigits + kSuffix.size() ||
        name.substr(0, kPrefix.size()) != kPrefix ||
        name.substr(kPrefix.size() + kLsnDigits) != kSuffix) {
        return std::nullopt;
    }
    const std::string_view digits = name.substr(kPrefix.size(), kLsnDigits);
    Lsn first = 0;
    const auto [end, problem] =
        std::from_chars(digits.data(), digits.data() + digits.size(), first, 16);
    if (problem != std::errc{} || end != digits.data() + digits.size()) {
        return std::nullopt;
    }
    return first;
}

std::string record_header(Lsn lsn, std::string_view payload) {
    std::string lsn_bytes;
    append_le(lsn_bytes, lsn);
    std::string header;
    append_le(header, static_cast<std::uint32_t>(payload.size()));
    append_le(header, crc32c(payload, crc32c(lsn_bytes)));
    return header + lsn_bytes;
}

std::optional<std::string_view> record_at(std::string_view segment, std::size_t at, Lsn lsn) {
    if (at > segment.size() || segment.size() - at < kRecordHeaderBytes) {
        return std::nullopt;
    }
    const std::size_t size = read_le<std::uint32_t>(segment, at);
    if (size == 0 || size > kMaxIngressRecordBytes ||
        size > segment.size() - at - kRecordHeaderBytes ||
        read_le<std::uint64_t>(segment, at + kRecordLsnAt) != lsn) {
        return std::nullopt;
    }
    // The crc covers the lsn and, right behind it, the payload.
    const std::string_view covered = segment.substr(at + kRecordLsnAt, sizeof(Lsn) + size);
    if (crc32c(covered) != read_le<std::uint32_t>(segment, at + kRecordCrcAt)) {
        return std::nullopt;
    }
    return covered.substr(sizeof(Lsn));
}

tl::expected<files::UniqueFd, std::string> create_segment(const std::string& path,
                                                          Lsn first,
                                                          std::size_t bytes) {
    const std::string making = path + std::string(kMakingSuffix);
    files::UniqueFd fd(::open(making.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!fd) {
        return tl::unexpected(system_problem("cannot create", making));
    }
    const std::string header = segment_header(first, bytes);
    errno = ::posix_fallocate(fd.get(), 0, static_cast<off_t>(bytes));
    if (errno != 0 ||
        ::pwrite(fd.get(), header.data(), header.size(), 0) !=
            static_cast<ssize_t>(header.size()) ||
        ::fsync(fd.get()) != 0 || ::rename(making.c_str(), path.c_str()) != 0) {
        const int reason = errno;
        ::unlink(making.c_str());
        errno = reason;
        return tl::unexpected(system_problem("cannot allocate", path));
    }
    return fd;
}

tl::expected<SegmentView, std::string> SegmentView::open(const std::string& path) {
    const files::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));

    struct stat info {};

    if (!fd || ::fstat(fd.get(), &info) != 0) {
        return tl::unexpected(system_problem("cannot read", path));
    }
    const auto size = static_cast<std::size_t>(info.st_size);
    if (size == 0) {
        return SegmentView(std::string_view{});
    }
    void* start = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd.get(), 0);
    if (start == MAP_FAILED) {
        return tl::unexpected(system_problem("cannot map", path));
    }
    return SegmentView(std::string_view(static_cast<const char*>(start), size));
}

SegmentView::~SegmentView() {
    if (!bytes_.empty()) {
        // munmap takes back what mmap gave, which was not const.
        ::munmap(const_cast<char*>(bytes_.data()), bytes_.size());
    }
}

SegmentView::SegmentView(SegmentView&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}

SegmentView& SegmentView::operator=(SegmentView&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
}

SegmentScan scan_segment(std::string_view bytes, Lsn first) {
    SegmentScan scan;
    scan.next = first;
    if (bytes.size() >= kSegmentHeaderBytes) {
        scan.file_bytes = read_le<std::uint64_t>(bytes, kMagic.size() + sizeof(Lsn));
        scan.usable =
            bytes.substr(0, kSegmentHeaderBytes) == segment_header(first, scan.file_bytes);
    }
    if (!scan.usable) {
        scan.garbage_bytes = bytes_until_zeros(bytes, 0);
        return scan;
    }
    static_assert(kHeaderCrcAt + 2 * sizeof(std::uint32_t) == kSegmentHeaderBytes);
    scan.shortened = bytes.size() < scan.file_bytes;
    scan.end = kSegmentHeaderBytes;
    while (const auto payload = record_at(bytes, scan.end, scan.next)) {
        scan.end += kRecordHeaderBytes + payload->size();
        ++scan.next;
    }
    scan.garbage_bytes = bytes_until_zeros(bytes, scan.end);
    return scan;
}

tl::expected<void, std::string> cut_segment(const std::string& path,
                                            std::size_t end,
                                            std::size_t file_bytes) {
    const files::UniqueFd fd(::open(path.c_str(), O_RDWR | O_CLOEXEC));
    if (!fd || ::ftruncate(fd.get(), static_cast<off_t>(end)) != 0) {
        return tl::unexpected(system_problem("cannot cut", path));
    }
    errno = ::posix_fallocate(fd.get(), 0, static_cast<off_t>(file_bytes));
    if (errno != 0 || ::fsync(fd.get()) != 0) {
        return tl::unexpected(system_problem("cannot cut", path));
    }
    return {};
}

}  // namespace dm::store
