#include "control/sse/frame.hpp"

namespace dm::control {

namespace {

/// A line feed inside a value would begin another field.
void append_field(std::string& out, std::string_view name, std::string_view value) {
    for (bool more = true; more;) {
        const std::size_t end = value.find_first_of("\r\n");
        more = end != std::string_view::npos;
        out.append(name).append(": ").append(value.substr(0, end)).append("\n");
        value.remove_prefix(more ? end + 1 : value.size());
    }
}

}  // namespace

std::string event_text(std::string_view name, std::string_view id, std::string_view data) {
    std::string out;
    out.reserve(data.size() + name.size() + id.size() + 32);
    if (!name.empty()) {
        append_field(out, "event", name);
    }
    if (!id.empty()) {
        append_field(out, "id", id);
    }
    append_field(out, "data", data);
    out += '\n';
    return out;
}

std::string comment_text(std::string_view text) {
    std::string out;
    append_field(out, "", text);
    out += '\n';
    return out;
}

std::string position_text(std::string_view id) {
    std::string out;
    append_field(out, "id", id);
    out += '\n';
    return out;
}

}  // namespace dm::control
