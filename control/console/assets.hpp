#pragma once

#include <string_view>

namespace dm::control {

/// A file of the console. All of it lives as long as the program.
struct Asset {
    std::string_view
        name;  ///< `index.html`, or one with the hash of its content: `console-1A2B3C4D.js`
    std::string_view content_type;
    std::string_view hash;  ///< of the content, hexadecimal
    std::string_view body;
    std::string_view gzip;  ///< the body compressed; empty where that is not shorter
};

/// The page that names all other files.
inline constexpr std::string_view kConsolePage = "index.html";

/// Null for a name that is none of the console's.
[[nodiscard]] const Asset* find_asset(std::string_view name);

}  // namespace dm::control
