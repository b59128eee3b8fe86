#include "protocol/json_fields.hpp"
#include "protocol/operator_messages.hpp"
#include "protocol/query_request.hpp"

#include <algorithm>
#include <utility>

namespace dm::proto {

namespace {

constexpr std::size_t kAnyLength = SIZE_MAX;

std::optional<ErrorDetail> error_detail(FieldReader& in) {
    const auto error = in.object_if_any("error");
    if (!error) {
        return std::nullopt;
    }
    FieldReader detail(read_object(*error).value_or(std::vector<Field>{}));
    ErrorDetail out{detail.text("code", kAnyLength), detail.text("message", kAnyLength)};
    if (detail.problem()) {
        in.fail("error", *detail.problem());
    }
    return out;
}

}  // namespace

tl::expected<Outcome, std::string> parse_outcome(std::string_view payload) {
    auto fields = read_object(payload);
    if (!fields) {
        return tl::unexpected(std::move(fields.error().message));
    }
    // Only here `null` means absent: rejections carry `id:null` and `device:null`.
    fields->erase(std::remove_if(fields->begin(),
                                 fields->end(),
                                 [](const Field& field) {
                                     return field.kind == JsonKind::null && field.name != "data";
                                 }),
                  fields->end());
    FieldReader in(*std::move(fields));
    Outcome outcome{in.text_if_any("id", kAnyLength),
                    in.text_if_any("device", kAnyLength),
                    in.text("state", kAnyLength),
                    in.text_if_any("status", kAnyLength),
                    in.json_if_any("data"),
                    error_detail(in),
                    in.natural_if_any("attempt", 0, UINT32_MAX),
                    in.time_if_any("time"),
                    in.natural_if_any("seq", 0, kMaxSeq)};
    if (in.problem()) {
        return tl::unexpected(*in.problem());
    }
    return outcome;
}

}  // namespace dm::proto
