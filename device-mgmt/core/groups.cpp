#include "device-mgmt/core/groups.hpp"

#include "protocol/json_fields.hpp"

#include <algorithm>
#include <utility>

namespace dm::core {

namespace {

bool holds(const std::vector<proto::Name>& groups, const proto::Name& group) {
    return std::find(groups.begin(), groups.end(), group) != groups.end();
}

bool fits(const GroupRule& rule, const std::string& device) {
    return rule.is_prefix ? device.compare(0, rule.device.size(), rule.device) == 0
                          : device == rule.device;
}

}  // namespace

tl::expected<GroupRule, std::string> parse_group_rule(std::string_view text) {
    const auto wrong = [](std::string_view what) {
        return tl::unexpected(
            std::string("must be <group>=<device> or <group>=<prefix>*").append(what));
    };
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) {
        return wrong("");
    }
    const auto group = proto::Name::parse(text.substr(0, equals));
    if (!group) {
        return wrong("; group: " + std::string(proto::what(group.error())));
    }
    if (group->str() == kEveryone) {
        return wrong("; group: every device is in all");
    }
    std::string_view device = text.substr(equals + 1);
    const bool is_prefix = !device.empty() && device.back() == '*';
    device.remove_suffix(is_prefix ? 1 : 0);
    if (!(is_prefix && device.empty())) {
        if (const auto parsed = proto::DeviceId::parse(device); !parsed) {
            return wrong("; device: " + std::string(proto::what(parsed.error())));
        }
    }
    return GroupRule{*group, std::string(device), is_prefix};
}

void Groups::join(const proto::DeviceId& device, const std::vector<proto::Name>& claimed) {
    leave(device);
    Membership membership;
    for (const proto::Name& group : claimed) {
        if (group.str() != kEveryone && !holds(membership.given, group)) {
            membership.given.push_back(group);
        }
    }
    for (const GroupRule& rule : settings_.members) {
        if (fits(rule, device.str()) && !holds(membership.given, rule.group)) {
            membership.given.push_back(rule.group);
        }
    }
    enter(device, membership.given);
    memberships_.emplace(device, std::move(membership));
}

void Groups::describe(const proto::DeviceId& device, const proto::JsonText& labels) {
    const auto it = memberships_.find(device);
    const auto fields = proto::read_object(labels);
    if (it == memberships_.end() || !fields) {
        return;
    }
    Membership& membership = it->second;
    exit(device, std::exchange(membership.chosen, {}));
    for (const proto::Field& label : *fields) {
        const auto& listed = settings_.self_service;
        if (std::find(listed.begin(), listed.end(), label.name) == listed.end()) {
            continue;
        }
        const auto group = proto::Name::parse(label.name + "." + label.text);
        if (group && !holds(membership.given, *group)) {
            membership.chosen.push_back(*group);
        }
    }
    enter(device, membership.chosen);
}

void Groups::leave(const proto::DeviceId& device) {
    const auto it = memberships_.find(device);
    if (it == memberships_.end()) {
        return;
    }
    exit(device, it->second.given);
    exit(device, it->second.chosen);
    memberships_.erase(it);
}

void Groups::enter(const proto::DeviceId& device, const std::vector<proto::Name>& groups) {
    for (const proto::Name& group : groups) {
        members_[group].insert(device);
    }
}

void Groups::exit(const proto::DeviceId& device, const std::vector<proto::Name>& groups) {
    for (const proto::Name& group : groups) {
        const auto it = members_.find(group);
        it->second.erase(device);
        if (it->second.empty()) {
            members_.erase(it);
        }
    }
}

std::vector<proto::Name> Groups::of(const proto::DeviceId& device) const {
    const auto it = memberships_.find(device);
    if (it == memberships_.end()) {
        return {};
    }
    std::vector<proto::Name> groups = it->second.given;
    groups.insert(groups.end(), it->second.chosen.begin(), it->second.chosen.end());
    return groups;
}

bool Groups::knows(const proto::Name& group) const {
    return group.str() == kEveryone || members_.count(group) > 0 ||
           std::any_of(settings_.members.begin(),
                       settings_.members.end(),
                       [&](const GroupRule& rule) { return rule.group == group; });
}

std::vector<proto::DeviceId> Groups::members(const proto::Name& group) const {
    const auto it = members_.find(group);
    return it == members_.end()
               ? std::vector<proto::DeviceId>{}
               : std::vector<proto::DeviceId>(it->second.begin(), it->second.end());
}

}  // namespace dm::core
