#include "device-mgmt/settings/words.hpp"

#include <cstddef>
#include <utility>

namespace dm::settings {

std::vector<std::string> take_words(std::vector<std::string>& arguments) {
    std::vector<std::string> words;
    std::vector<std::string> flags;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        std::string& argument = arguments[i];
        const bool is_flag = !argument.empty() && argument.front() == '-';
        const bool has_value = argument.find('=') != std::string::npos;
        (is_flag ? flags : words).push_back(std::move(argument));
        if (is_flag && !has_value && i + 1 < arguments.size()) {
            flags.push_back(std::move(arguments[++i]));
        }
    }
    arguments = std::move(flags);
    return words;
}

}  // namespace dm::settings
