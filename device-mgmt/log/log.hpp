#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

/// Structured log on spdlog: one event name and named fields per line, as text
/// (`2026-11-22T08:15:30.123Z INFO session_opened device=d-1 epoch=17`) or as a JSON object.
/// Thread-safe. Control characters and quotes in values are escaped, so peers cannot forge lines;
/// values are cut at kMaxValueBytes. Secrets are never passed in.
namespace dm::log {

enum class Level { trace, debug, info, warn, error, off };
enum class LineFormat { text, json };

inline constexpr std::size_t kMaxValueBytes = 512;

struct LogSettings {
    std::string level = "info";
    std::string format = "text";
};

/// `trace`, `debug`, `info`, `warn`, `error` or `off`.
[[nodiscard]] std::optional<Level> parse_level(std::string_view word);

/// `text` or `json`.
[[nodiscard]] std::optional<LineFormat> parse_line_format(std::string_view word);

using Value = std::variant<std::string_view, std::int64_t, std::uint64_t, double, bool>;

struct Field {
    std::string_view name;
    Value value;

    Field(std::string_view n, std::string_view v) : name(n), value(v) {}

    Field(std::string_view n, const char* v) : name(n), value(std::string_view{v}) {}

    Field(std::string_view n, const std::string& v) : name(n), value(std::string_view{v}) {}

    Field(std::string_view n, bool v) : name(n), value(v) {}

    Field(std::string_view n, double v) : name(n), value(v) {}

    Field(std::string_view n, int v) : name(n), value(std::int64_t{v}) {}

    Field(std::string_view n, long v) : name(n), value(std::int64_t{v}) {}

    Field(std::string_view n, unsigned v) : name(n), value(std::uint64_t{v}) {}

    Field(std::string_view n, unsigned long v) : name(n), value(std::uint64_t{v}) {}
};

/// To standard error. Call before any thread starts; again to change the level.
void configure(Level level, LineFormat format);
void set_level(Level level);
[[nodiscard]] bool enabled(Level level);

void event(Level level, std::string_view name, std::initializer_list<Field> fields = {});

inline void info(std::string_view name, std::initializer_list<Field> fields = {}) {
    event(Level::info, name, fields);
}

inline void warn(std::string_view name, std::initializer_list<Field> fields = {}) {
    event(Level::warn, name, fields);
}

inline void error(std::string_view name, std::initializer_list<Field> fields = {}) {
    event(Level::error, name, fields);
}

inline void debug(std::string_view name, std::initializer_list<Field> fields = {}) {
    if (enabled(Level::debug)) {
        event(Level::debug, name, fields);
    }
}

}  // namespace dm::log
