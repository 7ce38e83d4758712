#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "verify/dsfinvk/closings.h"
#include "verify/dsfinvk/findings.h"

// The form of rows and fields (C, F and N rules). Not part of the module's contract.

namespace siegel::verify::dsfinvk {

/// What columns hold over the whole export, for rules that look at all rows.
struct ColumnUse {
  std::uint64_t filled = 0;
  std::uint64_t fewer_decimals = 0;
  std::uint64_t first_fewer_line = 0;  ///< the smallest line of those
};
struct FormUse {
  std::array<std::vector<ColumnUse>, tables_count> columns;
  std::array<std::uint64_t, tables_count> rows{};
  std::map<std::uint64_t, std::uint64_t> own_keys;  ///< VAT keys from 1000: how often
  bool english_amounts = false;
  bool german_amounts = false;
  std::uint64_t same_times = 0;  ///< BON_START = BON_ENDE
  std::uint64_t other_times = 0;

  FormUse();
  void merge(const FormUse& other);
};

/// One way a field is looked at, besides its type and length.
enum class FieldCheck : std::uint8_t {
  none,
  key,  ///< checked in cashpointclosing.csv
  stamp,
  created,
  booking_day,
  reference_day,
  tse_time,
  country,
  currency,
  vat_id,
  tax_number,
  serial,
  tse_serial,
  base64,
  gtin,
  cents,
  amount,
  rate,
  taxonomy,
  component,
  boolean,
  storno,
  vat_key,
  bon_word,
  gv_word,
  pay_word,
  ref_word,
  algorithm_word,
  time_word,
  encoding_word,
  process_word,
};

/// Splits rows and checks each field on its own.
class Form {
 public:
  Form(const std::array<Layout, tables_count>& layouts, Findings& findings)
      : m_layouts(layouts), m_findings(findings) {}

  /// `edition` of the closing. `out` is replaced; it refers to `raw`.
  void parse(Table table, const RawRows& raw, int edition, Rows& out);
  [[nodiscard]] FormUse& use() { return m_use; }

 private:
  void characters(Table table, std::string_view& row, std::uint64_t line, Rows& out);
  void check_row(Table table, Row row, int edition, bool plain);
  void check_number(const Spot& spot, std::string_view text, const Layout& layout, ColumnUse& use,
                    FieldCheck check);
  void check_text(const Spot& spot, std::string_view text, std::size_t length, bool plain);
  static bool names_no_receipt(const Spot& spot, Row row);
  void check_field(const Spot& spot, std::string_view text, FieldCheck check, int edition);
  void check_word(const Spot& spot, std::string_view text, FieldCheck check);
  void check_together(Table table, Row row, std::string_view receipt);

  const std::array<Layout, tables_count>& m_layouts;
  Findings& m_findings;
  FormUse m_use;
  std::vector<std::string_view> m_fields;
};

}  // namespace siegel::verify::dsfinvk
