#include "verify/journal/store.h"

#include <fmt/format.h>

namespace siegel::verify::journal {

namespace {

constexpr std::int64_t application_id = 0x53474C4A;  // "SGLJ"
constexpr std::int64_t format_version = 1;
constexpr int rows_of_a_query = 256;

}  // namespace

Result<Store> Store::open(const std::filesystem::path& file) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(file, error)) {
    return not_found("E-VER-001", fmt::format("there is no file {}", file.string()), file.string());
  }
  const auto not_a_journal = [&](const std::string& why) {
    return invalid("E-VER-005", fmt::format("{} is not a journal: {}", file.string(), why),
                   file.string());
  };
  auto opened = sqlite::Database::open({.path = file, .vfs = {}, .read_only = true});
  if (!opened.ok()) {
    const Error& why = opened.error();
    if (why.kind == ErrorKind::corrupt) return not_a_journal(why.detail);
    return not_found("E-VER-001", fmt::format("{} {}", why.code, why.detail), file.string());
  }
  Store store;
  store.m_database = std::move(*opened);
  const auto id = store.m_database.query_integer("PRAGMA application_id");
  const auto version = store.m_database.query_integer("PRAGMA user_version");
  if (!id.ok()) return not_a_journal(id.error().detail);
  if (!version.ok()) return not_a_journal(version.error().detail);
  if (*id != application_id) return not_a_journal("it is another database");
  if (*version > format_version) {
    return conflict("E-VER-006",
                    fmt::format("{} has format {}, formats up to {} are known here", file.string(),
                                *version, format_version),
                    file.string());
  }
  return store;
}

Result<std::uint64_t> Store::count() {
  SIEGEL_TRY(const std::int64_t n, m_database.query_integer("SELECT count(*) FROM entry"));
  return static_cast<std::uint64_t>(n);
}

Status Store::visit(const std::function<void(const Row& row)>& visit) {
  SIEGEL_TRY(sqlite::Statement select,
             m_database.prepare("SELECT sequence, header, payload, hash, removed_payload_hash "
                                "FROM entry WHERE sequence > ? ORDER BY sequence LIMIT ?"));
  std::int64_t last = std::numeric_limits<std::int64_t>::min();
  while (true) {
    const sqlite::ResetGuard guard(select);
    select.bind(1, last).bind(2, rows_of_a_query);
    int rows = 0;
    while (true) {
      SIEGEL_TRY(const bool more, select.step());
      if (!more) break;
      ++rows;
      Row row;
      row.sequence = select.integer(0);
      row.header = select.blob(1);
      if (!select.is_null(2)) row.payload = select.blob(2);
      row.hash = select.blob(3);
      if (!select.is_null(4)) row.removed_payload_hash = select.blob(4);
      last = row.sequence;
      visit(row);
    }
    if (rows < rows_of_a_query) return Ok{};
  }
}

}  // namespace siegel::verify::journal
