#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

/// Conformance: what `device-mgmt check-device` and `firmware-sim check` find out, as a table.
namespace dm::check {

enum class Verdict { passed, failed, skipped };

[[nodiscard]] std::string_view word(Verdict verdict);

/// One thing to find out.
struct Check {
    std::string_view name;
    std::string_view section;   ///< of docs/protocol.md
    std::string_view expected;  ///< may be empty where the name says it all
    std::string_view advice;    ///< printed when it failed: what to look at
};

/// One row.
struct CheckResult {
    Check check;
    Verdict verdict;
    std::string seen;  ///< what came instead, or why it was skipped; printable
};

/// Rows in the order in which they were found out. Texts from the peer are made printable and cut.
class CheckTable {
public:
    static constexpr std::size_t kMaxSeenBytes = 160;

    /// Prints one line to standard error for those who watch, if `progress`.
    explicit CheckTable(bool progress) : progress_(progress) {}

    void add(const Check& check, Verdict verdict, std::string_view seen);

    /// Passed or failed.
    void add(const Check& check, bool good, std::string_view seen) {
        add(check, good ? Verdict::passed : Verdict::failed, seen);
    }

    [[nodiscard]] const std::vector<CheckResult>& rows() const { return rows_; }

    [[nodiscard]] std::size_t count(Verdict verdict) const;

    /// Something was found out, and nothing failed.
    [[nodiscard]] bool good() const;

    /// Columns verdict, check, section, expected, seen; under each failure its advice; a last line
    /// with the counts.
    [[nodiscard]] std::string text() const;

    /// `{"passed":N,"failed":N,"skipped":N,"checks":[{…}]}`.
    [[nodiscard]] std::string json() const;

private:
    bool progress_;
    std::vector<CheckResult> rows_;
};

/// Writes `text` and a newline to a file, replacing it. Empty, or what went wrong with which file.
[[nodiscard]] std::string write_file(const std::string& path, const std::string& text);

}  // namespace dm::check
