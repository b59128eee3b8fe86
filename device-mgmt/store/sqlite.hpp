#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

struct sqlite3;
struct sqlite3_stmt;

/// SQLite with owners. Every failure is thrown as SqlError and caught where a transaction, a query
/// or opening begins; nothing of it leaves the store.
namespace dm::store {

class SqlError : public std::runtime_error {
public:
    SqlError(int extended_code, const std::string& text)
        : std::runtime_error(text), code_(extended_code) {}

    [[nodiscard]] int code() const { return code_; }

    /// No space on the disk (or over max_page_count): may pass.
    [[nodiscard]] bool is_full() const;

    /// Another program holds a lock: passes.
    [[nodiscard]] bool is_busy() const;

    /// The file is no database, or a damaged one.
    [[nodiscard]] bool is_corrupt() const;

private:
    int code_;
};

/// Bytes that are no text.
struct Blob {
    std::string_view bytes;
};

/// A connection. One thread at a time.
class Database {
public:
    enum class Mode { read_write, read_only };

    Database(const std::string& path, Mode mode);
    ~Database();
    Database(Database&& other) noexcept;
    Database& operator=(Database&& other) noexcept;
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    /// Runs statements that give no rows, or whose rows do not matter.
    void execute(const std::string& sql);

    /// The first column of the first row.
    [[nodiscard]] std::int64_t integer(const std::string& sql);

    /// Whether a lock that another program holds is waited for; else it is an error at once. It is
    /// from the start.
    void wait_for_others(bool wait);

    [[nodiscard]] bool in_transaction() const;
    void rollback() noexcept;

    /// Copies as much of the WAL into the database as readers permit.
    void checkpoint();

    /// Copies all of it and empties it; false if a reader was in the way.
    bool checkpoint_and_truncate();

    /// Frames in the WAL after the last commit.
    [[nodiscard]] int wal_pages() const { return *wal_pages_; }

    /// Whether closing the last connection moves the WAL into the database.
    void set_checkpoint_on_close(bool on);

    [[nodiscard]] sqlite3* handle() const { return handle_; }

private:
    sqlite3* handle_ = nullptr;
    std::unique_ptr<int> wal_pages_;  ///< SQLite's hook writes here, also after a move
};

/// A prepared statement; the database must outlive it. What is bound must live until the statement
/// has run.
class Statement {
public:
    Statement(const Database& database, std::string_view sql);
    ~Statement();
    Statement(Statement&& other) noexcept;
    Statement& operator=(Statement&& other) noexcept;
    Statement(const Statement&) = delete;
    Statement& operator=(const Statement&) = delete;

    /// Binds the values in order and runs to the end. Returns the rows changed.
    template <class... Values>
    int run(const Values&... values) {
        bind(values...);
        return finish();
    }

    /// Binds the values in order and calls `row` for each row.
    template <class Row, class... Values>
    void each(const Row& row, const Values&... values) {
        bind(values...);
        const Reset reset(*this);
        while (step()) {
            row();
        }
    }

    // Columns of the current row, within `each`.
    [[nodiscard]] std::int64_t integer(int column) const;
    [[nodiscard]] std::uint64_t natural(int column) const;
    [[nodiscard]] std::string_view text(int column) const;
    [[nodiscard]] bool is_null(int column) const;
    [[nodiscard]] std::optional<std::string> text_if_any(int column) const;
    [[nodiscard]] std::optional<std::int64_t> integer_if_any(int column) const;

private:
    /// Resets when it goes.
    class Reset {
    public:
        explicit Reset(Statement& statement) : statement_(statement) {}

        ~Reset() { statement_.reset(); }

        Reset(const Reset&) = delete;
        Reset& operator=(const Reset&) = delete;

    private:
        Statement& statement_;
    };

    template <class... Values>
    void bind(const Values&... values) {
        int index = 0;
        (put(++index, values), ...);
    }

    template <class Integer, std::enable_if_t<std::is_integral_v<Integer>, int> = 0>
    void put(int index, Integer value) {
        put_integer(index, static_cast<std::int64_t>(value));
    }

    void put(int index, std::string_view text);
    void put(int index, Blob blob);

    void put(int index, const std::string& text) { put(index, std::string_view(text)); }

    template <class Value>
    void put(int index, const std::optional<Value>& value) {
        if (value) {
            put(index, *value);
        } else {
            put_null(index);
        }
    }

    void put_integer(int index, std::int64_t value);
    void put_null(int index);
    bool step();
    int finish();
    void reset();

    sqlite3_stmt* handle_ = nullptr;
};

}  // namespace dm::store
