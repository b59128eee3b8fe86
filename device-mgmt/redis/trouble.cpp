#include "device-mgmt/redis/link.hpp"

#include <array>

namespace dm::redis {

namespace {

struct Known {
    std::string_view word;
    Trouble trouble;
};

/// Everything but these is broken. Passing states of a server or of its settings are `away`.
constexpr std::array<Known, 15> kKnown{{{"NOSCRIPT", Trouble::no_scripts},
                                        {"OOM", Trouble::no_memory},
                                        {"READONLY", Trouble::away},
                                        {"LOADING", Trouble::away},
                                        {"MISCONF", Trouble::away},
                                        {"MASTERDOWN", Trouble::away},
                                        {"NOREPLICAS", Trouble::away},
                                        {"BUSY", Trouble::away},
                                        {"UNBLOCKED", Trouble::away},
                                        {"TRYAGAIN", Trouble::away},
                                        {"CLUSTERDOWN", Trouble::away},
                                        {"NOAUTH", Trouble::away},
                                        {"WRONGPASS", Trouble::away},
                                        {"NOPERM", Trouble::away},
                                        {"EXECABORT", Trouble::away}}};

}  // namespace

Trouble trouble_of(std::string_view error) {
    const std::string_view first = error.substr(0, error.find(' '));
    for (const Known& known : kKnown) {
        // Redis 6 wraps what a command within a script answers: `ERR Error running script (…): …
        // -OOM command not allowed …`.
        if (first == known.word ||
            error.find(std::string("-").append(known.word).append(" ")) != std::string_view::npos) {
            return known.trouble;
        }
    }
    return Trouble::broken;
}

}  // namespace dm::redis
