#include "protocol/json_fields.hpp"

#include <algorithm>
#include <utility>

namespace dm::proto {

namespace {

/// Keeps what is on the first level of the document.
class TopLevel final : public JsonEvents {
public:
    [[nodiscard]] JsonKind root() const { return root_; }

    [[nodiscard]] std::vector<Field> take() { return std::move(fields_); }

    void on_key(std::string& key) override {
        if (depth_ == 1) {
            name_ = std::move(key);
        }
    }

    void on_scalar(const JsonScalar& value) override {
        if (depth_ != 1) {
            return;
        }
        Field field{std::move(name_), value.kind, {}, value.natural, value.raw};
        if (value.kind == JsonKind::text) {
            field.text = std::move(*value.text);
        }
        fields_.push_back(std::move(field));
    }

    void on_begin(JsonKind kind) override {
        if (depth_++ == 0) {
            root_ = kind;
            fields_.reserve(kUsualFields);
        }
    }

    void on_end(JsonKind kind, std::string_view raw) override {
        if (--depth_ == 1) {
            fields_.push_back({std::move(name_), kind, {}, 0, raw});
        }
    }

private:
    static constexpr std::size_t kUsualFields = 8;

    JsonKind root_ = JsonKind::null;
    std::size_t depth_ = 0;
    std::string name_;
    std::vector<Field> fields_;
};

tl::expected<std::vector<Field>, JsonProblem> read_root(std::string_view text,
                                                        JsonKind kind,
                                                        std::string_view otherwise) {
    TopLevel events;
    if (auto read = read_json(text, events); !read) {
        return tl::unexpected(std::move(read.error()));
    }
    if (events.root() != kind) {
        return tl::unexpected(JsonProblem{std::string(otherwise)});
    }
    return events.take();
}

}  // namespace

tl::expected<std::vector<Field>, JsonProblem> read_object(std::string_view text) {
    return read_root(text, JsonKind::object, "not a JSON object");
}

tl::expected<std::vector<Field>, JsonProblem> read_array(std::string_view text) {
    return read_root(text, JsonKind::array, "not a JSON array");
}

const Field* FieldReader::find(std::string_view name) const {
    const auto found = std::find_if(
        fields_.begin(), fields_.end(), [&](const Field& field) { return field.name == name; });
    return found == fields_.end() ? nullptr : &*found;
}

Field* FieldReader::find(std::string_view name, JsonKind kind, std::string_view what_it_must_be) {
    const auto found = std::find_if(
        fields_.begin(), fields_.end(), [&](const Field& field) { return field.name == name; });
    if (found == fields_.end()) {
        return nullptr;
    }
    if (found->kind != kind) {
        fail(name, what_it_must_be);
        return nullptr;
    }
    return &*found;
}

template <typename T>
T FieldReader::required(std::string_view name, std::optional<T> value) {
    if (!value) {
        fail(name, "is missing");  // changes nothing if it is there but wrong
        return T{};
    }
    return *std::move(value);
}

bool FieldReader::has(std::string_view name) const {
    return find(name) != nullptr;
}

std::optional<std::string> FieldReader::text_if_any(std::string_view name, std::size_t max_bytes) {
    Field* const field = find(name, JsonKind::text, "must be a string");
    if (field == nullptr) {
        return std::nullopt;
    }
    if (field->text.size() > max_bytes) {
        fail(name, "must have at most " + std::to_string(max_bytes) + " bytes");
        return std::nullopt;
    }
    return std::move(field->text);
}

std::optional<std::string> FieldReader::characters_if_any(std::string_view name,
                                                          std::size_t max_characters) {
    Field* const field = find(name, JsonKind::text, "must be a string");
    if (field == nullptr) {
        return std::nullopt;
    }
    if (field->text.empty() || utf8_length(field->text) > max_characters) {
        fail(name, "must have 1 to " + std::to_string(max_characters) + " characters");
        return std::nullopt;
    }
    return std::move(field->text);
}

std::optional<std::string> FieldReader::command_id_if_any(std::string_view name) {
    Field* const field = find(name, JsonKind::text, "must be a string");
    if (field == nullptr) {
        return std::nullopt;
    }
    if (const auto checked = check_command_id(field->text); !checked) {
        fail(name, std::string(what(checked.error())) + "; 1 to 64 printable characters");
        return std::nullopt;
    }
    return std::move(field->text);
}

std::optional<std::string> FieldReader::reference_if_any(std::string_view name) {
    Field* const field = find(name, JsonKind::text, "must be a string");
    if (field == nullptr) {
        return std::nullopt;
    }
    if (const auto checked = check_command_reference(field->text); !checked) {
        fail(name, std::string(what(checked.error())) + "; it must be a command's id");
        return std::nullopt;
    }
    return std::move(field->text);
}

std::optional<JsonText> FieldReader::json_if_any(std::string_view name) {
    const Field* const field = find(name);
    if (field == nullptr) {
        return std::nullopt;
    }
    return JsonText(field->raw);
}

std::optional<JsonText> FieldReader::object_if_any(std::string_view name) {
    const Field* const field = find(name, JsonKind::object, "must be an object");
    if (field == nullptr) {
        return std::nullopt;
    }
    return JsonText(field->raw);
}

std::optional<WallTime> FieldReader::time_if_any(std::string_view name) {
    constexpr std::string_view kWanted = "must be an RFC 3339 time, like 2026-01-02T03:04:05.678Z";
    const Field* const field = find(name, JsonKind::text, kWanted);
    if (field == nullptr) {
        return std::nullopt;
    }
    const auto time = parse_time(field->text);
    if (!time) {
        fail(name, kWanted);
    }
    return time;
}

std::optional<std::uint64_t> FieldReader::natural_if_any(std::string_view name,
                                                         std::uint64_t min,
                                                         std::uint64_t max) {
    const Field* const field = find(name);
    if (field == nullptr) {
        return std::nullopt;
    }
    if (field->kind != JsonKind::natural || field->natural < min || field->natural > max) {
        fail(name,
             "must be an integer from " + std::to_string(min) + " to " + std::to_string(max) +
                 ", written without fraction or exponent");
        return std::nullopt;
    }
    return field->natural;
}

std::optional<bool> FieldReader::boolean_if_any(std::string_view name) {
    const Field* const field = find(name, JsonKind::boolean, "must be true or false");
    if (field == nullptr) {
        return std::nullopt;
    }
    return field->raw == "true";
}

std::optional<DeviceId> FieldReader::device_if_any(std::string_view name) {
    return has(name) ? device(name) : std::nullopt;
}

std::string FieldReader::text(std::string_view name, std::size_t max_bytes) {
    return required(name, text_if_any(name, max_bytes));
}

std::string FieldReader::characters(std::string_view name, std::size_t max_characters) {
    return required(name, characters_if_any(name, max_characters));
}

std::string FieldReader::reference(std::string_view name) {
    return required(name, reference_if_any(name));
}

JsonText FieldReader::json(std::string_view name) {
    return required(name, json_if_any(name));
}

JsonText FieldReader::object(std::string_view name) {
    return required(name, object_if_any(name));
}

WallTime FieldReader::time(std::string_view name) {
    return required(name, time_if_any(name));
}

std::uint64_t FieldReader::natural(std::string_view name, std::uint64_t min, std::uint64_t max) {
    return required(name, natural_if_any(name, min, max));
}

std::optional<Name> FieldReader::name(std::string_view name) {
    const auto parsed = Name::parse(text(name, SIZE_MAX));
    if (!parsed) {
        fail(name, what(parsed.error()));
        return std::nullopt;
    }
    return *parsed;
}

std::optional<DeviceId> FieldReader::device(std::string_view name) {
    const auto parsed = DeviceId::parse(text(name, SIZE_MAX));
    if (!parsed) {
        fail(name, what(parsed.error()));
        return std::nullopt;
    }
    return *parsed;
}

std::vector<Field> FieldReader::array(std::string_view name) {
    const Field* const field = find(name, JsonKind::array, "must be an array");
    if (field == nullptr) {
        fail(name, "is missing");
        return {};
    }
    return read_array(field->raw).value_or(std::vector<Field>{});  // it has been parsed before
}

std::optional<std::string> FieldReader::id_for_message(std::string_view name) const {
    const Field* const field = find(name);
    if (field == nullptr || field->kind != JsonKind::text ||
        !check_command_reference(field->text)) {
        return std::nullopt;
    }
    return field->text;
}

void FieldReader::fail(std::string_view name, std::string_view what_is_wrong) {
    if (!problem_) {
        problem_ = std::string(name) + " " + std::string(what_is_wrong);
    }
}

}  // namespace dm::proto
