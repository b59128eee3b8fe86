#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace dm::settings {

/// Notices that files have changed by looking at them: works on every file system, survives
/// renames over the old file, and needs no thread. A folder counts with everything directly in it.
class FileWatch {
public:
    /// Empty names are left out.
    explicit FileWatch(std::vector<std::string> paths);

    /// Whether anything differs from the last time this was asked (or from the construction).
    [[nodiscard]] bool changed();

private:
    [[nodiscard]] std::string look() const;

    std::vector<std::string> paths_;
    std::string last_;
};

}  // namespace dm::settings
