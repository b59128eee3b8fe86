#pragma once

#include <string>
#include <string_view>

namespace dm::proto {

/// Valid JSON text as CBOR (RFC 8949): order of members kept, definite lengths, shortest heads,
/// shortest float that keeps the value. Integers beyond −2^63 … 2^64−1 become floats, which is
/// what most JSON libraries make of them. Gives an empty string for what is not JSON.
[[nodiscard]] std::string json_to_cbor(std::string_view json);

}  // namespace dm::proto
