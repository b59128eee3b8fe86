#include "protocol/json_reader.hpp"

#include "protocol/frame_codec.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

namespace dm::proto {

namespace {

using Json = nlohmann::json;

/// Longer names are not repeated in error messages.
constexpr std::size_t kMaxNameInMessage = 64;

/// An input iterator that tells how far the parser has read.
class Cursor {
public:
    using iterator_category = std::input_iterator_tag;
    using value_type = char;
    using difference_type = std::ptrdiff_t;
    using pointer = const char*;
    using reference = const char&;

    Cursor(const char* at, const char** read) : at_(at), read_(read) {}

    reference operator*() const { return *at_; }

    Cursor& operator++() {
        *read_ = ++at_;
        return *this;
    }

    Cursor operator++(int) {
        Cursor before = *this;
        ++*this;
        return before;
    }

    friend bool operator!=(const Cursor& a, const Cursor& b) { return a.at_ != b.at_; }

private:
    const char* at_;
    const char** read_;
};

/// The names of all open objects, to find those that come twice: sorted when an object ends, so
/// that an object of n members costs n log n and not n². Sorted by hash, which is most often
/// enough to tell two names apart.
class OpenNames {
public:
    OpenNames() {
        bytes_.reserve(kUsualBytes);
        names_.reserve(kUsualNames);
        starts_.reserve(kUsualDepth);
    }

    void begin() { starts_.push_back(names_.size()); }

    void add(const std::string& name) {
        names_.push_back({std::hash<std::string_view>{}(name), bytes_.size(), name.size()});
        bytes_ += name;
    }

    /// Closes the innermost object; gives a name that came twice, if there is one.
    [[nodiscard]] std::optional<std::string> end() {
        const auto first = names_.begin() + static_cast<std::ptrdiff_t>(starts_.back());
        starts_.pop_back();
        if (first == names_.end()) {
            return std::nullopt;
        }
        const std::size_t first_byte = first->begin;
        std::sort(first, names_.end(), [this](const Entry& a, const Entry& b) {
            return a.hash != b.hash ? a.hash < b.hash : text(a) < text(b);
        });
        const auto twice =
            std::adjacent_find(first, names_.end(), [this](const Entry& a, const Entry& b) {
                return a.hash == b.hash && text(a) == text(b);
            });
        std::optional<std::string> found;
        if (twice != names_.end()) {
            found = text(*twice);
        }
        names_.erase(first, names_.end());
        bytes_.resize(first_byte);
        return found;
    }

private:
    static constexpr std::size_t kUsualBytes = 256;
    static constexpr std::size_t kUsualNames = 16;
    static constexpr std::size_t kUsualDepth = 4;

    struct Entry {
        std::size_t hash;
        std::size_t begin;
        std::size_t length;
    };

    [[nodiscard]] std::string_view text(const Entry& entry) const {
        return std::string_view(bytes_).substr(entry.begin, entry.length);
    }

    std::string bytes_;
    std::vector<Entry> names_;
    std::vector<std::size_t> starts_;  ///< one for each open object
};

/// nlohmann's SAX interface. Its functions return false to stop the parser.
class Handler {
public:
    Handler(std::string_view input, const char** read, JsonEvents& events)
        : read_(read),
          mark_(input.data()),
          input_end_(input.data() + input.size()),
          events_(events) {}

    [[nodiscard]] std::string& problem() { return problem_; }

    bool null() { return scalar({JsonKind::null}); }

    bool boolean(bool value) {
        JsonScalar out{JsonKind::boolean};
        out.boolean = value;
        return scalar(out);
    }

    bool number_integer(Json::number_integer_t value) {
        JsonScalar out{value < 0 ? JsonKind::negative : JsonKind::natural};  // `-0` comes here
        out.negative = value;
        return number(out);
    }

    bool number_unsigned(Json::number_unsigned_t value) {
        JsonScalar out{JsonKind::natural};
        out.natural = value;
        return number(out);
    }

