#include "device-mgmt/store/group_names.hpp"

#include <algorithm>
#include <cstddef>

namespace dm::store {

std::string join_groups(const std::vector<proto::Name>& groups) {
    std::string text;
    for (const proto::Name& group : groups) {
        text.append(text.empty() ? "" : " ").append(group.str());
    }
    return text;
}

std::vector<proto::Name> split_groups(std::string_view text) {
    std::vector<proto::Name> groups;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(' '), text.size());
        if (const auto group = proto::Name::parse(text.substr(0, end))) {
            groups.push_back(*group);
        }
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return groups;
}

}  // namespace dm::store
