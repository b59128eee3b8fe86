#include "device-mgmt/settings/table.hpp"

#include "device-mgmt/settings/flags.hpp"
#include "device-mgmt/settings/render.hpp"
#include "device-mgmt/settings/toml_file.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

namespace dm::settings {

namespace {

constexpr std::size_t kMaxShownBytes = 60;

std::vector<std::pair<std::string, Type>> names_and_types(const std::vector<Key>& keys) {
    std::vector<std::pair<std::string, Type>> names;
    names.reserve(keys.size());
    for (const Key& key : keys) {
        names.emplace_back(key.name, type_of(key.default_value));
    }
    return names;
}

struct ReadEntry {
    Type type;

    tl::expected<Value, std::string> operator()(const Value& value) const {
        return coerce(type, value);
    }

    tl::expected<Value, std::string> operator()(const RawText& raw) const {
        return parse_value(type, raw.text);
    }

    tl::expected<Value, std::string> operator()(const Unusable& unusable) const {
        return tl::unexpected(fmt::format("must be {}, not {}", description(type), unusable.found));
    }
};

/// ` (is "x")` for messages, so that nobody has to open the file.
std::string shown(const Entry& entry) {
    std::string text;
    if (const auto* raw = std::get_if<RawText>(&entry.value)) {
        text = to_toml(Value{raw->text});
    } else if (const auto* value = std::get_if<Value>(&entry.value)) {
        text = to_toml(*value);
    }
    return text.empty() || text.size() > kMaxShownBytes ? "" : fmt::format(" (is {})", text);
}

}  // namespace

TextRule one_of(std::vector<std::string> words) {
    return [words = std::move(words)](const std::string& text) -> std::optional<std::string> {
        if (std::find(words.begin(), words.end(), text) != words.end()) {
            return std::nullopt;
        }
        return fmt::format("must be one of {}", fmt::join(words, ", "));
    };
}

Environment read_environment() {
    Environment environment;
    for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
        const std::string_view pair{*variable};
        const std::size_t equals = pair.find('=');
        if (equals != std::string_view::npos) {
            environment.emplace(pair.substr(0, equals), pair.substr(equals + 1));
        }
    }
    return environment;
}

Checks::Checks(const std::vector<Key>& keys, std::vector<Problem>& problems)
    : keys_(keys), problems_(problems) {}

bool Checks::has_problem(std::string_view key) const {
    return std::any_of(problems_.begin(), problems_.end(), [&](const Problem& problem) {
        return problem.key == key;
    });
}

void Checks::fail(std::string_view key,
                  const std::string& reason,
                  const std::vector<std::string_view>& also) {
    const bool follows = std::any_of(
        also.begin(), also.end(), [&](std::string_view other) { return has_problem(other); });
    if (follows || has_problem(key)) {
        return;
    }
    const auto blamed = std::find_if(
        keys_.begin(), keys_.end(), [&](const Key& known) { return known.name == key; });
    const std::string source = blamed == keys_.end() ? "default" : blamed->source;
    problems_.push_back({source, std::string{key}, reason});
}

Table::Table(Program program) : program_(std::move(program)) {}

void Table::add(Key key) {
    keys_.push_back(std::move(key));
}

void Table::boolean(std::string name, bool& field, std::string doc) {
    add({std::move(name), std::move(doc), Value{field}, false, [&field](const Value& value) {
             field = std::get<bool>(value);
             return std::optional<std::string>{};
         }});
}

void Table::number(std::string name, double& field, NumberRange range, std::string doc) {
    const auto store = [&field, range](const Value& value) -> std::optional<std::string> {
        const double wanted = std::get<double>(value);
        if (wanted < range.min || wanted > range.max) {
            return fmt::format("must be from {} to {}", range.min, range.max);
        }
        field = wanted;
        return std::nullopt;
    };
    add({std::move(name), std::move(doc), Value{field}, false, store});
}

void Table::text(std::string name, std::string& field, std::string doc, TextRule rule) {
    const auto store = [&field,
                        rule = std::move(rule)](const Value& value) -> std::optional<std::string> {
        const auto& wanted = std::get<std::string>(value);
        auto reason = rule ? rule(wanted) : std::nullopt;
        if (!reason) {
            field = wanted;
        }
        return reason;
    };
    add({std::move(name), std::move(doc), Value{field}, false, store});
}

void Table::secret(std::string name, std::string& field, std::string doc) {
    text(std::move(name), field, std::move(doc));
    keys_.back().secret = true;
}

void Table::list(std::string name,
                 std::vector<std::string>& field,
                 std::string doc,
                 TextRule rule) {
    const auto store = [&field,
                        rule = std::move(rule)](const Value& value) -> std::optional<std::string> {
        const auto& wanted = std::get<std::vector<std::string>>(value);
        for (const std::string& item : wanted) {
            if (auto reason = rule ? rule(item) : std::nullopt) {
                return fmt::format("each item {}", *reason);
            }
        }
        field = wanted;
        return std::nullopt;
    };
    add({std::move(name), std::move(doc), Value{field}, false, store});
}

