#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dm::http {

/// Bounds of a request before its body.
struct HeadLimits {
    std::size_t max_target_bytes = 4096;         ///< more: 414
    std::size_t max_headers = 64;                ///< more: 431
    std::size_t max_header_bytes = 8192;         ///< of one name or value; more: 431
    std::size_t max_head_bytes = 64UL * 1024;    ///< of all of it; more: 431
    std::size_t max_body_bytes = 1024UL * 1024;  ///< announced; more: 413
};

/// Why a request is not taken at all.
struct HeadRefusal {
    int status = 400;
    std::string_view why;  ///< a sentence, static
};

/// Follows the requests of one connection, byte by byte, and finds what a front end might read
/// otherwise than the parser behind it, which is lenient (RFC 9112 sections 2.2, 5.2, 6.3): bare
/// LF, continued headers, several lengths, other versions, transfer codings, anything over a bound.
class HeadCheck {
public:
    explicit HeadCheck(const HeadLimits& limits) : limits_(limits) {}

    /// The next bytes that arrived. After a refusal the connection is of no use any more.
    [[nodiscard]] std::optional<HeadRefusal> feed(std::string_view bytes);

private:
    using Found = std::optional<HeadRefusal>;

    enum class At {
        before,     ///< a request; one empty line is skipped
        blank_end,  ///< the LF of that line
        method,
        target,
        version,
        line_end,    ///< a CR was read
        line_begin,  ///< a header, or the CR of the empty line
        name,
        value,
        head_end,  ///< the CR of the empty line was read
    };

    /// The start of a word that is compared; longer ones are none of those known.
    class Word {
    public:
        void add(char c);

        void clear() { size_ = 0; }

        [[nodiscard]] std::string_view text() const { return {bytes_.data(), size_}; }

    private:
        std::array<char, 24> bytes_{};
        std::size_t size_ = 0;
    };

    [[nodiscard]] Found take(char c);
    [[nodiscard]] Found take_method(char c);
    [[nodiscard]] Found take_target(char c);
    [[nodiscard]] Found take_version(char c);
    [[nodiscard]] Found take_line_begin(char c);
    [[nodiscard]] Found take_name(char c);
    [[nodiscard]] Found take_value(char c);
    [[nodiscard]] Found begin_value();
    [[nodiscard]] Found end_head();
    void begin_head();

    HeadLimits limits_;
    At at_ = At::before;
    bool blank_skipped_ = false;
    std::size_t head_bytes_ = 0;
    std::size_t part_bytes_ = 0;  ///< of target, name or value
    std::size_t headers_ = 0;
    Word word_;    ///< method, version or name
    Word coding_;  ///< value of Transfer-Encoding
    bool is_length_ = false;
    bool is_coding_ = false;
    bool has_coding_ = false;
    bool length_ended_ = false;  ///< white space after its digits
    std::optional<std::uint64_t> length_;
    std::uint64_t body_left_ = 0;
};

/// The whole response, which ends the connection. `date`: as in a Date header.
[[nodiscard]] std::string response_of(const HeadRefusal& refusal, std::string_view date);

}  // namespace dm::http
