#include "device-mgmt/store/migrations.hpp"

#include "device-mgmt/store/sqlite.hpp"

#include <array>
#include <cstddef>
#include <string>

namespace dm::store {

namespace {

// Migration n leads to user_version n. A released one is never changed; add the next.
//
// Times are Unix milliseconds; the views `commands` and `history` show them as text. A history is
// the inside of a JSON array of [at, state, attempt, detail?].
constexpr const char* k0001 = R"sql(
-- Accepted commands without an end. Small and short-lived: rows go to `finished`.
CREATE TABLE unfinished (
    seq            INTEGER PRIMARY KEY,  -- order of acceptance
    device         TEXT NOT NULL,
    id             TEXT NOT NULL,
    command        TEXT NOT NULL,
    args           TEXT NOT NULL,        -- JSON as it came
    timeout_s      INTEGER NOT NULL,
    ttl_s          INTEGER NOT NULL,
    delivery       TEXT NOT NULL,        -- at_least_once, at_most_once
    report_states  INTEGER NOT NULL,     -- 0, 1
    response_topic TEXT,                 -- absent: the reply topic
    correlation    BLOB,
    traceparent    TEXT,
    operator       TEXT,
    accepted_at    INTEGER NOT NULL,
    send_by        INTEGER NOT NULL,
    reply_by       INTEGER,              -- since the first sending
    state          TEXT NOT NULL,        -- of sent and delivered the last one that was written
    attempts       INTEGER NOT NULL,
    history        TEXT NOT NULL
);

-- Ends, kept to answer repetitions and questions; removed oldest first.
CREATE TABLE finished (
    number      INTEGER PRIMARY KEY,     -- order of ending
    seq         INTEGER NOT NULL,        -- order of acceptance
    device      TEXT NOT NULL,
    id          TEXT NOT NULL,
    command     TEXT NOT NULL,
    args        TEXT NOT NULL,
    timeout_s   INTEGER NOT NULL,
    ttl_s       INTEGER NOT NULL,
    traceparent TEXT,
    operator    TEXT,
    accepted_at INTEGER NOT NULL,
    send_by     INTEGER NOT NULL,
    reply_by    INTEGER,
    state       TEXT NOT NULL,
    attempts    INTEGER NOT NULL,
    by_reply    INTEGER NOT NULL,        -- 1: the device's reply ended it
    payload     TEXT NOT NULL,           -- the terminal message, byte for byte
    message_id  TEXT NOT NULL,
    finished_at INTEGER NOT NULL,
    node        TEXT NOT NULL,
    history     TEXT NOT NULL
);
-- Commands are indexed 65,536 at a time: new ones touch, and old ones leave, a few pages that are in
-- memory anyway, however many there are. A search looks into each part; the statistics, which
-- nobody updates, tell SQLite to do so.
CREATE INDEX unfinished_key ON unfinished (seq >> 16, id, device);
CREATE INDEX finished_key ON finished (number >> 16, id, device);
CREATE INDEX finished_of_device ON finished (number >> 16, device);
ANALYZE sqlite_schema;
INSERT INTO sqlite_stat1 VALUES
    ('unfinished', 'unfinished_key', '1000000 65536 2 1'),
    ('finished', 'finished_key', '5000000 65536 2 1'),
    ('finished', 'finished_of_device', '5000000 65536 64');

-- Messages for the broker that are not known to have reached it for good.
CREATE TABLE outbox (
    number          INTEGER PRIMARY KEY, -- order of publication
    topic           TEXT NOT NULL,
    payload         TEXT NOT NULL,
    correlation     BLOB,
    user_properties TEXT NOT NULL,       -- lines `name<TAB>value`, with \t \n \\ escaped
    fallback_topic  TEXT,                -- once, when the broker refuses `topic`
    device          TEXT,
    id              TEXT
);

-- epoch: highest session epoch given out; ingress_lsn: the ingress log is imported up to here;
-- accepted: last seq; ended: last number; finished: rows in `finished`.
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO meta VALUES
    ('epoch', 0), ('ingress_lsn', 0), ('accepted', 0), ('ended', 0), ('finished', 0);

CREATE VIEW commands AS
    SELECT seq, device, id, command, state, attempts,
           strftime('%Y-%m-%dT%H:%M:%fZ', accepted_at / 1000.0, 'unixepoch') AS accepted,
           strftime('%Y-%m-%dT%H:%M:%fZ', send_by / 1000.0, 'unixepoch') AS send_by,
           strftime('%Y-%m-%dT%H:%M:%fZ', reply_by / 1000.0, 'unixepoch') AS reply_by,
           NULL AS finished, operator, args, NULL AS terminal
    FROM unfinished
    UNION ALL
    SELECT seq, device, id, command, state, attempts,
           strftime('%Y-%m-%dT%H:%M:%fZ', accepted_at / 1000.0, 'unixepoch'),
           strftime('%Y-%m-%dT%H:%M:%fZ', send_by / 1000.0, 'unixepoch'),
           strftime('%Y-%m-%dT%H:%M:%fZ', reply_by / 1000.0, 'unixepoch'),
           strftime('%Y-%m-%dT%H:%M:%fZ', finished_at / 1000.0, 'unixepoch'),
           operator, args, payload
    FROM finished;

CREATE VIEW history AS
    SELECT command.device AS device, command.id AS id, command.seq AS seq,
           strftime('%Y-%m-%dT%H:%M:%fZ', (step.value ->> 0) / 1000.0, 'unixepoch') AS at,
           step.value ->> 1 AS state, step.value ->> 2 AS attempt, step.value ->> 3 AS detail
    FROM (SELECT device, id, seq, history FROM unfinished
          UNION ALL SELECT device, id, seq, history FROM finished) AS command,
         json_each('[' || command.history || ']') AS step;
)sql";

constexpr const char* k0002 = R"sql(
-- Devices that have been connected at least once.
CREATE TABLE devices (
    device     TEXT PRIMARY KEY,
    online     INTEGER NOT NULL,  -- 0, 1
    epoch      INTEGER NOT NULL,  -- of the last session, like node
    node       TEXT NOT NULL,
    since      INTEGER NOT NULL,  -- it is online or offline
    reason     TEXT NOT NULL,     -- connected, or why the last session ended
    model      TEXT,              -- as last told in `hello`, like firmware and labels
    firmware   TEXT,
    labels     TEXT,              -- JSON as it came
    groups     TEXT NOT NULL,     -- names with blanks between them
    first_seen INTEGER NOT NULL,
    last_seen  INTEGER NOT NULL   -- start or end of a session
) WITHOUT ROWID;
CREATE INDEX devices_online ON devices (device) WHERE online = 1;
CREATE INDEX devices_offline ON devices (last_seen) WHERE online = 0;

-- devices: rows in `devices`.
INSERT INTO meta VALUES ('devices', 0);
)sql";

