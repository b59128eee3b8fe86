#include "device-mgmt/check/check_table.hpp"

#include "protocol/ids.hpp"
#include "protocol/json_writer.hpp"

#include <algorithm>
#include <cstdio>
#include <fstream>

#include <fmt/format.h>

namespace dm::check {
namespace {

/// Without control characters, and no longer than the column can bear.
std::string printable(std::string_view text) {
    std::string out;
    for (std::size_t at = 0; at < text.size() && out.size() < CheckTable::kMaxSeenBytes;) {
        const std::size_t bytes = proto::utf8_sequence_at(text, at);
        const bool shown = bytes > 1 || (bytes == 1 && text[at] >= ' ' && text[at] != '\x7F');
        out += shown ? std::string(text.substr(at, bytes)) : "?";
        at += std::max<std::size_t>(bytes, 1);
    }
    return out;
}

std::size_t columns(std::string_view text) {
    return proto::is_utf8(text) ? proto::utf8_length(text) : text.size();
}

std::string padded(std::string_view text, std::size_t width) {
    const std::size_t used = columns(text);
    return std::string(text) + std::string(width > used ? width - used : 0, ' ');
}

}  // namespace

std::string_view word(Verdict verdict) {
    switch (verdict) {
        case Verdict::passed:
            return "passed";
        case Verdict::failed:
            return "FAILED";
        case Verdict::skipped:
            return "skipped";
    }
    return "";
}

void CheckTable::add(const Check& check, Verdict verdict, std::string_view seen) {
    rows_.push_back({check, verdict, printable(seen)});
    if (progress_) {
        const auto line = fmt::format("{}  {}: {}\n", word(verdict), check.name, rows_.back().seen);
        std::fputs(line.c_str(), stderr);
    }
}

std::size_t CheckTable::count(Verdict verdict) const {
    return static_cast<std::size_t>(
        std::count_if(rows_.begin(), rows_.end(), [verdict](const CheckResult& row) {
            return row.verdict == verdict;
        }));
}

bool CheckTable::good() const {
    return count(Verdict::failed) == 0 && count(Verdict::passed) > 0;
}

std::string CheckTable::text() const {
    std::size_t name = 5;
    std::size_t section = 7;
    std::size_t expected = 8;
    for (const CheckResult& row : rows_) {
        name = std::max(name, columns(row.check.name));
        section = std::max(section, columns(row.check.section));
        expected = std::max(expected, columns(row.check.expected));
    }
    const auto line = [&](std::string_view a, const Check& check, std::string_view seen) {
        return fmt::format("{}  {}  {}  {}  {}\n",
                           padded(a, 7),
                           padded(check.name, name),
                           padded(check.section, section),
                           padded(check.expected, expected),
                           seen);
    };
    std::string out = line("verdict", {"check", "section", "expected", ""}, "seen");
    for (const CheckResult& row : rows_) {
        out += line(word(row.verdict), row.check, row.seen);
        if (row.verdict == Verdict::failed && !row.check.advice.empty()) {
            out += fmt::format("         {}\n", row.check.advice);
        }
    }
    out += fmt::format("{} passed, {} failed, {} skipped; sections are those of docs/protocol.md\n",
                       count(Verdict::passed),
                       count(Verdict::failed),
                       count(Verdict::skipped));
    return out;
}

std::string CheckTable::json() const {
    std::string checks = "[";
    for (const CheckResult& row : rows_) {
        checks += checks.size() > 1 ? "," : "";
        checks +=
            proto::JsonWriter{}
                .text("check", row.check.name)
                .text("section", row.check.section)
                .text("expected", row.check.expected)
                .text("seen", row.seen)
                .text("verdict", row.verdict == Verdict::failed ? "failed" : word(row.verdict))
                .text("advice", row.verdict == Verdict::failed ? row.check.advice : "")
                .take();
    }
    return proto::JsonWriter{}
        .number("passed", std::uint64_t{count(Verdict::passed)})
        .number("failed", std::uint64_t{count(Verdict::failed)})
        .number("skipped", std::uint64_t{count(Verdict::skipped)})
        .json("checks", checks + "]")
        .take();
}

std::string write_file(const std::string& path, const std::string& text) {
    std::ofstream file{path, std::ios::trunc};
    file << text << '\n';
    file.close();
    return file ? std::string{} : fmt::format("{}: cannot be written", path);
}

}  // namespace dm::check
