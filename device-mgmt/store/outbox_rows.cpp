#include "device-mgmt/store/outbox_rows.hpp"

#include "device-mgmt/store/command_rows.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>

namespace dm::store {

namespace {

void append_escaped(std::string& out, std::string_view text) {
    for (const char c : text) {
        switch (c) {
            case '\t':
                out += "\\t";
                break;
            case '\n':
                out += "\\n";
                break;
            case '\\':
                out += "\\\\";
                break;
            default:
                out.push_back(c);
        }
    }
}

std::string unescape(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\' || i + 1 == text.size()) {
            out.push_back(text[i]);
            continue;
        }
        const char escaped = text[++i];
        out.push_back(escaped == 't' ? '\t' : escaped == 'n' ? '\n' : escaped);
    }
    return out;
}

}  // namespace

std::string to_lines(const Properties& properties) {
    std::string lines;
    for (const auto& [name, value] : properties) {
        append_escaped(lines, name);
        lines.push_back('\t');
        append_escaped(lines, value);
        lines.push_back('\n');
    }
    return lines;
}

Properties parse_lines(std::string_view lines) {
    Properties properties;
    while (!lines.empty()) {
        const std::string_view line = lines.substr(0, lines.find('\n'));
        lines.remove_prefix(std::min(lines.size(), line.size() + 1));
        const std::size_t tab = line.find('\t');
        if (tab != std::string_view::npos) {
            properties.emplace_back(unescape(line.substr(0, tab)), unescape(line.substr(tab + 1)));
        }
    }
    return properties;
}

OutboxRows::OutboxRows(const Database& database)
    : put_(database,
           "INSERT OR REPLACE INTO outbox (number, topic, payload, correlation, user_properties,"
           " fallback_topic, device, id) VALUES (?,?,?,?,?,?,?,?)"),
      remove_(database, "DELETE FROM outbox WHERE number BETWEEN ? AND ?"),
      find_(database,
            "SELECT number, topic, payload, correlation, user_properties, fallback_topic, device,"
            " id FROM outbox WHERE number = ?") {}

void OutboxRows::put(const OutboxRow& row) {
    std::optional<Blob> correlation;
    if (row.correlation) {
        correlation = Blob{*row.correlation};
    }
    std::optional<std::string_view> device;
    std::optional<std::string_view> id;
    if (row.key) {
        device = row.key->device.str();
        id = row.key->id;
    }
    put_.run(row.number,
             row.topic,
             row.payload,
             correlation,
             to_lines(row.user_properties),
             row.fallback_topic,
             device,
             id);
}

void OutboxRows::remove(std::vector<std::uint64_t> numbers) {
    // Messages go roughly in the order they came: most numbers are neighbours.
    std::sort(numbers.begin(), numbers.end());
    for (std::size_t i = 0; i < numbers.size();) {
        const std::uint64_t first = numbers[i];
        std::uint64_t last = first;
        for (++i; i < numbers.size() && numbers[i] <= last + 1; ++i) {
            last = numbers[i];
        }
        remove_.run(first, last);
    }
}

std::vector<OutboxRow> OutboxRows::find(const std::vector<std::uint64_t>& numbers) {
    std::vector<OutboxRow> outbox;
    outbox.reserve(numbers.size());
    for (const std::uint64_t number : numbers) {
        find_.each(
            [&] {
                OutboxRow row{find_.natural(0),
                              std::string(find_.text(1)),
                              std::string(find_.text(2)),
                              find_.text_if_any(3),
                              parse_lines(find_.text(4)),
                              find_.text_if_any(5),
                              std::nullopt};
                if (!find_.is_null(6)) {
                    row.key =
                        core::CommandKey{stored_device(find_.text(6)), std::string(find_.text(7))};
                }
                outbox.push_back(std::move(row));
            },
            number);
    }
    return outbox;
}

std::vector<std::uint64_t> load_outbox_numbers(const Database& database) {
    Statement rows(database, "SELECT number FROM outbox ORDER BY number");
    std::vector<std::uint64_t> numbers;
    rows.each([&] { numbers.push_back(rows.natural(0)); });
    return numbers;
}

}  // namespace dm::store
