#pragma once

#include <string_view>

/// What the fuzz targets and the replay of their corpus do with one input. A broken promise of the
/// code under test aborts the program; so do the sanitizers.
namespace dm::fuzz {

/// Bytes from a device, in both encodings.
void device_frame(std::string_view bytes);

/// An operator's payload.
void command_request(std::string_view payload);

/// A topic and, after a line feed, a filter.
void topics(std::string_view text);

/// A script: what happens on our TLS stream and at its peer, step by step; two bytes each, what and
/// how much. The first byte chooses the TLS version.
void lean_stream(std::string_view script);

}  // namespace dm::fuzz
