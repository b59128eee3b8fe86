#include "device-mgmt/check/gate.hpp"

#include "device-mgmt/shard/admission.hpp"

#include <utility>

#include <fmt/format.h>

namespace dm::check {
namespace {

constexpr int kSwitching = 101;

struct Entrant {
    proto::Format format;
    auth::Identity identity;
};

}  // namespace

Gate::Gate(std::shared_ptr<const auth::KeyRing> keys, std::string device)
    : authenticator_(std::move(keys)), device_(std::move(device)) {}

tl::unexpected<net::Refusal> Gate::turn_away(net::Refusal refusal, const std::string& why) {
    if (attempts_.size() < kMaxAttempts) {
        attempts_.push_back({core::read_clock().mono, refusal.status, why});
    }
    return tl::unexpected(std::move(refusal));
}

tl::expected<net::Admission, net::Refusal> Gate::on_upgrade(const net::UpgradeRequest& request) {
    auto admitted = shard::admit(request, {}, authenticator_, core::read_clock().wall);
    if (!admitted) {
        const auto& [answer, detail] = admitted.error();
        return turn_away(
            answer, detail.empty() ? answer.reason : fmt::format("{} ({})", answer.reason, detail));
    }
    const std::string& device = admitted->identity.device.str();
    if (device_.empty()) {
        device_ = device;
    }
    if (device != device_) {
        return turn_away({503, "another device is being checked", {}},
                         fmt::format("{} is not the device under test", device));
    }
    if (refusal_ || attempts_.size() >= kMaxAttempts) {
        auto refusal = refusal_.value_or(net::Refusal{503, "too many attempts", {}});
        const auto why = refusal.reason;
        return turn_away(std::move(refusal), why);
    }
    attempts_.push_back({core::read_clock().mono, kSwitching, {}});
    return net::Admission{std::string(admitted->subprotocol),
                          Entrant{admitted->format, std::move(admitted->identity)}};
}

core::LinkListener* Gate::on_open(core::DeviceLink& link, std::any identity) {
    if (!sessions_.empty()) {
        sessions_.back()->close(proto::CloseCode::replaced, word(proto::CloseCode::replaced));
    }
    auto entrant = std::any_cast<Entrant>(std::move(identity));
    sessions_.push_back(std::make_unique<Peer>(link, entrant.format, std::move(entrant.identity)));
    return sessions_.back().get();
}

}  // namespace dm::check
