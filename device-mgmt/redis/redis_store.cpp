#include "device-mgmt/redis/redis_store.hpp"

#include "device-mgmt/store/history.hpp"

#include <algorithm>
#include <utility>

namespace dm::redis {

RedisStore::RedisStore(const RedisSettings& settings,
                       Link link,
                       store::Post post,
                       store::StoreEvents events)
    : listener_(std::make_shared<Events>()),
      warnings_(link.warnings()),
      calls_(settings,
             standing_,
             [listener = listener_](const proto::DeviceId& device) {
                 if (listener->on_lost) {
                     listener->on_lost(device);
                 }
             }),
      link_(std::move(link)),
      lease_(settings.lease_renewal, settings.lease_doubt),
      post_(std::move(post)),
      worker_(calls_,
              standing_,
              link_,
              post_,
              std::move(events),
              [listener = listener_](store::Lease lease) {
                  if (listener->on_lease) {
                      listener->on_lease(lease);
                  }
              }) {}

RedisStore::~RedisStore() = default;

void RedisStore::call(Call call) {
    if (together_) {
        call.joined = !together_->empty();
        together_->push_back(std::move(call));
        return;
    }
    std::vector<Call> one;
    one.push_back(std::move(call));
    static_cast<void>(worker_.push(std::move(one)));
}

void RedisStore::together(const std::function<void()>& calls) {
    together_.emplace();
    calls();
    std::vector<Call> all = *std::exchange(together_, std::nullopt);
    if (!all.empty()) {
        static_cast<void>(worker_.push(std::move(all)));
    }
}

template <class What>
void RedisStore::query(Call call, const Answer<What>& answer) {
    const auto refuse = [&](store::QueryProblem problem) {
        post_([answer, problem] { answer(tl::unexpected(problem)); });
    };
    if (!worker_.is_there()) {
        refuse(store::QueryProblem::failed);
        return;
    }
    std::vector<Call> one;
    one.push_back(std::move(call));
    if (!worker_.push(std::move(one))) {
        refuse(store::QueryProblem::busy);
    }
}

// ---- CommandStore ----

void RedisStore::accept(const core::Command& command, Done done) {
    call(calls_.accept(command, std::move(done)));
}

void RedisStore::finish(core::FinishedCommand finished,
                        std::optional<store::OutboxRow> row,
                        Done done) {
    call(calls_.finish(finished, row, std::move(done)));
}

void RedisStore::mark(store::Mark mark, Done done) {
    call(calls_.mark(mark, std::move(done)));
}

void RedisStore::find_finished(const core::CommandKey& key, Found found) {
    call(calls_.find_finished(key, std::move(found)));
}

std::chrono::milliseconds RedisStore::dedup_horizon(proto::WallTime now) const {
    const std::int64_t oldest = standing_.oldest_end_ms;
    // The wall clock may have been set back since.
    return oldest == 0 ? std::chrono::milliseconds{}
                       : std::max(std::chrono::milliseconds{}, now - store::from_ms(oldest));
}

void RedisStore::put_outbox(store::OutboxRow row, Done done) {
    call(Calls::put_outbox(row, std::move(done)));
}

void RedisStore::find_outbox(std::vector<std::uint64_t> numbers, Rows rows) {
    call(calls_.find_outbox(std::move(numbers), std::move(rows)));
}

void RedisStore::remove_outbox(std::vector<std::uint64_t> numbers) {
    if (!numbers.empty()) {
        call(calls_.remove_outbox(numbers));
    }
}

void RedisStore::imported(std::uint64_t lsn) {
    call(calls_.imported(lsn));
}

void RedisStore::acknowledged(std::uint64_t number) {
    call(calls_.acknowledged(number));
}

std::uint64_t RedisStore::durable_lsn() const {
    return standing_.durable_lsn;
}

void RedisStore::set_epoch(std::uint64_t epoch) {
    call(calls_.set_epoch(epoch));
}

bool RedisStore::writable() const {
    return worker_.writable();
}

bool RedisStore::has_space() const {
    return worker_.has_space();
}

std::size_t RedisStore::backlog() const {
    return worker_.backlog();
}

// ---- queries ----

void RedisStore::find_command(core::CommandKey key,
                              Answer<std::optional<store::CommandRecord>> answer) {
    query(Calls::find_command(key, answer), answer);
}

void RedisStore::find_by_id(std::string id, Answer<std::vector<store::CommandRecord>> answer) {
    query(Calls::find_by_id(id, answer), answer);
}

void RedisStore::list(store::ListRequest request, Answer<store::CommandList> answer) {
    query(Calls::list(request, answer), answer);
}

void RedisStore::save_device(proto::DeviceDetails device) {
    call(calls_.save_device(device));
}

void RedisStore::find_device(proto::DeviceId device,
                             Answer<std::optional<proto::DeviceDetails>> answer) {
    query(calls_.find_device(device, answer), answer);
}

void RedisStore::list_devices(proto::DevicesQuery wanted, Answer<store::DeviceList> answer) {
    query(Calls::list_devices(wanted, answer), answer);
}

// ---- SharedDirectory ----

void RedisStore::listen(Events events) {
    *listener_ = std::move(events);
}

void RedisStore::attach(proto::DeviceId device,
                        std::string remote,
                        DirectoryAnswer<store::AttachResult> answer) {
    std::vector<Call> one;
    one.push_back(calls_.attach(device, remote, std::move(answer)));
    const auto refused = one.front().on_away;
    if (!worker_.push(std::move(one))) {
        post_(refused);
    }
}

void RedisStore::detach(proto::DeviceId device,
                        std::uint64_t epoch,
                        DirectoryAnswer<bool> was_last) {
    call(Calls::detach(device, epoch, std::move(was_last)));
}

void RedisStore::own(proto::DeviceId device, DirectoryAnswer<store::OwnResult> answer) {
    call(calls_.own(device, std::move(answer)));
}

void RedisStore::adopt(DirectoryAnswer<std::vector<store::Adopted>> answer) {
    call(calls_.adopt(std::move(answer)));
}

void RedisStore::adopt_outbox(std::uint64_t after,
                              DirectoryAnswer<std::vector<std::uint64_t>> answer) {
    call(calls_.adopt_outbox(after, std::move(answer)));
}

void RedisStore::verify(std::vector<proto::DeviceId> devices,
                        DirectoryAnswer<std::vector<proto::DeviceId>> lost) {
    call(Calls::verify(devices, std::move(lost)));
}

}  // namespace dm::redis
