#pragma once

#include "device-mgmt/files/unique_fd.hpp"
#include "device-mgmt/store/ingress.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

/// One file of the ingress log: a header, then records one after the other, then zeros up to its
/// preallocated size.
///     header  magic(8) first lsn(8) file size(8) crc(4) 0(4)
///     record  payload bytes(4) crc over lsn and payload(4) lsn(8) payload
/// Integers are little-endian; lsns of a segment are consecutive.
namespace dm::store {

inline constexpr std::size_t kSegmentHeaderBytes = 32;
inline constexpr std::size_t kRecordHeaderBytes = 16;
inline constexpr std::size_t kMaxIngressRecordBytes = std::size_t{1024} * 1024;

[[nodiscard]] std::string segment_name(Lsn first);

/// The first lsn that a file's name gives, if it is a segment's name.
[[nodiscard]] std::optional<Lsn> parse_segment_name(std::string_view name);

/// The 16 bytes that precede `payload` in the file.
[[nodiscard]] std::string record_header(Lsn lsn, std::string_view payload);

/// A record at `at` in a segment's bytes, if a whole and sound one with this lsn is there.
[[nodiscard]] std::optional<std::string_view> record_at(std::string_view segment,
                                                        std::size_t at,
                                                        Lsn lsn);

/// Follows the name of a segment that is being made.
inline constexpr std::string_view kMakingSuffix = ".new";

/// Makes a preallocated file with its header; the name appears when the header is durable. The
/// entry in the folder is not yet.
[[nodiscard]] tl::expected<files::UniqueFd, std::string> create_segment(const std::string& path,
                                                                        Lsn first,
                                                                        std::size_t bytes);

/// A whole file mapped for reading.
class SegmentView {
public:
    [[nodiscard]] static tl::expected<SegmentView, std::string> open(const std::string& path);
    ~SegmentView();
    SegmentView(SegmentView&& other) noexcept;
    SegmentView& operator=(SegmentView&& other) noexcept;
    SegmentView(const SegmentView&) = delete;
    SegmentView& operator=(const SegmentView&) = delete;

    [[nodiscard]] std::string_view bytes() const { return bytes_; }

private:
    explicit SegmentView(std::string_view bytes) : bytes_(bytes) {}

    std::string_view bytes_;
};

/// What a look through a segment found.
struct SegmentScan {
    bool usable = false;            ///< the header is sound
    bool shortened = false;         ///< the file is smaller than its header says
    std::size_t file_bytes = 0;     ///< what the header says
    std::size_t end = 0;            ///< offset after the last sound record
    Lsn next = 0;                   ///< the lsn that would come there
    std::size_t garbage_bytes = 0;  ///< from there to the last byte that is not zero

    [[nodiscard]] bool damaged() const { return !usable || shortened || garbage_bytes > 0; }
};

[[nodiscard]] SegmentScan scan_segment(std::string_view bytes, Lsn first);

/// Zeros everything from `end` on and gives the file its full size again; durable on return.
[[nodiscard]] tl::expected<void, std::string> cut_segment(const std::string& path,
                                                          std::size_t end,
                                                          std::size_t file_bytes);

}  // namespace dm::store
