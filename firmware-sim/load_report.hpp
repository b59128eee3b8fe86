#pragma once

#include "firmware-sim/ledger.hpp"
#include "firmware-sim/load_options.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace dm::sim {

/// What a run of `load` saw besides its ledger.
struct Summary {
    double seconds = 0;                           ///< from the first command to the last message
    std::map<std::string, std::uint64_t> states;  ///< non-terminal states, `late` among them
    std::uint64_t foreign = 0;                    ///< messages about others' commands
    std::uint64_t wrong_correlation = 0;
    std::uint64_t refused_publishes = 0;  ///< by the broker
    std::uint64_t unsent_publishes = 0;   ///< for lack of a connection; sent again later
    std::uint64_t unrecorded = 0;         ///< lines the history did not take
    bool interrupted = false;             ///< by a signal, before everything was sent
};

/// Which expectations did not hold, as sentences.
[[nodiscard]] std::vector<std::string> failures(const LoadOptions& options,
                                                const Ledger& ledger,
                                                const Summary& summary);

/// A few lines for people.
[[nodiscard]] std::string summary_text(const Ledger& ledger, const Summary& summary);

[[nodiscard]] std::string summary_json(const LoadOptions& options,
                                       const Ledger& ledger,
                                       const Summary& summary,
                                       const std::vector<std::string>& failed);

}  // namespace dm::sim
