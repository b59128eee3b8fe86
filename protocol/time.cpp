#include "protocol/time.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace dm::proto {

namespace {

using std::chrono::milliseconds;

constexpr std::int64_t kMsPerDay = 86'400'000;

/// Days since 1970-01-01 of a date in the proleptic Gregorian calendar. Years are counted from
/// March so that the leap day is the last of the year.
constexpr std::int64_t days_from_civil(std::int64_t year, unsigned month, unsigned day) {
    const std::int64_t y = month <= 2 ? year - 1 : year;
    const std::int64_t era = (y >= 0 ? y : y - 399) / 400;
    const std::int64_t year_of_era = y - era * 400;
    const std::int64_t month_from_march = (static_cast<std::int64_t>(month) + 9) % 12;
    const std::int64_t day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    const std::int64_t day_of_era =
        year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146'097 + day_of_era - 719'468;
}

struct Civil {
    std::int64_t year;
    unsigned month;
    unsigned day;
};

constexpr Civil civil_from_days(std::int64_t days) {
    const std::int64_t z = days + 719'468;
    const std::int64_t era = (z >= 0 ? z : z - 146'096) / 146'097;
    const std::int64_t day_of_era = z - era * 146'097;
    const std::int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
    const std::int64_t day_of_year =
        day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const std::int64_t month_from_march = (5 * day_of_year + 2) / 153;
    const auto day = static_cast<unsigned>(day_of_year - (153 * month_from_march + 2) / 5 + 1);
    const auto month =
        static_cast<unsigned>(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
    return {year_of_era + era * 400 + (month <= 2 ? 1 : 0), month, day};
}

// RFC 3339 years have four digits.
constexpr std::int64_t kEarliestMs = days_from_civil(0, 1, 1) * kMsPerDay;
constexpr std::int64_t kLatestMs = days_from_civil(10'000, 1, 1) * kMsPerDay - 1;

unsigned days_in_month(std::int64_t year, unsigned month) {
    constexpr std::array<unsigned, 12> kDays{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : kDays.at(month - 1);
}

void append_digits(std::string& out, std::int64_t value, std::size_t width) {
    std::string digits(width, '0');
    for (std::size_t i = width; i-- > 0; value /= 10) {
        digits[i] = static_cast<char>('0' + value % 10);
    }
    out += digits;
}

/// Eats the text from the left; after the first mismatch everything fails.
class Scanner {
public:
    explicit Scanner(std::string_view text) : rest_(text) {}

    [[nodiscard]] bool at_end() const { return rest_.empty(); }

    [[nodiscard]] bool literal(std::string_view any_of) {
        if (rest_.empty() || any_of.find(rest_.front()) == std::string_view::npos) {
            return false;
        }
        last_ = rest_.front();
        rest_.remove_prefix(1);
        return true;
    }

    /// The character that the last literal() took.
    [[nodiscard]] char last() const { return last_; }

    [[nodiscard]] bool number(std::size_t digits, unsigned max, unsigned& value) {
        value = 0;
        for (std::size_t i = 0; i < digits; ++i) {
            if (!literal("0123456789")) {
                return false;
            }
            value = value * 10 + static_cast<unsigned>(last_ - '0');
        }
        return value <= max;
    }

    /// One or more digits of a second's fraction; what is finer than a millisecond is cut off.
    [[nodiscard]] bool fraction(unsigned& ms) {
        unsigned scale = 100;
        bool any = false;
        while (literal("0123456789")) {
            ms += static_cast<unsigned>(last_ - '0') * scale;
            scale /= 10;
            any = true;
        }
        return any;
    }

private:
    std::string_view rest_;
    char last_ = '\0';
};

/// `Z` or `±hh:mm`, in minutes east of UTC.
bool scan_offset(Scanner& in, std::int64_t& minutes) {
    minutes = 0;
    if (in.literal("Zz")) {
        return true;
    }
    if (!in.literal("+-")) {
        return false;
    }
    const std::int64_t sign = in.last() == '-' ? -1 : 1;
    unsigned hour = 0;
    unsigned minute = 0;
    if (!in.number(2, 23, hour) || !in.literal(":") || !in.number(2, 59, minute)) {
        return false;
    }
    minutes = sign * (static_cast<std::int64_t>(hour) * 60 + minute);
    return true;
}

}  // namespace

std::string format_time(WallTime time) {
    const std::int64_t ms =
        std::clamp<std::int64_t>(time.time_since_epoch().count(), kEarliestMs, kLatestMs);
    std::int64_t days = ms / kMsPerDay;
    std::int64_t of_day = ms % kMsPerDay;
    if (of_day < 0) {
        of_day += kMsPerDay;
        --days;
    }
    const Civil date = civil_from_days(days);
    std::string out;
    out.reserve(24);
    append_digits(out, date.year, 4);
    out += '-';
    append_digits(out, date.month, 2);
    out += '-';
    append_digits(out, date.day, 2);
    out += 'T';
    append_digits(out, of_day / 3'600'000, 2);
    out += ':';
    append_digits(out, of_day / 60'000 % 60, 2);
    out += ':';
    append_digits(out, of_day / 1000 % 60, 2);
    out += '.';
    append_digits(out, of_day % 1000, 3);
    out += 'Z';
    return out;
}

std::optional<WallTime> parse_time(std::string_view text) {
    Scanner in(text);
    unsigned year = 0;
    unsigned month = 0;
    unsigned day = 0;
    unsigned hour = 0;
    unsigned minute = 0;
    unsigned second = 0;
    unsigned ms = 0;
    std::int64_t offset = 0;
    // RFC 3339 section 5.6; `T` and `Z` may be lower case.
    if (!in.number(4, 9999, year) || !in.literal("-") || !in.number(2, 12, month) || month == 0 ||
        !in.literal("-") || !in.number(2, days_in_month(year, month), day) || day == 0 ||
        !in.literal("Tt") || !in.number(2, 23, hour) || !in.literal(":") ||
        !in.number(2, 59, minute) || !in.literal(":") || !in.number(2, 60, second)) {
        return std::nullopt;
    }
    if (in.literal(".") && !in.fraction(ms)) {
        return std::nullopt;
    }
    if (!scan_offset(in, offset) || !in.at_end()) {
        return std::nullopt;
    }
    const std::int64_t minute_of_day = static_cast<std::int64_t>(hour) * 60 + minute - offset;
    // Section 5.7: a leap second is the last of a UTC day; here it is the first of the next.
    if (second == 60 && (minute_of_day + 1) % 1440 != 0) {
        return std::nullopt;
    }
    const std::int64_t unix_ms = days_from_civil(year, month, day) * kMsPerDay +
                                 minute_of_day * 60'000 + static_cast<std::int64_t>(second) * 1000 +
                                 ms;
    if (unix_ms < kEarliestMs || unix_ms > kLatestMs) {
        return std::nullopt;
    }
    return WallTime(milliseconds(unix_ms));
}

}  // namespace dm::proto
