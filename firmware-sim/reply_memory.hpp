#pragma once

#include "protocol/frames.hpp"

#include <cstddef>
#include <deque>
#include <string>
#include <unordered_map>
#include <vector>

namespace dm::sim {

/// What a device remembers of the commands it was given, so that it executes an id once, repeats
/// the same reply for it, and keeps a reply until the server has acknowledged it.
///
/// Holds the last kMaxIds ids; the oldest falls out for a new one, acknowledged or not.
class ReplyMemory {
public:
    static constexpr std::size_t kMaxIds = 1024;

    enum class Known {
        no,
        executing,  ///< begun, and there is no reply yet
        replied,
    };

    [[nodiscard]] Known known(const std::string& id) const;

    /// A new id. Returns whether an un-acknowledged reply had to be forgotten for it.
    [[nodiscard]] bool begin(const std::string& id);

    /// Keeps the reply; without effect for an id that has fallen out.
    void finish(proto::Reply reply);

    /// Null when there is none.
    [[nodiscard]] const proto::Reply* reply(const std::string& id) const;

    void acknowledged(const std::string& id);

    /// Replies that no `reply_ack` has come for, in the order of their commands.
    [[nodiscard]] std::vector<proto::Reply> unacknowledged() const;

    /// Ids that were begun and have no reply, oldest first.
    [[nodiscard]] std::vector<std::string> interrupted() const;

    /// `visit(id, reply or null, acknowledged)` for every id, oldest first.
    template <class Visit>
    void for_each(Visit&& visit) const {
        for (const auto& id : order_) {
            const Entry& entry = entries_.at(id);
            visit(id, entry.finished ? &entry.reply : nullptr, entry.acknowledged);
        }
    }

private:
    struct Entry {
        proto::Reply reply;
        bool finished = false;
        bool acknowledged = false;
    };

    std::unordered_map<std::string, Entry> entries_;
    std::deque<std::string> order_;  ///< oldest first; the keys of entries_
};

}  // namespace dm::sim
