#pragma once

#include "device-mgmt/settings/entry.hpp"
#include "device-mgmt/settings/sources.hpp"
#include "device-mgmt/settings/value.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <tl/expected.hpp>

/// Settings of a program: flag > environment > TOML file > default, all errors at once.
namespace dm::settings {

struct IntegerRange {
    std::int64_t min;
    std::int64_t max;
};

struct NumberRange {
    double min;
    double max;
};

/// Why a text is not acceptable (`must be …`), or nothing.
using TextRule = std::function<std::optional<std::string>(const std::string&)>;

/// A rule for texts that must be one of `words`.
[[nodiscard]] TextRule one_of(std::vector<std::string> words);

struct Program {
    std::string name;                ///< `device-mgmt`
    std::string environment_prefix;  ///< `DEVICE_MGMT_`
    std::string version;
    std::string about;  ///< one sentence for --help
};

/// What one key is; see Table.
struct Key {
    std::string name;
    std::string doc;
    Value default_value;
    bool secret = false;
    /// Checks and stores a value of the key's type; answers why it is refused.
    std::function<std::optional<std::string>(const Value&)> store;
    std::string source = "default";
};

/// Collects what the rules between keys find.
class Checks {
public:
    explicit Checks(const std::vector<Key>& keys, std::vector<Problem>& problems);

    /// Blames `key`, as its source gave it. Dropped when that key, or one of `also`, already has a
    /// problem of its own: its field then holds a default that says nothing.
    void fail(std::string_view key,
              const std::string& reason,
              const std::vector<std::string_view>& also = {});

private:
    [[nodiscard]] bool has_problem(std::string_view key) const;

    const std::vector<Key>& keys_;
    std::vector<Problem>& problems_;
};

/// The keys of a program, each bound to a field; the field's value at that moment is the default.
/// Names are `section.word` or `word`; keys of a section are added together. The fields must
/// outlive the table. One thread.
class Table {
public:
    explicit Table(Program program);

    void boolean(std::string name, bool& field, std::string doc);
    void number(std::string name, double& field, NumberRange range, std::string doc);
    void text(std::string name, std::string& field, std::string doc, TextRule rule = {});
    /// A text that neither help nor errors show.
    void secret(std::string name, std::string& field, std::string doc);
    void list(std::string name,
              std::vector<std::string>& field,
              std::string doc,
              TextRule rule = {});

    template <class Integer>
    void integer(const std::string& name,
                 Integer& field,
                 IntegerRange range,
                 const std::string& doc) {
        static_assert(std::is_integral_v<Integer> && !std::is_same_v<Integer, bool>);
        add_integer(
            name, static_cast<std::int64_t>(field), range, doc, [&field](std::int64_t value) {
                field = static_cast<Integer>(value);
            });
    }

    /// An integer number of seconds.
    void seconds(std::string name,
                 std::chrono::seconds& field,
                 IntegerRange range,
                 std::string doc);

    /// An integer number of hours.
    void hours(std::string name, std::chrono::hours& field, IntegerRange range, std::string doc);

    /// For a command that needs only some keys of a program's file.
    void allow_other_keys_in_file() { other_keys_in_file_ = true; }

    /// Fills the fields. An Exit says to stop: help, version, --check-config, --print-config, or
    /// every problem found. `check` runs after all sources, also when single keys are bad, but not
    /// when a source could not be read.
    [[nodiscard]] tl::expected<void, Exit> load(const Sources& sources,
                                                const std::function<void(Checks&)>& check = {});

    /// A complete TOML file: every key with its default and its meaning.
    [[nodiscard]] std::string toml() const;

    /// The text of --help.
    [[nodiscard]] std::string help() const;

    [[nodiscard]] const std::vector<Key>& keys() const { return keys_; }

private:
    void add(Key key);
    void add_integer(std::string name,
                     std::int64_t initial,
                     IntegerRange range,
                     std::string doc,
                     std::function<void(std::int64_t)> assign);
    [[nodiscard]] bool knows(std::string_view key) const;
    void apply(const Entry& entry, std::vector<Problem>& problems);
    void apply(const std::vector<Entry>& entries, std::vector<Problem>& problems);
    [[nodiscard]] std::string variable(std::string_view key) const;
    [[nodiscard]] std::vector<Entry> from_environment(const Environment& environment) const;
    [[nodiscard]] tl::expected<std::vector<Entry>, Problem> from_file(
        const std::string& path) const;
    [[nodiscard]] Exit report(const std::vector<Problem>& problems) const;

    Program program_;
    std::vector<Key> keys_;
    bool other_keys_in_file_ = false;
};

}  // namespace dm::settings
