#include "device-mgmt/settings/render.hpp"

#include <array>
#include <iterator>

#include <fmt/format.h>

namespace dm::settings {

namespace {

constexpr std::size_t kWidth = 100;
constexpr std::array<std::string_view, 5> kPlaceholders{
    "true|false", "INTEGER", "NUMBER", "TEXT", "A,B,…"};

struct Parts {
    std::string section;
    std::string word;
};

Parts parts_of(const std::string& name) {
    const std::size_t dot = name.rfind('.');
    if (dot == std::string::npos) {
        return {"", name};
    }
    return {name.substr(0, dot), name.substr(dot + 1)};
}

}  // namespace

std::string wrap(std::string_view text, std::string_view indent, std::size_t width) {
    std::string out;
    std::size_t column = 0;
    while (!text.empty()) {
        const std::size_t space = text.find(' ');
        const std::string_view word = text.substr(0, space);
        text = space == std::string_view::npos ? std::string_view{} : text.substr(space + 1);
        if (column == 0 || column + 1 + word.size() > width) {
            out += out.empty() ? "" : "\n";
            out += indent;
            column = indent.size();
        } else {
            out += ' ';
            ++column;
        }
        out += word;
        column += word.size();
    }
    return out;
}

std::string render_toml(const Program& program, const std::vector<Key>& keys) {
    std::string out = wrap(
        fmt::format("Every key of {0} with its default, as `{0} --print-config` writes it. A flag "
                    "(--section.key VALUE) wins over the environment ({1}SECTION_KEY), that over "
                    "this file. Relative paths start at the working directory.",
                    program.name,
                    program.environment_prefix),
        "# ",
        kWidth);
    out += '\n';
    std::string section;
    for (const Key& key : keys) {
        const Parts parts = parts_of(key.name);
        out += '\n';
        if (parts.section != section) {
            section = parts.section;
            out += fmt::format("[{}]\n", section);
        }
        out += wrap(key.doc, "# ", kWidth);
        out += fmt::format("\n{} = {}\n", parts.word, to_toml(key.default_value));
    }
    return out;
}

std::string render_help(const Program& program, const std::vector<Key>& keys) {
    std::string out = fmt::format(
        "{0} {1}: {2}\n\n"
        "Usage: {0} [--config FILE] [--KEY VALUE]...\n\n"
        "  --config FILE   TOML file with any of the keys below; also {3}CONFIG\n"
        "  --check-config  read everything, print every problem, start nothing\n"
        "  --print-config  print a complete TOML file with the defaults\n"
        "  --version       print the version\n"
        "  -h, --help      print this\n\n",
        program.name,
        program.version,
        program.about,
        program.environment_prefix);
    out += fmt::format(
        "Every key is a flag, an environment variable ({}LISTEN_PORT for listen.port)\n"
        "and a key of the file; a flag wins over the environment, that over the file.\n",
        program.environment_prefix);
    std::string section;
    for (const Key& key : keys) {
        const Parts parts = parts_of(key.name);
        if (parts.section != section || &key == &keys.front()) {
            section = parts.section;
            out += '\n';
        }
        out += fmt::format("  --{} {}   (default {})\n",
                           key.name,
                           kPlaceholders.at(key.default_value.index()),
                           key.secret ? "none" : to_toml(key.default_value));
        out += wrap(key.doc, "        ", kWidth);
        out += '\n';
    }
    return out;
}

}  // namespace dm::settings
