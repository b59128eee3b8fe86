#pragma once

#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace dm::proto {

struct CborProblem {
    std::string message;
};

/// One CBOR data item (RFC 8949) as JSON text, order of members kept, byte strings as unpadded
/// base64url. Refuses what JSON cannot say: names that are no text, tags, `undefined` and other
/// simple values, NaN, infinities, integers below −2^63; also ill-formed UTF-8, trailing bytes and
/// more than kMaxDepth levels. Names that come twice are left for the reader of the JSON.
[[nodiscard]] tl::expected<std::string, CborProblem> cbor_to_json(std::string_view bytes);

}  // namespace dm::proto
