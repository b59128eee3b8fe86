#pragma once
#include <chrono>
inline auto f() { return std::chrono::system_clock::now(); }
