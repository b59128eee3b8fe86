#pragma once

#include "device-mgmt/core/session.hpp"
#include "tests/support/manual_clock.hpp"

#include <functional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace dm::test {

/// A shard for one session: writes down reports and looks asked for, and runs on a manual clock.
class RecordingHost final : public core::SessionHost {
public:
    void report(core::ReportBody body) override { reports.push_back(std::move(body)); }

    void check_at(core::Instant when) override { looks.push_back(when); }

    [[nodiscard]] tl::expected<proto::WallTime, std::string> renew_token(
        std::string_view jwt) override {
        return renew ? renew(jwt) : tl::unexpected(std::string("not asked for in this test"));
    }

    void count_in(std::string_view type) override { counted_in.emplace_back(type); }

    void count_out(std::string_view type) override { counted_out.emplace_back(type); }

    void log_close(proto::CloseCode code, std::string_view /*reason*/) override {
        logged_closes.push_back(code);
    }

    [[nodiscard]] core::Moment now() const override { return clock.now(); }

    /// The reports of one kind, in order.
    template <typename Body>
    [[nodiscard]] std::vector<Body> reported() const {
        std::vector<Body> found;
        for (const core::ReportBody& body : reports) {
            if (const auto* one = std::get_if<Body>(&body)) {
                found.push_back(*one);
            }
        }
        return found;
    }

    ManualClock clock;
    std::function<tl::expected<proto::WallTime, std::string>(std::string_view)> renew;
    std::vector<core::ReportBody> reports;
    std::vector<core::Instant> looks;  ///< asked for by check_at and not yet given
    std::vector<std::string> counted_in;
    std::vector<std::string> counted_out;
    std::vector<proto::CloseCode> logged_closes;
};

}  // namespace dm::test
