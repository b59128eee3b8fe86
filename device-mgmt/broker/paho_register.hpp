#pragma once

#include <cstdint>

/// The memory of Paho C, and its trace of calls, without what they cost in the library as Debian
/// builds it: there every allocation is looked up in one tree, and every call and return written
/// down in one table, each under a lock that all of Paho's threads share (docs/adr/0019). The file
/// defines what `Heap.c` and `StackTrace.c` do; the linker takes these, and the rest from
/// `libpaho-mqtt3as.a`.
namespace dm::broker {

/// How often Paho has freed, or made larger, what it had freed already; any thread. Such a call
/// does nothing, as with the library's own register, unless the place is in use by Paho again.
[[nodiscard]] std::uint64_t paho_second_frees();

}  // namespace dm::broker
