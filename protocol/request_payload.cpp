#include "protocol/request_payload.hpp"

#include <string>
#include <utility>

namespace dm::proto {

tl::expected<FieldReader, RequestProblem> read_payload(std::string_view payload,
                                                       std::size_t max_bytes) {
    if (payload.size() > max_bytes) {
        return tl::unexpected(
            RequestProblem{Rejection::too_large,
                           "the payload has more than " + std::to_string(max_bytes) + " bytes",
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
