#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "format/json.h"
#include "model/draft.h"
#include "model/master.h"
#include "model/money.h"

// The end of a register's business day (Kassenabschluss, Z): entry kind `closing`,
// docs/formats/closing.md.

namespace siegel {

/// One row of Z_GV_Typ [DSFinV-K 3.18]: lines of all Belege of one case, agency and key.
/// gross = net + tax exactly; net is computed from the gross of the group.
struct ClosingCase {
  GvTyp gv_typ = GvTyp::umsatz;
  std::string gv_name;
  int agency = 0;
  VatKey key;
  VatRate rate;
  Money gross;
  Money net;
  Money tax;
  friend bool operator==(const ClosingCase&, const ClosingCase&) = default;
};
/// One row of Z_Zahlart: in the base currency.
struct ClosingPayment {
  PaymentKind kind = PaymentKind::bar;
  std::string name;
  Money value;
  friend bool operator==(const ClosingPayment&, const ClosingPayment&) = default;
};
/// One row of Z_Waehrungen: cash moved since the closing before, in `currency`.
struct ClosingCash {
  Currency currency;
  Money amount;
  friend bool operator==(const ClosingCash&, const ClosingCash&) = default;
};
/// So many notes or coins of one value.
struct Denomination {
  Money value;
  std::int64_t count = 0;
  friend bool operator==(const Denomination&, const Denomination&) = default;
};
/// What was counted in the drawer.
struct CountedCash {
  Currency currency;
  Money amount;                             ///< sum of the denominations, if there are any
  std::vector<Denomination> denominations;  ///< may be empty
  friend bool operator==(const CountedCash&, const CountedCash&) = default;
};

/// Numbers have no gap and never start again. A closing cannot be undone or repeated.
struct Closing {
  RegisterId register_id;
  std::uint64_t number = 0;    ///< Z number of the register, from 1
  LocalStamp at;               ///< Z_ERSTELLUNG
  std::uint64_t receipts = 0;  ///< recorded since the closing before, of every kind
  Money turnover;              ///< of them, gross, training left out
  /// Austria: the month ends with it: its Monatsbeleg (December: Jahresbeleg) is due from here on.
  bool last_of_month = false;

  // Germany; Austria as far as it has them.
  std::optional<Date> business_day;  ///< when it is not the day of `at` (night trade)
  std::uint64_t first_number = 0;    ///< number of its first receipt (Z_START_ID); 0: none
  std::uint64_t last_number = 0;
  std::uint64_t first_sequence =
      0;                       ///< its receipts are among the entries from here to the closing
  std::uint64_t previous = 0;  ///< entry of the closing before; 0: this is the first
  std::uint64_t business_sequence = 0;  ///< entry with the master data in force
  std::uint64_t register_sequence = 0;  ///< entry with the register's data in force
  std::vector<std::string> tses;        ///< serials used by its receipts
  std::vector<ClosingCase> cases;
  std::vector<ClosingPayment> payments;
  std::vector<ClosingCash> cash;
  std::vector<ClosingCash> drawer;   ///< what should be in the drawer, counted from all closings
  std::vector<CountedCash> counted;  ///< empty: nobody counted
  Money difference;                  ///< counted minus drawer, in the base currency
  std::string note;                  ///< why numbers have a gap (data taken over), other remarks
  friend bool operator==(const Closing&, const Closing&) = default;
};

[[nodiscard]] std::string to_json(const Closing& entry);
/// E-MOD-101 (corrupt).
[[nodiscard]] Result<Closing> closing_from_json(std::string_view json);

/// What a closing asks for beyond the register: {"business_day", "counted": [{"currency",
/// "amount", "denominations": [{"value", "count"}]}], "note"}. Errors E-JSN-02x, E-MOD-00x,
/// E-MOD-114 (the denominations do not make the amount).
struct ClosingRequest {
  std::optional<Date> business_day;
  std::vector<CountedCash> counted;
  std::string note;
  friend bool operator==(const ClosingRequest&, const ClosingRequest&) = default;
};
[[nodiscard]] Result<ClosingRequest> closing_from_request(const json::Value& value,
                                                          std::string_view place = {});

}  // namespace siegel
