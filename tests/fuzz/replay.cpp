#include "tests/fuzz/inputs.hpp"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace {

using Target = void (*)(std::string_view);

Target target_of(std::string_view name) {
    if (name == "device_frame") {
        return dm::fuzz::device_frame;
    }
    if (name == "command_request") {
        return dm::fuzz::command_request;
    }
    if (name == "lean_stream") {
        return dm::fuzz::lean_stream;
    }
    return name == "topics" ? dm::fuzz::topics : nullptr;
}

}  // namespace

/// `fuzz_replay TARGET FOLDER` runs every file of the folder through the target, and every prefix
/// of it: what is cut off is hostile too.
int main(int argc, char** argv) {
    const Target target = argc == 3 ? target_of(argv[1]) : nullptr;
    if (target == nullptr) {
        std::fputs("usage: fuzz_replay device_frame|command_request|topics|lean_stream FOLDER\n",
                   stderr);
        return 2;
    }
    int files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(argv[2])) {
        std::ifstream file(entry.path(), std::ios::binary);
        const std::string bytes{std::istreambuf_iterator<char>(file), {}};
        std::fprintf(stderr, "%s\n", entry.path().filename().c_str());
        for (std::size_t length = 0; length < bytes.size(); ++length) {
            target(std::string_view(bytes).substr(0, length));
        }
        target(bytes);
        ++files;
    }
    std::printf("%d inputs\n", files);
    return files == 0 ? 1 : 0;
}
