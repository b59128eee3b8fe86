#pragma once

#include "device-mgmt/core/command.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

namespace dm::store {

/// A step in the life of a command.
struct HistoryEntry {
    proto::WallTime at;
    proto::CommandState state;
    std::uint32_t attempt = 0;
    std::string node;
    std::string detail;
};

/// A command as the store knows it, finished or not.
struct CommandRecord {
    core::CommandKey key;
    std::string command;
    proto::CommandState state = proto::CommandState::accepted;
    std::uint32_t attempts = 0;
    proto::WallTime accepted_at;
    proto::WallTime send_by;
    std::optional<proto::WallTime> reply_by;
    std::optional<proto::WallTime> finished_at;
    std::optional<std::string> operator_name;
    std::optional<std::string> terminal;  ///< the terminal message, when finished
    std::uint64_t cursor = 0;             ///< its place in a list
    std::vector<HistoryEntry> history;    ///< empty in lists
};

struct ListRequest {
    proto::DeviceId device;
    std::optional<proto::CommandState> state;
    std::size_t limit = 50;               ///< at most kMaxListed
    std::optional<std::uint64_t> cursor;  ///< only commands after this place
};

struct CommandList {
    /// Unfinished ones first, the latest accepted in front; then ended ones, the latest end in
    /// front.
    std::vector<CommandRecord> commands;
    std::optional<std::uint64_t> next;  ///< cursor of what follows, if anything does
};

inline constexpr std::size_t kMaxListed = 500;
inline constexpr std::size_t kMaxWithSameId = 100;

enum class QueryProblem {
    busy,    ///< too many queries wait
    failed,  ///< the store could not be read
};

/// Questions about single commands and devices. Called on the relay's thread; the answer comes
/// there later, in no order, and sees every write that was called before.
class CommandQueries {
public:
    template <class What>
    using Answer = std::function<void(tl::expected<What, QueryProblem>)>;

    virtual ~CommandQueries() = default;

    virtual void find_command(core::CommandKey key,
                              Answer<std::optional<CommandRecord>> answer) = 0;

    /// Commands with this id, whatever the device; at most kMaxWithSameId.
    virtual void find_by_id(std::string id, Answer<std::vector<CommandRecord>> answer) = 0;

    /// Terminal messages are left out.
    virtual void list(ListRequest request, Answer<CommandList> answer) = 0;
};

}  // namespace dm::store
