#include "tests/fuzz/inputs.hpp"

#include <cstddef>
#include <cstdint>

// libFuzzer gives the name. NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    dm::fuzz::lean_stream({reinterpret_cast<const char*>(data), size});
    return 0;
}