void Table::add_integer(std::string name,
                        std::int64_t initial,
                        IntegerRange range,
                        std::string doc,
                        std::function<void(std::int64_t)> assign) {
    const auto store =
        [range, assign = std::move(assign)](const Value& value) -> std::optional<std::string> {
        const auto wanted = std::get<std::int64_t>(value);
        if (wanted < range.min || wanted > range.max) {
            return fmt::format("must be from {} to {}", range.min, range.max);
        }
        assign(wanted);
        return std::nullopt;
    };
    add({std::move(name), std::move(doc), Value{initial}, false, store});
}

void Table::seconds(std::string name,
                    std::chrono::seconds& field,
                    IntegerRange range,
                    std::string doc) {
    add_integer(
        std::move(name), field.count(), range, std::move(doc), [&field](std::int64_t value) {
            field = std::chrono::seconds{value};
        });
}

void Table::hours(std::string name,
                  std::chrono::hours& field,
                  IntegerRange range,
                  std::string doc) {
    add_integer(
        std::move(name), field.count(), range, std::move(doc), [&field](std::int64_t value) {
            field = std::chrono::hours{value};
        });
}

bool Table::knows(std::string_view key) const {
    return std::any_of(
        keys_.begin(), keys_.end(), [&](const Key& known) { return known.name == key; });
}

void Table::apply(const Entry& entry, std::vector<Problem>& problems) {
    const auto key = std::find_if(
        keys_.begin(), keys_.end(), [&](const Key& known) { return known.name == entry.key; });
    if (key == keys_.end()) {
        problems.push_back(
            {entry.source, entry.key, unknown_key(entry.key, names_and_types(keys_))});
        return;
    }
    const auto value = std::visit(ReadEntry{type_of(key->default_value)}, entry.value);
    const auto reason = value ? key->store(*value) : std::optional<std::string>{value.error()};
    if (reason) {
        problems.push_back({entry.source, entry.key, *reason + (key->secret ? "" : shown(entry))});
        return;
    }
    key->source = entry.source;
}

void Table::apply(const std::vector<Entry>& entries, std::vector<Problem>& problems) {
    for (const Entry& entry : entries) {
        apply(entry, problems);
    }
}

std::string Table::variable(std::string_view key) const {
    std::string name = program_.environment_prefix;
    for (const char c : key) {
        const bool separator = c == '.' || c == '-';
        const bool lower = c >= 'a' && c <= 'z';
        if (separator) {
            name += '_';
        } else {
            name += lower ? static_cast<char>(c - 'a' + 'A') : c;
        }
    }
    return name;
}

/// Variables that merely start with the prefix are no error: container platforms set their own,
/// such as DEVICE_MGMT_SERVICE_HOST.
std::vector<Entry> Table::from_environment(const Environment& environment) const {
    std::vector<Entry> entries;
    for (const Key& key : keys_) {
        const auto set = environment.find(variable(key.name));
        if (set != environment.end()) {
            entries.push_back({key.name, set->first, RawText{set->second}});
        }
    }
    return entries;
}

tl::expected<std::vector<Entry>, Problem> Table::from_file(const std::string& path) const {
    auto entries = read_toml_file(path);
    if (entries && other_keys_in_file_) {
        const auto other = [&](const Entry& entry) { return !knows(entry.key); };
        entries->erase(std::remove_if(entries->begin(), entries->end(), other), entries->end());
    }
    return entries;
}

Exit Table::report(const std::vector<Problem>& problems) const {
    std::string text = fmt::format("{}: {} {} in the configuration\n",
                                   program_.name,
                                   problems.size(),
                                   problems.size() == 1 ? "problem" : "problems");
    for (const Problem& problem : problems) {
        text += fmt::format("  {}: {}{}{}\n",
                            problem.source,
                            problem.key,
                            problem.key.empty() ? "" : ": ",
                            problem.reason);
    }
    return {kExitBadConfiguration, text};
}

tl::expected<void, Exit> Table::load(const Sources& sources,
                                     const std::function<void(Checks&)>& check) {
    Flags flags = parse_flags(sources.arguments, names_and_types(keys_));
    if (flags.help) {
        return tl::unexpected(Exit{0, help()});
    }
    if (flags.version) {
        return tl::unexpected(Exit{0, fmt::format("{} {}\n", program_.name, program_.version)});
    }
    if (flags.print_config) {
        return tl::unexpected(Exit{0, toml()});
    }
    std::vector<Problem> problems = std::move(flags.problems);
    const auto named = sources.environment.find(variable("config"));
    if (!flags.config && named != sources.environment.end()) {
        flags.config = named->second;
    }
    tl::expected<std::vector<Entry>, Problem> file;
    if (flags.config) {
        file = from_file(*flags.config);
    }
    if (!file) {
        problems.push_back(file.error());
    } else {
        apply(*file, problems);
    }
    apply(from_environment(sources.environment), problems);
    apply(flags.entries, problems);
    // Rules between keys say nothing useful about a source that could not be read.
    if (check && file && flags.readable) {
        Checks checks(keys_, problems);
        check(checks);
    }
    if (!problems.empty()) {
        return tl::unexpected(report(problems));
    }
    if (flags.check_config) {
        return tl::unexpected(Exit{0, "configuration ok\n"});
    }
    return {};
}

std::string Table::toml() const {
    return render_toml(program_, keys_);
}

std::string Table::help() const {
    return render_help(program_, keys_);
}

}  // namespace dm::settings
