#pragma once

#include <string>
#include <string_view>

/// Server-sent events as text (HTML Living Standard, section 9.2).
namespace dm::control {

/// One event. `name` empty: the default one; `id` empty: none. Every line of `data` gets its field.
[[nodiscard]] std::string event_text(std::string_view name,
                                     std::string_view id,
                                     std::string_view data);

/// A line that readers skip; it shows that the connection lives.
[[nodiscard]] std::string comment_text(std::string_view text);

/// Only the id by which a reader resumes, without an event.
[[nodiscard]] std::string position_text(std::string_view id);

}  // namespace dm::control
