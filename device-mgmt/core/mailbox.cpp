#include "device-mgmt/core/mailbox.hpp"

#include <algorithm>
#include <utility>

namespace dm::core {

const Pending* Mailbox::find(std::string_view id) const {
    const auto it = std::find_if(
        commands.begin(), commands.end(), [&](const Pending& p) { return p.command.key.id == id; });
    return it == commands.end() ? nullptr : &*it;
}

Pending* Mailbox::find(std::string_view id) {
    return const_cast<Pending*>(std::as_const(*this).find(id));
}

Pending* Mailbox::find(std::uint64_t number) {
    const auto it = std::find_if(commands.begin(), commands.end(), [&](const Pending& p) {
        return p.command.number == number;
    });
    return it == commands.end() ? nullptr : &*it;
}

std::size_t Mailbox::in_flight() const {
    return static_cast<std::size_t>(
        std::count_if(commands.begin(), commands.end(), [](const Pending& p) {
            return p.stage == Stage::marking || p.stage == Stage::sending ||
                   p.stage == Stage::sent || p.stage == Stage::delivered;
        }));
}

bool Mailbox::is_sending() const {
    return std::any_of(commands.begin(), commands.end(), [](const Pending& p) {
        return p.stage == Stage::sending;
    });
}

std::size_t Mailbox::waiting() const {
    return static_cast<std::size_t>(
        std::count_if(commands.begin(), commands.end(), [](const Pending& p) {
            return p.stage == Stage::storing || p.stage == Stage::waiting;
        }));
}

void Mailbox::erase(std::uint64_t number) {
    commands.erase(std::remove_if(commands.begin(),
                                  commands.end(),
                                  [&](const Pending& p) { return p.command.number == number; }),
                   commands.end());
}

}  // namespace dm::core
