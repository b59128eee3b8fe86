#include "device-mgmt/store/meta_rows.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace dm::store {

namespace {

struct Field {
    std::string_view key;
    std::uint64_t Meta::*value;
};

constexpr std::array<Field, 7> kFields{{{"epoch", &Meta::epoch},
                                        {"ingress_lsn", &Meta::ingress_lsn},
                                        {"accepted", &Meta::accepted},
                                        {"ended", &Meta::ended},
                                        {"finished", &Meta::finished},
                                        {"devices", &Meta::devices},
                                        {"acknowledged", &Meta::acknowledged}}};

constexpr std::int64_t kFirstSchemaWithImported = 3;

}  // namespace

Meta load_saved_meta(const Database& database) {
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

Meta load_meta(Database& database) {
    Meta meta = load_saved_meta(database);
    if (database.integer("PRAGMA user_version") < kFirstSchemaWithImported) {
        return meta;
    }
    const Meta saved = meta;
    const auto raise = [](std::uint64_t& value, std::uint64_t seen) {
        value = std::max(value, seen);
    };
    Statement unfinished(database, "SELECT seq, imported FROM unfinished WHERE seq > ?");
    unfinished.each(
        [&] {
            raise(meta.accepted, unfinished.natural(0));
            raise(meta.ingress_lsn, unfinished.natural(1));
        },
        saved.accepted);
    Statement finished(database, "SELECT number, seq, imported FROM finished WHERE number > ?");
    finished.each(
        [&] {
            raise(meta.ended, finished.natural(0));
            raise(meta.accepted, finished.natural(1));
            raise(meta.ingress_lsn, finished.natural(2));
            ++meta.finished;
        },
        saved.ended);
    return meta;
}

bool MetaRows::must_save(const Meta& saved, const Meta& now, bool by_rows) {
    if (now.epoch != saved.epoch || now.devices != saved.devices ||
        now.acknowledged != saved.acknowledged) {
        return true;
    }
    return by_rows ? now.accepted - saved.accepted >= kMaxYounger ||
                         now.ended - saved.ended >= kMaxYounger
                   : now.ingress_lsn != saved.ingress_lsn || now.finished != saved.finished ||
                         now.ended != saved.ended;
}

// Of a younger field a store of an earlier build has no row.
MetaRows::MetaRows(const Database& database)
    : save_(database,
            "INSERT INTO meta (value, key) VALUES (?, ?)"
            " ON CONFLICT (key) DO UPDATE SET value = excluded.value") {}

void MetaRows::save(const Meta& saved, const Meta& now) {
    for (const Field& field : kFields) {
        if (saved.*field.value != now.*field.value) {
            save_.run(now.*field.value, field.key);
        }
    }
}

}  // namespace dm::store
