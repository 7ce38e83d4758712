#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "verify/dsfinvk/fields.h"
#include "verify/dsfinvk/findings.h"
#include "verify/dsfinvk/index_xml.h"
#include "verify/dsfinvk/rows.h"
#include "verify/dsfinvk/tables.h"

// The closings of an export, the shape of its files, and rows on their way to a check. Not part of
// the module's contract.

namespace siegel::verify::dsfinvk {

inline constexpr std::uint32_t no_closing = ~std::uint32_t{0};
inline constexpr std::size_t npos = ~std::size_t{0};

/// An edition as a number: 2.3 is 23.
[[nodiscard]] int edition_from(std::string_view text);  ///< 0: unknown
inline constexpr int newest_edition = 24;

/// How a file is written and where its columns are.
struct Layout {
  bool present = false;
  std::string member;  ///< name in the package
  char separator = ';';
  char quote = '"';
  char decimal = ',';
  std::string record_end = "\r\n";
  std::size_t fields = 0;              ///< of the header row
  bool identity = true;                ///< the official columns stand first and in order
  std::vector<std::size_t> place;      ///< of each official column, npos: missing
  std::vector<std::size_t> extra;      ///< further TSE_ZERTIFIKAT_n, in order
  std::vector<std::uint32_t> length;   ///< as declared, else official
  std::vector<std::uint8_t> decimals;  ///< likewise
};

/// One closing, as its row in cashpointclosing.csv says.
struct Closing {
  std::uint64_t line = 0;
  std::array<std::string, 16> fields;
  std::string label;  ///< "K1/3"
  std::uint32_t register_index = 0;
  std::optional<std::uint64_t> number;
  std::optional<Stamp> created;
  int edition = newest_edition;
  std::uint32_t previous = no_closing;  ///< of the same register, by number
};

class Closings {
 public:
  static constexpr std::size_t closings_max = 2'000'000;

  /// The index of the closing that has exactly these texts; no_closing: none.
  [[nodiscard]] std::uint32_t find(std::string_view register_id, std::string_view created,
                                   std::string_view number) const;
  /// False if there is one of this key already.
  bool add(Closing closing);
  /// Once all are added: who comes before whom.
  void link();
  [[nodiscard]] const std::vector<Closing>& all() const { return m_closings; }
  [[nodiscard]] const std::vector<std::string>& registers() const { return m_registers; }
  /// Index of a register; nothing if no closing is of it.
  [[nodiscard]] std::optional<std::uint32_t> register_of(std::string_view id) const;
  /// By register, then by number.
  [[nodiscard]] const std::vector<std::uint32_t>& by_number() const { return m_by_number; }
  [[nodiscard]] int oldest_edition() const;

 private:
  static std::string key(std::string_view register_id, std::string_view created,
                         std::string_view number);
  std::vector<Closing> m_closings;
  std::vector<std::string> m_registers;
  std::unordered_map<std::string, std::uint32_t> m_by_key;
  std::unordered_map<std::string, std::uint32_t> m_register_index;
  std::vector<std::uint32_t> m_by_number;
};

/// Raw rows of one table that belong together.
struct RawRows {
  struct Ref {
    std::uint64_t offset;
    std::uint32_t size;
    std::uint64_t line;
  };
  std::string text;
  std::vector<Ref> rows;

  void add(std::string_view row, std::uint64_t line) {
    rows.push_back(
        {static_cast<std::uint32_t>(text.size()), static_cast<std::uint32_t>(row.size()), line});
    text += row;
  }
  void clear() {
    text.clear();
    rows.clear();
  }
};

/// What one worker checks at a time: all rows of a closing, a part of the receipts of a large one,
/// or rows that belong to no closing.
struct Unit {
  std::uint32_t closing = no_closing;
  std::array<RawRows, tables_count> tables;
  bool first_part = true;
  bool last_part = true;

  [[nodiscard]] std::size_t bytes() const {
    std::size_t sum = 0;
    for (const RawRows& table : tables) sum += table.text.size() + table.rows.size() * 16;
    return sum;
  }
};

/// A row with its fields in official order; missing ones are empty.
struct Row {
  const std::string_view* fields = nullptr;
  std::uint64_t line = 0;
  std::string_view operator[](std::size_t column) const { return fields[column]; }
};

/// Parsed rows of one table.
struct Rows {
  std::vector<std::string_view> fields;
  std::vector<std::uint64_t> lines;
  std::vector<std::string> certificates;  ///< further parts, of tse.csv only
  std::size_t columns = 0;
  Arena arena;

  [[nodiscard]] std::size_t size() const { return lines.size(); }
  [[nodiscard]] Row operator[](std::size_t i) const {
    return {fields.data() + i * columns, lines[i]};
  }
  void clear() {
    fields.clear();
    lines.clear();
    certificates.clear();
    arena.clear();
  }
};

}  // namespace siegel::verify::dsfinvk
