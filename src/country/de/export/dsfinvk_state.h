#pragma once

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "country/de/export/csv_buffer.h"
#include "country/de/export/dsfinvk.h"

// What DsfinvkWriter holds. Not part of the module's contract.

namespace siegel::country::de {

struct DsfinvkWriter::State {
  State(DsfinvkOptions given, const ClosingIndex& index)
      : options(std::move(given)), closings(index) {}

  DsfinvkOptions options;
  const ClosingIndex& closings;
  std::array<CsvBuffer, dsfinvk_tables> tables;
  CsvBuffer unwanted;  // rows of tables nobody asked for
  std::size_t process_data_length = 0;

  // Of the closing begun.
  ClosingFrame frame;
  std::string z_key;
  std::string prefix;  // z_key and BON_ID
  std::map<int, int> rates_used;
  std::set<std::int64_t> agencies_used;
  std::set<std::string, std::less<>> terminals_used;

  CsvBuffer& of(DsfinvkTable table) {
    const auto index = static_cast<std::size_t>(table);
    if (options.tables.test(index)) return tables[index];
    unwanted.clear();
    return unwanted;
  }
  CsvBuffer& row(DsfinvkTable table) {
    CsvBuffer& out = of(table);
    out.begin_row(prefix);
    return out;
  }
  CsvBuffer& closing_row(DsfinvkTable table) {
    CsvBuffer& out = of(table);
    out.begin_row(z_key);
    return out;
  }
  void use(int key, int rate) { rates_used.emplace(key, rate); }

  void write_head(const PlanView& plan, std::string_view actor);
  void write_buyer(CsvBuffer& out, const PlanView& plan);
  void write_vat(const PlanView& plan);
  void write_groups(const PlanView& plan);
  void write_payments(const PlanView& plan);
  void write_payment(const PaymentView& payment, std::int64_t change);
  void write_line(const PlanView& plan, const LineView& line, std::uint64_t number);
  void write_quantity(CsvBuffer& out, const LineView& line);
  void write_shares(const PlanView& plan, const LineView& line, std::uint64_t number);
  void write_price_parts(const PlanView& plan, const LineView& line, std::uint64_t number);
  void write_price_part(std::uint64_t number, std::string_view type, int key, std::int64_t gross);
  void write_sub_items(const PlanView& plan, const LineView& line, std::uint64_t number);
  Status write_references(const PlanView& plan);
  Status write_reference(const PlanView& plan, const ReferenceView& reference);
  void write_seal(const PlanView& plan, const SealView& seal);
  std::size_t tse_id(std::string_view serial);
  std::string note_of(const PlanView& plan) const;

  Status write_closing();
  Status write_location();
  void write_register();
  void write_terminals();
  Status write_agencies();
  void write_tses();
  Status write_rates();
  void write_cases();
  void write_sums();
};

/// The separator first: all but the key columns.
inline void text(CsvBuffer& out, std::string_view value, std::size_t characters) {
  out.separator();
  out.text(value, characters);
}
inline void number(CsvBuffer& out, std::uint64_t value) {
  out.separator();
  out.number(value);
}
inline void signed_number(CsvBuffer& out, std::int64_t value) {
  out.separator();
  out.number(value);
}
inline void cents(CsvBuffer& out, std::int64_t value, int decimals) {
  out.separator();
  out.decimal(value, 2, decimals);
}

inline constexpr int amount_decimals = 5;

}  // namespace siegel::country::de