    bool number_float(Json::number_float_t value, const std::string& /*token*/) {
        JsonScalar out{JsonKind::real};
        out.real = value;
        return number(out);
    }

    bool string(std::string& value) {
        JsonScalar out{JsonKind::text};
        out.text = &value;
        return scalar(out);
    }

    static bool binary(Json::binary_t& /*value*/) { return false; }  // not in JSON

    bool start_object(std::size_t /*elements*/) {
        names_.begin();
        return begin(JsonKind::object);
    }

    bool start_array(std::size_t /*elements*/) { return begin(JsonKind::array); }

    bool key(std::string& name) {
        names_.add(name);
        mark_ = *read_;
        events_.on_key(name);
        return true;
    }

    bool end_object() {
        if (const auto twice = names_.end()) {
            problem_ = twice->size() > kMaxNameInMessage
                           ? "a name comes twice in one object"
                           : "the name \"" + *twice + "\" comes twice in one object";
            return false;
        }
        return end(JsonKind::object);
    }

    bool end_array() { return end(JsonKind::array); }

    bool parse_error(std::size_t position,
                     const std::string& /*token*/,
                     const nlohmann::detail::exception& /*error*/) {
        problem_ = "not valid JSON, near byte " + std::to_string(position);
        return false;
    }

private:
    /// Between the last event and a value there is only white space and a `:` or `,`.
    [[nodiscard]] const char* value_start() const {
        const char* at = mark_;
        while (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r' || *at == ':' ||
               *at == ',') {
            ++at;
        }
        return at;
    }

    bool emit(JsonScalar& value, const char* start, const char* end) {
        value.raw = std::string_view(start, static_cast<std::size_t>(end - start));
        mark_ = end;
        events_.on_scalar(value);
        return true;
    }

    bool scalar(JsonScalar value) { return emit(value, value_start(), *read_); }

    /// A number ends where something else begins, so the lexer may have read one character more.
    bool number(JsonScalar value) {
        const char* const start = value_start();
        const char* const end = std::find_if_not(start, input_end_, [](char c) {
            return (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.' || c == 'e' ||
                   c == 'E';
        });
        return emit(value, start, end);
    }

    bool begin(JsonKind kind) {
        if (depth_ == kMaxDepth) {
            problem_ = "nested deeper than " + std::to_string(kMaxDepth) + " levels";
            return false;
        }
        mark_ = *read_;
        starts_.at(depth_++) = mark_ - 1;
        events_.on_begin(kind);
        return true;
    }

    bool end(JsonKind kind) {
        mark_ = *read_;
        const char* const start = starts_.at(--depth_);
        events_.on_end(kind, std::string_view(start, static_cast<std::size_t>(mark_ - start)));
        return true;
    }

    const char** read_;  ///< where the lexer stands in the input
    const char* mark_;   ///< end of the last event's token
    const char* input_end_;
    JsonEvents& events_;
    OpenNames names_;
    std::array<const char*, kMaxDepth> starts_{};
    std::size_t depth_ = 0;
    std::string problem_;
};

}  // namespace

tl::expected<void, JsonProblem> read_json(std::string_view text, JsonEvents& events) {
    // The lexer takes NUL for the end of the input and skips a byte order mark.
    if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos) {
        return tl::unexpected(JsonProblem{"not valid JSON, near byte " + std::to_string(nul + 1)});
    }
    if (text.substr(0, 3) == "\xEF\xBB\xBF") {
        return tl::unexpected(JsonProblem{"starts with a byte order mark"});
    }
    const char* read = text.data();
    Handler handler(text, &read, events);
    const Cursor first(text.data(), &read);
    const Cursor last(text.data() + text.size(), &read);
    if (!Json::sax_parse(first, last, &handler)) {
        return tl::unexpected(JsonProblem{std::move(handler.problem())});
    }
    return {};
}

}  // namespace dm::proto
