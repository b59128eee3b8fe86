#include "protocol/json_fields.hpp"
#include "protocol/operator_messages.hpp"

namespace dm::proto {

std::string node_state(std::string_view json) {
    constexpr std::size_t kMaxState = 64;
    auto fields = read_object(json);
    if (!fields) {
        return {};
    }
    FieldReader in(std::move(*fields));
    std::string state = in.text("state", kMaxState);
    return in.problem() ? std::string{} : state;
}

}  // namespace dm::proto
