#include "device-mgmt/core/directory.hpp"
#include "device-mgmt/redis/calls.hpp"
#include "device-mgmt/redis/codec.hpp"
#include "device-mgmt/store/history.hpp"
#include "device-mgmt/store/load.hpp"

#include <algorithm>
#include <utility>

namespace dm::redis {

namespace {

using store::AttachResult;
using store::OwnResult;
using store::PreviousSession;
using Directory = store::SharedDirectory;

std::string ms(std::chrono::milliseconds time) {
    return std::to_string(time.count());
}

/// See `unfinished` in scripts/prelude.lua.
std::vector<core::Command> read_unfinished(const Reply& rows, core::Moment now) {
    std::vector<core::Command> commands;
    commands.reserve(rows.elements.size());
    for (const Reply& row : rows.elements) {
        core::Command command = decode_command(row.at(4).text, now);
        command.number = row.at(0).natural();
        command.state = stored_state(row.at(1).text);
        command.attempts = static_cast<std::uint32_t>(row.at(2).natural());
        if (!row.at(3).text.empty()) {
            command.reply_by = store::moment_of(store::from_ms(row.at(3).number()), now);
        }
        commands.push_back(std::move(command));
    }
    return commands;
}

/// {node, epoch, remote, over}, or nothing; of an adopted one `over` is not told.
std::optional<PreviousSession> read_session(const Reply& row) {
    if (row.elements.empty()) {
        return std::nullopt;
    }
    return PreviousSession{row.at(0).text,
                           row.at(1).natural(),
                           row.at(2).text,
                           row.elements.size() > 3 && row.at(3).number() == 1};
}

AttachResult read_attached(const Reply& reply, core::Moment now) {
    if (reply.at(0).is("late")) {
        return store::NotNow{};
    }
    if (reply.at(0).is("duel")) {
        return store::Duel{std::chrono::milliseconds(reply.at(1).number()),
                           read_session(reply.at(2)).value_or(PreviousSession{})};
    }
    return store::Attached{
        reply.at(1).natural(),
        reply.at(2).number() == 1,
        read_unfinished(reply.at(4), now),
        read_session(reply.at(3)),
        reply.at(5).text.empty() ? std::nullopt : std::optional(reply.at(5).text)};
}

OwnResult read_owned(const Reply& reply, core::Moment now) {
    if (reply.at(0).is("elsewhere")) {
        return store::Elsewhere{reply.at(1).text};
    }
    return store::Owned{reply.at(1).number() == 1, read_unfinished(reply.at(2), now)};
}

template <class What, class Read>
void answer_with(Call& call, std::function<void(What)> answer, Read read) {
    call.on_reply = [answer = std::move(answer),
                     read = std::move(read)](const Reply& reply) -> Call::Completion {
        return [answer, what = What(read(reply))]() mutable { answer(std::move(what)); };
    };
}

}  // namespace

std::vector<store::Adopted> read_adopted(const Reply& reply, core::Moment now) {
    std::vector<store::Adopted> adopted;
    adopted.reserve(reply.elements.size());
    for (const Reply& row : reply.elements) {
        adopted.push_back({stored_device(row.at(0).text),
                           read_unfinished(row.at(3), now),
                           read_session(row.at(1)),
                           row.at(2).number() == 1});
    }
    return adopted;
}

void Calls::ClaimingDevices::answered(const proto::DeviceId& device, std::uint64_t number) {
    // Answers come in the order of the requests.
    devices.at(device).oldest = number + 1;
    given_up(device);
}

void Calls::ClaimingDevices::given_up(const proto::DeviceId& device) {
    const auto it = devices.find(device);
    if (--it->second.count == 0) {
        devices.erase(it);
    }
}

std::optional<std::uint64_t> Calls::ClaimingDevices::oldest(const proto::DeviceId& device) const {
    const auto it = devices.find(device);
    if (it == devices.end()) {
        return adopting;
    }
    return std::min(it->second.oldest, adopting.value_or(it->second.oldest));
}

std::string Calls::next_request() {
    return settings_.boot + "/" + std::to_string(++requests_);
}

template <class What>
Directory::Answer<What> Calls::claims(const proto::DeviceId& device,
                                      Directory::Answer<What> answer) {
    ++claiming_->devices.try_emplace(device, Claiming{requests_}).first->second.count;
    return
        [claiming = claiming_, device, number = requests_, answer = std::move(answer)](What what) {
            claiming->answered(device, number);
            answer(std::move(what));
        };
}

Call Calls::attach(const proto::DeviceId& device,
                   const std::string& remote,
                   Directory::Answer<AttachResult> answer) {
    using Rule = core::Directory;
    Call call{Script::attach,
              {device.str(),
               next_request(),
               remote,
               ms(Directory::kDuelWindow),
               std::to_string(Directory::kMaxTakeovers),
               ms(Rule::kFirstRetry),
               ms(Rule::kLastRetry)}};
    call.takes = true;
    call.on_away = [claiming = claiming_, device, answer] {
        claiming->given_up(device);
        answer(store::NotNow{});
    };
    answer_with(
        call, claims(device, std::move(answer)), [clock = settings_.clock](const Reply& reply) {
            return read_attached(reply, clock());
        });
    return call;
}

Call Calls::detach(const proto::DeviceId& device,
                   std::uint64_t epoch,
                   Directory::Answer<bool> was_last) {
    Call call{Script::detach, {device.str(), std::to_string(epoch)}};
    answer_with(call, std::move(was_last), [](const Reply& reply) { return reply.number() == 1; });
    return call;
}

Call Calls::own(const proto::DeviceId& device, Directory::Answer<OwnResult> answer) {
    Call call{Script::own, {device.str(), next_request()}};
    answer_with(
        call, claims(device, std::move(answer)), [clock = settings_.clock](const Reply& reply) {
            return read_owned(reply, clock());
        });
    return call;
}

Call Calls::adopt(const std::string& only, Directory::Answer<std::vector<store::Adopted>> answer) {
    Call call{Script::adopt,
              {next_request(),
               std::to_string(Directory::kMaxAdopted),
               std::to_string(kMaxAdoptedCommands),
               only}};
    answer_with(call, std::move(answer), [clock = settings_.clock](const Reply& reply) {
        return read_adopted(reply, clock());
    });
    return call;
}

Call Calls::adopt(Directory::Answer<std::vector<store::Adopted>> answer) {
    claiming_->adopting = requests_ + 1;
    return adopt(
        "", [claiming = claiming_, answer = std::move(answer)](std::vector<store::Adopted> found) {
            claiming->adopting.reset();
            answer(std::move(found));
        });
}

Call Calls::adopt_own() {
    return adopt("own", {});
}

Call Calls::adopt_outbox(std::uint64_t after,
                         Directory::Answer<std::vector<std::uint64_t>> answer) {
    Call call{Script::adopt_outbox,
              {next_request(), std::to_string(after), std::to_string(kMaxAdoptedRows)}};
    answer_with(call, std::move(answer), [](const Reply& reply) {
        std::vector<std::uint64_t> numbers;
        numbers.reserve(reply.elements.size());
        for (const Reply& number : reply.elements) {
            numbers.push_back(number.natural());
        }
        return numbers;
    });
    return call;
}

Call Calls::verify(const std::vector<proto::DeviceId>& devices,
                   Directory::Answer<std::vector<proto::DeviceId>> lost) {
    Call call{Script::verify, {}};
    call.arguments.reserve(devices.size());
    for (const proto::DeviceId& device : devices) {
        call.arguments.push_back(device.str());
    }
    answer_with(call, std::move(lost), [](const Reply& reply) {
        std::vector<proto::DeviceId> others;
        for (const Reply& device : reply.elements) {
            others.push_back(stored_device(device.text));
        }
        return others;
    });
    return call;
}

Call Calls::outbox_numbers() const {
    return Call{{}, {"HKEYS", key("outbox:" + settings_.node)}};
}

Call Calls::prune(std::size_t limit, std::uint64_t skip, proto::WallTime now) const {
    return Call{Script::prune,
                {std::to_string(store::to_ms(now)),
                 ms(settings_.keep.age),
                 std::to_string(settings_.keep.count),
                 ms(store::kKeepAfterDeadline),
                 std::to_string(limit),
                 std::to_string(skip)}};
}

Call Calls::lease(Taking how, const std::string& token) const {
    return Call{
        Script::lease,
        {how == Taking::open ? "open" : "renew", settings_.instance, ms(settings_.lease), token}};
}

Call Calls::release() const {
    return Call{Script::release, {settings_.instance}};
}

}  // namespace dm::redis
