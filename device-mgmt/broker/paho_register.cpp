#include "device-mgmt/broker/paho_register.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <mutex>
#include <unordered_set>

namespace dm::broker {

namespace {

std::atomic<std::uint64_t> second_frees{0};

/// Everything Paho has allocated and not freed.
class Register {
public:
    void add(void* place) {
        Part& part = part_of(place);
        const std::lock_guard lock(part.mutex);
        part.places.insert(place);
    }

    /// False, and counted, when it is not there.
    bool remove(void* place) {
        Part& part = part_of(place);
        const std::lock_guard lock(part.mutex);
        const bool found = part.places.erase(place) > 0;
        second_frees += found ? 0U : 1U;
        return found;
    }

private:
    /// Enough that the three or four threads in Paho rarely meet.
    static constexpr std::size_t kParts = 16;
    /// malloc's places are 16 bytes apart.
    static constexpr unsigned kAlignmentBits = 4;

    struct alignas(64) Part {
        std::mutex mutex;
        std::unordered_set<void*> places;
    };

    Part& part_of(void* place) {
        return parts_[(reinterpret_cast<std::uintptr_t>(place) >> kAlignmentBits) % kParts];
    }

    std::array<Part, kParts> parts_;
};

/// Never destroyed: Paho's threads may outlive the static objects.
Register& places() {
    static auto* const all = new Register;
    return *all;
}

}  // namespace

std::uint64_t paho_second_frees() {
    return second_frees.load();
}

}  // namespace dm::broker

// What Paho's objects ask for; file and line are those of the call. An exception would be for want
// of memory: it ends the process.

using dm::broker::places;

extern "C" {
// NOLINTBEGIN(readability-identifier-naming): Paho's names.

void* mymalloc(char* /*file*/, int /*line*/, std::size_t bytes) noexcept {
    void* const place = std::malloc(bytes);
    if (place != nullptr) {
        places().add(place);
    }
    return place;
}

void myfree(char* /*file*/, int /*line*/, void* place) noexcept {
    if (place != nullptr && places().remove(place)) {
        std::free(place);
    }
}

void* myrealloc(char* /*file*/, int /*line*/, void* place, std::size_t bytes) noexcept {
    if (place != nullptr && !places().remove(place)) {
        return nullptr;
    }
    void* const larger = std::realloc(place, bytes);
    void* const kept = larger != nullptr ? larger : place;
    if (kept != nullptr) {
        places().add(kept);
    }
    return larger;
}

int Heap_initialize() noexcept {
    return 0;
}

void Heap_terminate() noexcept {}

void StackTrace_entry(const char* /*function*/, int /*line*/, int /*level*/) {}

void StackTrace_exit(const char* /*function*/, int /*line*/, void* /*returned*/, int /*level*/) {}

// NOLINTEND(readability-identifier-naming)
}
