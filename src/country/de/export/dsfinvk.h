#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "country/de/export/columns.h"
#include "country/de/export/plan_view.h"
#include "model/closing.h"
#include "model/entries.h"
#include "model/master.h"

namespace siegel::country::de {

/// Where a receipt was closed.
struct ClosedAt {
  std::string at;  ///< Z_ERSTELLUNG
  std::uint64_t number = 0;
  std::uint64_t first_number = 0;
  std::uint64_t last_number = 0;
};
/// The closings of all registers, to find that of any receipt.
class ClosingIndex {
 public:
  /// The closings of a register in ascending order.
  void add(const Closing& closing);
  /// Null: in no closing.
  [[nodiscard]] const ClosedAt* find(std::string_view register_id, std::uint64_t number) const;
  /// A register that may have none yet.
  void add_register(std::string_view register_id);
  /// The receipt belongs to a register of ours and comes after its last closing.
  [[nodiscard]] bool is_open(std::string_view register_id, std::uint64_t number) const;

 private:
  std::map<std::string, std::vector<ClosedAt>, std::less<>> m_closings;
};

/// A closing with the master data in force.
struct ClosingFrame {
  Closing closing;
  Business business;
  RegisterInfo register_info;
  std::vector<TseInfo> tses;  ///< TSE_ID is the place from 1
};

/// A receipt that went out unsigned although its device may have signed it.
struct AwaitedSignature {
  std::string tse_serial;
  std::string prefix;  ///< of its rows, up to BON_ID
  std::vector<std::string> tses;
  std::string process_type;
  std::string process_data;
};

struct DsfinvkOptions {
  Edition edition = Edition::v2_4;
  std::bitset<dsfinvk_tables> tables = std::bitset<dsfinvk_tables>().set();
  std::string software_version;         ///< of ours, where the register names no other software
  std::size_t certificate_columns = 2;  ///< at least as many as the longest certificate needs
};

/// The header row of a file, with its line end.
[[nodiscard]] std::string dsfinvk_header(DsfinvkTable table, std::size_t certificate_columns = 2);
/// Columns TSE_ZERTIFIKAT_... a certificate needs, at least 2.
[[nodiscard]] std::size_t certificate_columns_of(const TseInfo& tse);

/// Rows of the 20 files for the closings of one register, one after the other
/// (docs/reference/dsfinvk-export.md says what each column is made from). Everything written is a
/// decided value: nothing is calculated here but the shares of a discount on a line with several
/// keys. The same values give the same bytes. Rows collect in memory until they are taken. One
/// thread.
class DsfinvkWriter {
 public:
  /// `closings` outlives the writer.
  DsfinvkWriter(DsfinvkOptions options, const ClosingIndex& closings);
  ~DsfinvkWriter();
  DsfinvkWriter(DsfinvkWriter&&) noexcept;
  DsfinvkWriter& operator=(DsfinvkWriter&&) = delete;

  void begin(const ClosingFrame& frame);
  /// The next receipt of the closing begun. `actor`: who wrote it, where no cashier is named.
  /// E-EXP-107 (conflict): it refers to a receipt of a register that is not closed yet.
  [[nodiscard]] Status add(const PlanView& plan, const SealView& seal, std::string_view actor);
  /// The rows of master data and sums. E-EXP-108 (corrupt): a key, agency or country the master
  /// data does not know.
  [[nodiscard]] Status end();

  /// What add() would need to write the signature of a receipt when it is found later.
  [[nodiscard]] AwaitedSignature awaited(const PlanView& plan, const SealView& seal) const;
  void add_late(const AwaitedSignature& receipt, const LateSignature& late);

  /// Rows not taken yet, and how many there ever were.
  [[nodiscard]] std::string_view rows(DsfinvkTable table) const;
  [[nodiscard]] std::uint64_t count(DsfinvkTable table) const;
  void taken(DsfinvkTable table);
  /// Characters of the longest TSE_VORGANGSDATEN.
  [[nodiscard]] std::size_t process_data_length() const;

 private:
  struct State;
  std::unique_ptr<State> m_state;
};

/// "DEU" for "DE"; empty: no such country [ISO 3166-1].
[[nodiscard]] std::string_view alpha_3(std::string_view alpha_2);
/// Register and number of "KASSE-01-000017".
struct ReceiptName {
  std::string_view register_id;
  std::uint64_t number = 0;
};
[[nodiscard]] std::optional<ReceiptName> receipt_name(std::string_view receipt_number);

}  // namespace siegel::country::de
