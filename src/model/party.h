#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "model/draft.h"
#include "model/master.h"

// Open business: what a party at a table has ordered and not paid, or a receipt that was parked.
// Entry kind `party`, docs/formats/party.md.

namespace siegel {

namespace entry_kind {
inline constexpr std::string_view party = "party";  ///< Party as it is from here on
}  // namespace entry_kind

/// An item that is not wholly settled.
struct OpenItem {
  std::uint64_t id = 0;  ///< within the party
  LineDraft line;        ///< as it was ordered
  Quantity open;         ///< of line.quantity
  Money total;           ///< gross of what is open, after discounts
  std::string seat;      ///< who ordered it, if that is known
  friend bool operator==(const OpenItem&, const OpenItem&) = default;
  /// Nothing was taken from it.
  [[nodiscard]] bool is_whole() const { return open == line.quantity; }
};

/// Each entry holds the whole party; without items it has ended.
struct Party {
  static constexpr std::size_t items_max = 1000;
  static constexpr std::size_t circles_max = 20;

  /// Abrechnungskreise, the first one is its name for ever: table, day and running number
  /// ("7/2026-11-21/12"). More come with parties that joined it.
  std::vector<std::string> circles;
  RegisterId register_id;  ///< settles it
  std::string table;       ///< where it sits now; empty: no table
  LocalStamp first_order;
  std::string vorgang;  ///< its open Vorgang (Profile::table_flow open_transaction), or empty
  std::uint64_t next_item = 1;
  std::vector<OpenItem> items;
  Money ordered;  ///< all orders less what was cancelled, taken over included, given away not
  Money settled;  ///< of it, on bills
  bool parked = false;
  std::string forwarded_from;  ///< register it came from; only once
  std::string joined;          ///< ended: its items are now those of this party
  friend bool operator==(const Party&, const Party&) = default;

  [[nodiscard]] const std::string& circle() const { return circles.front(); }
  [[nodiscard]] Money open() const;
};

[[nodiscard]] std::string to_json(const Party& party);
/// E-MOD-101 (corrupt).
[[nodiscard]] Result<Party> party_from_json(std::string_view json);

}  // namespace siegel
