#include "tests/fuzz/inputs.hpp"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    dm::fuzz::device_frame({reinterpret_cast<const char*>(data), size});
    return 0;
}
