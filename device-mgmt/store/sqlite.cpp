#include "device-mgmt/store/sqlite.hpp"

#include <utility>

#include <sqlite3.h>

namespace dm::store {

namespace {

/// How long a statement waits for a lock of another process, in ms. Writers are kept out by our
/// own lock file, readers never block us; only recovery and closing take such locks, briefly.
constexpr int kBusyMs = 2000;

[[noreturn]] void fail(sqlite3* database) {
    const int code = sqlite3_extended_errcode(database);
    throw SqlError(
        code,
        std::string(sqlite3_errmsg(database)) + " (SQLite code " + std::to_string(code) + ")");
}

void check(sqlite3* database, int result) {
    if (result != SQLITE_OK) {
        fail(database);
    }
}

int remember_wal_pages(void* pages, sqlite3* /*database*/, const char* /*name*/, int count) {
    *static_cast<int*>(pages) = count;
    return SQLITE_OK;
}

}  // namespace

bool SqlError::is_full() const {
    // The shared index of the WAL could not grow: nothing has been written yet.
    return (code_ & 0xff) == SQLITE_FULL || code_ == SQLITE_IOERR_SHMSIZE;
}

bool SqlError::is_busy() const {
    return (code_ & 0xff) == SQLITE_BUSY;
}

bool SqlError::is_corrupt() const {
    return (code_ & 0xff) == SQLITE_CORRUPT || (code_ & 0xff) == SQLITE_NOTADB;
}

// ---- Database ----

Database::Database(const std::string& path, Mode mode) {
    const int flags =
        mode == Mode::read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    const int result =
        sqlite3_open_v2(path.c_str(), &handle_, flags | SQLITE_OPEN_NOMUTEX, nullptr);
    if (result != SQLITE_OK) {
        const int code = sqlite3_extended_errcode(handle_);
        const std::string text = sqlite3_errmsg(handle_);
        sqlite3_close_v2(handle_);
        throw SqlError(code, text);
    }
    sqlite3_extended_result_codes(handle_, 1);
    wait_for_others(true);
    wal_pages_ = std::make_unique<int>(0);
    sqlite3_wal_hook(handle_, remember_wal_pages, wal_pages_.get());
}

Database::~Database() {
    if (handle_ != nullptr) {
        sqlite3_close_v2(handle_);
    }
}

Database::Database(Database&& other) noexcept
    : handle_(std::exchange(other.handle_, nullptr)), wal_pages_(std::move(other.wal_pages_)) {}

Database& Database::operator=(Database&& other) noexcept {
    std::swap(handle_, other.handle_);
    std::swap(wal_pages_, other.wal_pages_);
    return *this;
}

void Database::execute(const std::string& sql) {
    check(handle_, sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr));
}

std::int64_t Database::integer(const std::string& sql) {
    std::int64_t value = 0;
    Statement statement(*this, sql);
    statement.each([&] { value = statement.integer(0); });
    return value;
}

void Database::wait_for_others(bool wait) {
    sqlite3_busy_timeout(handle_, wait ? kBusyMs : 0);
}

bool Database::in_transaction() const {
    return sqlite3_get_autocommit(handle_) == 0;
}

void Database::rollback() noexcept {
    if (in_transaction()) {
        sqlite3_exec(handle_, "ROLLBACK", nullptr, nullptr, nullptr);
    }
}

void Database::checkpoint() {
    check(handle_,
          sqlite3_wal_checkpoint_v2(handle_, nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr));
}

bool Database::checkpoint_and_truncate() {
    const int result =
        sqlite3_wal_checkpoint_v2(handle_, nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
    if (result == SQLITE_BUSY) {
        return false;
    }
    check(handle_, result);
    return true;
}

void Database::set_checkpoint_on_close(bool on) {
    check(handle_,
          sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, on ? 0 : 1, nullptr));
}

// ---- Statement ----

Statement::Statement(const Database& database, std::string_view sql) {
    check(database.handle(),
          sqlite3_prepare_v3(database.handle(),
                             sql.data(),
                             static_cast<int>(sql.size()),
                             SQLITE_PREPARE_PERSISTENT,
                             &handle_,
                             nullptr));
}

Statement::~Statement() {
    sqlite3_finalize(handle_);
}

Statement::Statement(Statement&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}

Statement& Statement::operator=(Statement&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
}

void Statement::put(int index, std::string_view text) {
    // A null pointer would bind NULL.
    check(sqlite3_db_handle(handle_),
          sqlite3_bind_text(handle_,
                            index,
                            text.data() == nullptr ? "" : text.data(),
                            static_cast<int>(text.size()),
                            nullptr));
}

void Statement::put(int index, Blob blob) {
    check(sqlite3_db_handle(handle_),
          sqlite3_bind_blob(handle_,
                            index,
                            blob.bytes.data() == nullptr ? "" : blob.bytes.data(),
                            static_cast<int>(blob.bytes.size()),
                            nullptr));
}

void Statement::put_integer(int index, std::int64_t value) {
    check(sqlite3_db_handle(handle_), sqlite3_bind_int64(handle_, index, value));
}

void Statement::put_null(int index) {
    check(sqlite3_db_handle(handle_), sqlite3_bind_null(handle_, index));
}

bool Statement::step() {
    switch (sqlite3_step(handle_)) {
        case SQLITE_ROW:
            return true;
        case SQLITE_DONE:
            return false;
        default:
            fail(sqlite3_db_handle(handle_));
    }
}

int Statement::finish() {
    const Reset reset(*this);
    while (step()) {
    }
    return sqlite3_changes(sqlite3_db_handle(handle_));
}

void Statement::reset() {
    sqlite3_reset(handle_);
}

std::int64_t Statement::integer(int column) const {
    return sqlite3_column_int64(handle_, column);
}

std::uint64_t Statement::natural(int column) const {
    return static_cast<std::uint64_t>(integer(column));
}

std::string_view Statement::text(int column) const {
    const void* bytes = sqlite3_column_blob(handle_, column);
    if (bytes == nullptr) {
        return {};
    }
    return {static_cast<const char*>(bytes),
            static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
}

bool Statement::is_null(int column) const {
    return sqlite3_column_type(handle_, column) == SQLITE_NULL;
}

std::optional<std::string> Statement::text_if_any(int column) const {
    return is_null(column) ? std::nullopt : std::optional<std::string>(text(column));
}

std::optional<std::int64_t> Statement::integer_if_any(int column) const {
    return is_null(column) ? std::nullopt : std::optional(integer(column));
}

}  // namespace dm::store
