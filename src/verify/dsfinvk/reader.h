#pragma once

#include <array>
#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "verify/dsfinvk/closings.h"
#include "verify/dsfinvk/findings.h"
#include "verify/dsfinvk/index_xml.h"
#include "verify/dsfinvk/package.h"
#include "verify/dsfinvk/rows.h"

// The tables of a package as rows, closing by closing. Not part of the module's contract.

namespace siegel::verify::dsfinvk {

/// The tables an export was asked for, if its manifest says so (docs/reference/dsfinvk-check.md).
using ChosenTables = std::optional<std::set<std::string>>;
[[nodiscard]] ChosenTables read_manifest(const Package& package);
/// The names a manifest lists under `files`: what lies beside the tables on purpose.
[[nodiscard]] std::set<std::string, std::less<>> files_in_manifest(const Package& package);
/// What the absence of a table means.
[[nodiscard]] inline std::optional<Severity> absence(const ChosenTables& chosen,
                                                     std::string_view file) {
  if (!chosen || chosen->contains(std::string(file))) return std::nullopt;
  return Severity::info;
}

/// Finds each table's file, reads its header row and says what is odd about it (P005, C002, C004).
[[nodiscard]] Result<std::array<Layout, tables_count>> read_layouts(const Package& package,
                                                                    const IndexXml& index,
                                                                    const ChosenTables& chosen,
                                                                    Findings& findings);

/// The rows of one table without its header.
class TableRows {
 public:
  static Result<TableRows> open(const Package& package, Table table, const Layout& layout);

  /// The next row that is not empty; what is odd about its form goes to `findings` (C003, C006,
  /// C015), which may be null.
  Result<bool> next(RawRow& row, Findings* findings);
  /// Says what was counted (C003).
  void finish(Findings& findings) const;
  [[nodiscard]] std::uint64_t position() const { return m_reader->position(); }

 private:
  TableRows() = default;

  Table m_table{};
  const Layout* m_layout = nullptr;
  std::unique_ptr<Source> m_source;
  std::unique_ptr<RowReader> m_reader;
  std::uint64_t m_wrong_ends = 0;
  std::uint64_t m_first_wrong_end = 0;
  RowEnd m_wrong_end = RowEnd::none;
  bool m_last_open = false;
  std::uint64_t m_last_line = 0;
};

/// All closings, from cashpointclosing.csv, with the rules about its rows on their own.
Status read_closings(const Package& package, const std::array<Layout, tables_count>& layouts,
                     Findings& findings, Closings& closings, std::uint64_t& rows);

/// Rows kept on disk to be read again, in an unlinked temporary file.
class Spool {
 public:
  struct Record {
    std::uint32_t closing;
    std::uint32_t table;
    std::uint64_t line;
    std::string_view text;  ///< valid until the next call
  };
  static Result<Spool> make();
  Status add(const Record& record);
  void rewind();
  /// False: the end.
  Result<bool> next(Record& record);
  [[nodiscard]] std::uint64_t bytes() const { return m_bytes; }

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::unique_ptr<std::FILE, Close> m_file;
  std::string m_text;
  std::uint64_t m_bytes = 0;
};

/// Gives the rows of all tables but cashpointclosing.csv, closing by closing.
class ClosingReader {
 public:
  using Take = std::function<void(std::unique_ptr<Unit>)>;

  /// Borrowed for the life of the reader.
  ClosingReader(const Package& package, const std::array<Layout, tables_count>& layouts,
                const Closings& closings, std::size_t part_bytes_max)
      : m_package(package),
        m_layouts(layouts),
        m_closings(closings),
        m_part_bytes_max(part_bytes_max) {}

  /// `take` gets each closing as one unit, and now and then rows that belong to none; `large` gets
  /// the parts of a closing that is too large, in order, in one object. False: rows do not stand in
  /// the order of the closings; call sort() and begin anew.
  Result<bool> run(Findings& findings, const Take& take,
                   const std::function<void(const Unit&)>& large, const Progress& progress);
  /// Copies the tables that are out of order.
  Status sort();

 private:
  struct Cursor {
    Table table{};
    std::optional<TableRows> rows;
    // Of a sorted copy:
    std::vector<Spool>* sorted = nullptr;
    std::size_t bucket = 0;
    std::vector<std::pair<std::uint32_t, std::size_t>> order;  ///< closing, index into bucket_rows
    RawRows bucket_rows;
    std::size_t at = 0;

    bool has = false;
    std::uint32_t closing = no_closing;
    std::string_view text;
    std::uint64_t line = 0;
    std::string prefix;  ///< of the row before: its three key fields
    std::uint32_t prefix_closing = no_closing;
    std::uint64_t bytes = 0;
  };

  Result<std::vector<Cursor>> open();
  Status advance(Cursor& cursor, Findings* findings);
  Status advance_sorted(Cursor& cursor);
  std::uint32_t closing_of(Cursor& cursor, std::string_view row);
  void tell_orphan(const Cursor& cursor, Findings& findings);
  Status run_large(Unit& unit, std::vector<Cursor>& cursors, Findings& findings,
                   const std::function<void(const Unit&)>& large);
  Status sort_table(Table table);

  const Package& m_package;
  const std::array<Layout, tables_count>& m_layouts;
  const Closings& m_closings;
  std::size_t m_part_bytes_max;
  std::array<std::vector<Spool>, tables_count> m_sorted;
  std::array<bool, tables_count> m_is_sorted{};
};

}  // namespace siegel::verify::dsfinvk
