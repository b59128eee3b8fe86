#pragma once

#include "device-mgmt/log/log.hpp"

#include <initializer_list>
#include <string>
#include <string_view>

/// How a line looks after its time stamp. Pure: the time belongs to the sink.
namespace dm::log {

/// `INFO session_opened device=d-1 epoch=17`.
///
/// A value is written bare when it consists of printable characters without space, quote, `=` or
/// backslash; else in quotes with JSON escapes.
[[nodiscard]] std::string text_line(Level level,
                                    std::string_view event,
                                    std::initializer_list<Field> fields);

/// `"level":"info","event":"session_opened","device":"d-1","epoch":17}`: a JSON object from its
/// second member on. Numbers that JSON cannot write become null.
[[nodiscard]] std::string json_line(Level level,
                                    std::string_view event,
                                    std::initializer_list<Field> fields);

/// `value` for the inside of a JSON string: escaped, ill-formed UTF-8 replaced by U+FFFD, and cut
/// at kMaxValueBytes of input (never inside a character) with `…` in place of the rest. Line
/// separators and C1 controls are escaped too: they move the cursor of some terminals.
[[nodiscard]] std::string escape(std::string_view value);

}  // namespace dm::log
