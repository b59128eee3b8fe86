#include "device-mgmt/settings/flags.hpp"

#include "device-mgmt/settings/nearest.hpp"

#include <algorithm>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace dm::settings {

namespace {

using Keys = std::vector<std::pair<std::string, Type>>;

/// All values are taken as text: this table's own checks report every bad one, where CLI11 would
/// stop at the first.
CLI::Option* add_option(CLI::App& app, const std::string& name, Type type) {
    CLI::Option* option = app.add_option("--" + name);
    option->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    option->type_size(type == Type::boolean ? 0 : 1, 1);
    option->expected(type == Type::boolean ? 0 : 1, 1);
    return option;
}

void take(const CLI::Option& option, const std::string& key, Type type, Flags& flags) {
    const std::string source = "--" + key;
    std::vector<std::string> values = option.results();
    if (type == Type::list) {
        std::string joined;
        for (const std::string& value : values) {
            joined += joined.empty() ? value : "," + value;
        }
        flags.entries.push_back({key, source, RawText{joined}});
        return;
    }
    if (values.size() > 1) {
        flags.problems.push_back({source, key, "is given more than once"});
        return;
    }
    const bool bare = type == Type::boolean && (values.empty() || values.front().empty());
    flags.entries.push_back({key, source, RawText{bare ? "true" : values.front()}});
}

/// The value after an unknown flag belongs to it: it may be a secret and is not shown.
void report_extras(const std::vector<std::string>& extras, const Keys& keys, Flags& flags) {
    bool after_flag = false;
    for (const std::string& extra : extras) {
        if (extra.size() > 1 && extra.front() == '-') {
            const std::string flag = extra.substr(0, extra.find('='));
            const std::size_t start = std::min(flag.find_first_not_of('-'), flag.size());
            const std::string key = flag.substr(start);
            flags.problems.push_back({flag, key, unknown_key(key, keys)});
            after_flag = true;
        } else {
            if (!after_flag) {
                flags.problems.push_back({extra, "", "is not expected here"});
            }
            after_flag = false;
        }
    }
}

/// CLI11 takes `--key=` for a key without value and would swallow the next argument.
std::vector<std::string> split_at_equals(const std::vector<std::string>& arguments,
                                         const Keys& keys) {
    std::vector<std::string> parts;
    for (const std::string& argument : arguments) {
        const std::size_t equals = argument.find('=');
        const std::string flag = argument.substr(0, equals);
        const bool wants_value =
            flag == "--config" || std::any_of(keys.begin(), keys.end(), [&](const auto& key) {
                return flag == "--" + key.first && key.second != Type::boolean;
            });
        parts.push_back(wants_value ? flag : argument);
        if (wants_value && equals != std::string::npos) {
            parts.push_back(argument.substr(equals + 1));
        }
    }
    return parts;
}

}  // namespace

std::string unknown_key(const std::string& key, const Keys& keys) {
    std::vector<std::string> names;
    names.reserve(keys.size());
    for (const auto& [name, type] : keys) {
        names.push_back(name);
    }
    const auto meant = nearest(key, names);
    return meant ? fmt::format("unknown key; did you mean {}?", *meant) : "unknown key";
}

Flags parse_flags(const std::vector<std::string>& arguments, const Keys& keys) {
    CLI::App app;
    Flags flags;
    app.set_help_flag();
    app.allow_extras();
    app.add_flag("-h,--help", flags.help);
    app.add_flag("--version", flags.version);
    app.add_flag("--check-config", flags.check_config);
    app.add_flag("--print-config", flags.print_config);
    const CLI::Option* config_option = add_option(app, "config", Type::text);
    std::vector<const CLI::Option*> options;
    options.reserve(keys.size());
    for (const auto& [name, type] : keys) {
        options.push_back(add_option(app, name, type));
    }
    try {
        std::vector<std::string> parts = split_at_equals(arguments, keys);
        std::reverse(parts.begin(), parts.end());
        app.parse(std::move(parts));
    } catch (const CLI::ParseError& error) {
        flags.problems.push_back({"command line", "", error.what()});
        flags.readable = false;
    }
    if (!config_option->empty()) {
        flags.config = config_option->results().back();
    }
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (options[i]->count() > 0) {
            take(*options[i], keys[i].first, keys[i].second, flags);
        }
    }
    report_extras(app.remaining(), keys, flags);
    return flags;
}

}  // namespace dm::settings