constexpr const char* k0003 = R"sql(
-- Fewer pages in a commit. The server knows where its unfinished commands are; and of the ends, with
-- ids in no order, a part of 16,384 has a quarter of the pages of one of 65,536.
DROP INDEX unfinished_key;
DROP INDEX finished_key;
DROP INDEX finished_of_device;
CREATE INDEX finished_key ON finished (number >> 14, id, device);
CREATE INDEX finished_of_device ON finished (number >> 14, device);
INSERT INTO sqlite_stat1 VALUES
    ('finished', 'finished_key', '5000000 16384 2 1'),
    ('finished', 'finished_of_device', '5000000 16384 16');
-- The ingress log was imported up to here when the row was written. What `meta` says of accepted,
-- ended, finished and ingress_lsn is true for the rows up to its `accepted` and `ended`; younger
-- rows add to it.
ALTER TABLE unfinished ADD COLUMN imported INTEGER NOT NULL DEFAULT 0;
ALTER TABLE finished ADD COLUMN imported INTEGER NOT NULL DEFAULT 0;
)sql";

constexpr const char* k0004 = R"sql(
-- A step that is written before its command ends does not write the command's args again.
DROP VIEW commands;
DROP VIEW history;
ALTER TABLE unfinished RENAME TO accepted;
CREATE TABLE steps (
    seq      INTEGER PRIMARY KEY,
    state    TEXT NOT NULL,     -- the last one, like attempts
    attempts INTEGER NOT NULL,
    reply_by INTEGER,
    history  TEXT NOT NULL      -- since the acceptance
);
CREATE VIEW unfinished AS
    SELECT a.seq AS seq, a.device AS device, a.id AS id, a.command AS command, a.args AS args,
           a.timeout_s AS timeout_s, a.ttl_s AS ttl_s, a.delivery AS delivery,
           a.report_states AS report_states, a.response_topic AS response_topic,
           a.correlation AS correlation, a.traceparent AS traceparent, a.operator AS operator,
           a.accepted_at AS accepted_at, a.send_by AS send_by,
           coalesce(s.reply_by, a.reply_by) AS reply_by, coalesce(s.state, a.state) AS state,
           coalesce(s.attempts, a.attempts) AS attempts,
           a.history || coalesce(',' || s.history, '') AS history, a.imported AS imported
    FROM accepted AS a LEFT JOIN steps AS s ON s.seq = a.seq;
