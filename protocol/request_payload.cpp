#include "protocol/request_payload.hpp"

#include <string>
#include <utility>

namespace dm::proto {

tl::expected<FieldReader, RequestProblem> read_payload(std::string_view payload) {
    if (payload.size() > kMaxOperatorPayloadBytes) {
        return tl::unexpected(RequestProblem{
            Rejection::too_large,
            "the payload has more than " + std::to_string(kMaxOperatorPayloadBytes) + " bytes",
            std::nullopt});
    }
    auto fields = read_object(payload);
    if (!fields) {
        return tl::unexpected(RequestProblem{Rejection::bad_request,
                                             "the payload is " + fields.error().message,
                                             std::nullopt,
                                             true});
    }
    return FieldReader(*std::move(fields));
}

}  // namespace dm::proto
