#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "base/result.h"
#include "sqlite/sqlite.h"
#include "views/index.h"

// What the parts of the index share; not for others.

namespace siegel::views {

[[nodiscard]] sqlite::Options connection(const IndexOptions& options);
/// Any failure of the index's file is E-JRN-401: it can be made again.
[[nodiscard]] Error index_error(const Error& cause);

/// The place of a follower in the journal, stored in the transaction that holds its data.
struct Position {
  journal::Head head;
  friend bool operator==(const Position&, const Position&) = default;
};
[[nodiscard]] Result<Position> read_position(sqlite::Database& database, std::string_view name);
/// Statement for write_position(): one for each connection.
[[nodiscard]] Result<sqlite::Statement> prepare_position(sqlite::Database& database);
[[nodiscard]] Status write_position(sqlite::Statement& statement, std::string_view name,
                                    const journal::Entry& last);

/// A batch that does not follow the position is refused; the caller asks for the position and comes
/// again. E-JRN-401.
[[nodiscard]] Status check_next(journal::Sequence position,
                                std::span<const journal::Entry> entries);

[[nodiscard]] Result<std::unique_ptr<KeyIndex>> open_keys(const IndexOptions& options);
[[nodiscard]] Result<std::unique_ptr<Receipts>> open_receipts(const IndexOptions& options);

}  // namespace siegel::views
