#include "device-mgmt/store/meta_rows.hpp"

#include <array>
#include <string_view>

namespace dm::store {

namespace {

struct Field {
    std::string_view key;
    std::uint64_t Meta::*value;
};

constexpr std::array<Field, 6> kFields{{{"epoch", &Meta::epoch},
                                        {"ingress_lsn", &Meta::ingress_lsn},
                                        {"accepted", &Meta::accepted},
                                        {"ended", &Meta::ended},
                                        {"finished", &Meta::finished},
                                        {"devices", &Meta::devices}}};

}  // namespace

Meta load_meta(const Database& database) {
    Meta meta;
    Statement rows(database, "SELECT key, value FROM meta");
    rows.each([&] {
        for (const Field& field : kFields) {
            if (rows.text(0) == field.key) {
                meta.*field.value = rows.natural(1);
            }
        }
    });
    return meta;
}

MetaRows::MetaRows(const Database& database)
    : save_(database, "UPDATE meta SET value = ? WHERE key = ?") {}

void MetaRows::save(const Meta& before, const Meta& now) {
    for (const Field& field : kFields) {
        if (before.*field.value != now.*field.value) {
            save_.run(now.*field.value, field.key);
        }
    }
}

}  // namespace dm::store
