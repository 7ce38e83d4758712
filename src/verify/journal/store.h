#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "sqlite/sqlite.h"

// The file of a journal, read here anew: table entry(sequence, header, payload, hash,
// removed_payload_hash), docs/formats/journal.md. Not part of the module's contract.

namespace siegel::verify::journal {

/// Views are valid until the visitor returns.
struct Row {
  std::int64_t sequence = 0;
  BytesView header;
  std::optional<BytesView> payload;
  BytesView hash;
  std::optional<BytesView> removed_payload_hash;
};

class Store {
 public:
  /// Read-only. E-VER-001, E-VER-005, E-VER-006.
  static Result<Store> open(const std::filesystem::path& file);

  [[nodiscard]] Result<std::uint64_t> count();
  /// All rows in order of their sequence, in short queries, so that a shop that sells meanwhile is
  /// not hindered. Errors of kind corrupt: the file is damaged here.
  Status visit(const std::function<void(const Row& row)>& visit);

 private:
  sqlite::Database m_database;
};

}  // namespace siegel::verify::journal
