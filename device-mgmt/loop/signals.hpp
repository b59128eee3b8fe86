#pragma once

#include <chrono>

/// The signals that a program waits for on its main thread.
namespace dm::loop {

/// Blocks SIGTERM, SIGINT and SIGHUP in this thread and in every one that it starts later, and
/// ignores SIGPIPE. Call first of all in main.
void block_signals();

enum class Signal { none, stop, reload };

/// Waits for SIGTERM or SIGINT (stop) or SIGHUP (reload), no longer than `patience`.
[[nodiscard]] Signal wait_for_signal(std::chrono::milliseconds patience);

}  // namespace dm::loop
