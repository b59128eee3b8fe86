#pragma once

#include "protocol/frames.hpp"
#include "protocol/ids.hpp"

#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <tl/expected.hpp>

namespace dm::core {

/// A line of `groups.members`: `<group>=<device>`, or `<group>=<prefix>*`.
struct GroupRule {
    proto::Name group;
    std::string device;
    bool is_prefix = false;
};

/// The error says what is wrong.
[[nodiscard]] tl::expected<GroupRule, std::string> parse_group_rule(std::string_view text);

struct GroupSettings {
    std::vector<GroupRule> members;
    std::vector<std::string> self_service;  ///< names of labels that make a device a member
};

/// The group that every device is in, and that nobody else may mean.
inline constexpr std::string_view kEveryone = "all";

/// Which connected device is in which group. One thread: the relay's.
///
/// A device may claim groups in its token, where whoever made the token answers for them, and with
/// its labels, where nobody does: those groups are `<label>.<value>`, of listed labels only, so
/// that a device cannot join what was not meant to be joined.
class Groups {
public:
    explicit Groups(GroupSettings settings) : settings_(std::move(settings)) {}

    /// A session of the device begins; what an earlier one claimed is over.
    void join(const proto::DeviceId& device, const std::vector<proto::Name>& claimed);

    /// The device's labels, in place of earlier ones. A value that makes no name joins nothing.
    void describe(const proto::DeviceId& device, const proto::JsonText& labels);

    void leave(const proto::DeviceId& device);

    /// Its groups without `all`.
    [[nodiscard]] std::vector<proto::Name> of(const proto::DeviceId& device) const;

    /// Whether the group has a member or stands in the configuration, or is `all`.
    [[nodiscard]] bool knows(const proto::Name& group) const;

    /// Not for `all`: that is the directory.
    [[nodiscard]] std::vector<proto::DeviceId> members(const proto::Name& group) const;

private:
    struct Membership {
        std::vector<proto::Name> given;   ///< by token and configuration
        std::vector<proto::Name> chosen;  ///< by labels
    };

    void enter(const proto::DeviceId& device, const std::vector<proto::Name>& groups);
    void exit(const proto::DeviceId& device, const std::vector<proto::Name>& groups);

    GroupSettings settings_;
    std::unordered_map<proto::DeviceId, Membership> memberships_;
    std::unordered_map<proto::Name, std::unordered_set<proto::DeviceId>> members_;  ///< none empty
};

}  // namespace dm::core
