#include "device-mgmt/settings/toml_file.hpp"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <toml++/toml.h>

namespace dm::settings {

namespace {

tl::expected<std::string, Problem> read_text(const std::string& path) {
    const auto problem = [&](const std::string& reason) {
        return tl::unexpected(Problem{path, "", reason});
    };
    std::error_code failed;
    if (std::filesystem::is_directory(path, failed)) {
        return problem("is a folder, not a file");
    }
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        return problem(fmt::format("cannot be read: {}", std::generic_category().message(errno)));
    }
    std::string text(kMaxFileBytes + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(file.gcount()));
    if (file.bad()) {
        return problem("cannot be read");
    }
    if (text.size() > kMaxFileBytes) {
        return problem(fmt::format("is larger than {} bytes", kMaxFileBytes));
    }
    return text;
}

std::string found(const toml::node& node) {
    std::ostringstream name;
    name << node.type();
    return name.str();
}

std::variant<Value, RawText, Unusable> to_value(const toml::node& node) {
    switch (node.type()) {
        case toml::node_type::boolean:
            return Value{node.as_boolean()->get()};
        case toml::node_type::integer:
            return Value{node.as_integer()->get()};
        case toml::node_type::floating_point:
            return Value{node.as_floating_point()->get()};
        case toml::node_type::string:
            return Value{node.as_string()->get()};
        default:
            break;
    }
    const toml::array* array = node.as_array();
    if (array == nullptr) {
        return Unusable{found(node)};
    }
    std::vector<std::string> texts;
    for (const toml::node& element : *array) {
        if (!element.is_string()) {
            return Unusable{"an array that holds " + found(element)};
        }
        texts.push_back(element.as_string()->get());
    }
    return Value{texts};
}

using Lines = std::multimap<toml::source_index, Entry>;

void flatten(const toml::table& table,
             const std::string& prefix,
             const std::string& path,
             Lines& entries) {
    for (const auto& [key, node] : table) {
        const std::string name = prefix + std::string{key.str()};
        if (const toml::table* inner = node.as_table()) {
            flatten(*inner, name + ".", path, entries);
        } else {
            const toml::source_index line = key.source().begin.line;
            entries.emplace(line, Entry{name, fmt::format("{}:{}", path, line), to_value(node)});
        }
    }
}

}  // namespace

tl::expected<std::vector<Entry>, Problem> read_toml_file(const std::string& path) {
    const auto text = read_text(path);
    if (!text) {
        return tl::unexpected(text.error());
    }
    try {
        Lines lines;
        flatten(toml::parse(*text), "", path, lines);
        std::vector<Entry> entries;
        for (auto& [line, entry] : lines) {
            entries.push_back(std::move(entry));
        }
        return entries;
    } catch (const toml::parse_error& error) {
        return tl::unexpected(Problem{fmt::format("{}:{}", path, error.source().begin.line),
                                      "",
                                      std::string{error.description()}});
    }
}

}  // namespace dm::settings
