#pragma once

#include "device-mgmt/settings/value.hpp"

#include <string>
#include <variant>

namespace dm::settings {

/// A text from a flag or the environment, to be read as the key's type.
struct RawText {
    std::string text;
};

/// What a file holds that is no setting: a date, a list of numbers, a list of tables.
struct Unusable {
    std::string found;
};

/// One setting as one source gives it.
struct Entry {
    std::string key;
    std::string source;  ///< `file.toml:12`, `--listen.port`, `DEVICE_MGMT_LISTEN_PORT`
    std::variant<Value, RawText, Unusable> value;
};

/// Something wrong with the configuration.
struct Problem {
    std::string source;
    std::string key;  ///< empty: it is about the source as a whole
    std::string reason;
};

}  // namespace dm::settings