CREATE VIEW commands AS
    SELECT seq, device, id, command, state, attempts,
           strftime('%Y-%m-%dT%H:%M:%fZ', accepted_at / 1000.0, 'unixepoch') AS accepted,
           strftime('%Y-%m-%dT%H:%M:%fZ', send_by / 1000.0, 'unixepoch') AS send_by,
           strftime('%Y-%m-%dT%H:%M:%fZ', reply_by / 1000.0, 'unixepoch') AS reply_by,
           NULL AS finished, operator, args, NULL AS terminal
    FROM unfinished
    UNION ALL
    SELECT seq, device, id, command, state, attempts,
           strftime('%Y-%m-%dT%H:%M:%fZ', accepted_at / 1000.0, 'unixepoch'),
           strftime('%Y-%m-%dT%H:%M:%fZ', send_by / 1000.0, 'unixepoch'),
           strftime('%Y-%m-%dT%H:%M:%fZ', reply_by / 1000.0, 'unixepoch'),
           strftime('%Y-%m-%dT%H:%M:%fZ', finished_at / 1000.0, 'unixepoch'),
           operator, args, payload
    FROM finished;

CREATE VIEW history AS
    SELECT command.device AS device, command.id AS id, command.seq AS seq,
           strftime('%Y-%m-%dT%H:%M:%fZ', (step.value ->> 0) / 1000.0, 'unixepoch') AS at,
           step.value ->> 1 AS state, step.value ->> 2 AS attempt, step.value ->> 3 AS detail
    FROM (SELECT device, id, seq, history FROM unfinished
          UNION ALL SELECT device, id, seq, history FROM finished) AS command,
         json_each('[' || command.history || ']') AS step;
)sql";

constexpr std::array<const char*, 4> kMigrations{k0001, k0002, k0003, k0004};

}  // namespace

std::int64_t newest_schema() {
    return static_cast<std::int64_t>(kMigrations.size());
}

void migrate(Database& database, std::int64_t from) {
    if (from == newest_schema()) {
        return;
    }
    database.execute("BEGIN IMMEDIATE");
    for (auto next = static_cast<std::size_t>(from); next < kMigrations.size(); ++next) {
        database.execute(kMigrations.at(next));
    }
    database.execute("PRAGMA application_id=" + std::to_string(kApplicationId));
    database.execute("PRAGMA user_version=" + std::to_string(newest_schema()));
    database.execute("COMMIT");
    // The statistics are read when a database is opened, or by this. Without them a search by key
    // reads the whole table.
    database.execute("ANALYZE sqlite_schema");
}

}  // namespace dm::store
