#pragma once

#include <string>
#include <string_view>

#include "country/common/wording.h"
#include "model/money.h"
#include "model/plan.h"

// The words of the German receipt in both languages.

namespace siegel::country::de {

struct Words {
  std::string_view receipt;  ///< a sale
  std::string_view slip;     ///< anything else that has a number
  std::string_view served_by;
  std::string_view customer;
  std::string_view total;
  std::string_view change;
  std::string_view paid_out;  ///< cash handed to the customer
  std::string_view refunded;  ///< any other payment turned back
  std::string_view of_which;
  std::string_view vat_rate;
  std::string_view vat_net;
  std::string_view vat_tax;
  std::string_view vat_gross;
  std::string_view vat_sum;
  std::string_view not_taxable;
  std::string_view exempt;
  std::string_view undetermined;
  std::string_view zero_rated;
  std::string_view copy;
  std::string_view training;
  std::string_view reversal;
  std::string_view abort;
  std::string_view order;
  std::string_view transfer;
  std::string_view invoice;
  std::string_view benefit;
  std::string_view other;
  std::string_view memo;
  std::string_view stock_take;
  std::string_view commission;
  std::string_view test;
  std::string_view reverses;  ///< before the number of the voided receipt
  std::string_view dated;     ///< between that number and its date
  std::string_view reason;
  std::string_view vat_id;
  std::string_view tax_number;
  std::string_view first_order;
  std::string_view handwritten;     ///< before the number of the paper
  std::string_view handwritten_at;  ///< before its date and time
  std::string_view transaction;
  std::string_view signature_counter;
  std::string_view begin;
  std::string_view end;
  std::string_view register_serial;
  std::string_view tse_serial;
  std::string_view signature;
  std::string_view process_type;
  std::string_view in_the_code;
  std::string_view outage;
  std::string_view outage_no_number;
  std::string_view outage_number;
  std::string_view outage_receipt;
  std::string_view outage_since;
  std::string_view no_tse;
  std::string_view no_tse_empties;
  std::string_view unfinished;
  std::string_view unfinished_note;
};

[[nodiscard]] const Words& words(Language language);

/// "Bar", "Karte", ... ; the name the till gave wins for anything but cash. Another currency than
/// `base` comes with its amount.
[[nodiscard]] std::string payment_word(const PlanPayment& payment, Language language,
                                       Currency base = {});

/// A time of the TSE's log as wall time of the place, with its milliseconds if the TSE has them.
/// `with_offset` adds "(UTC+01:00)".
struct LogTimeForm {
  bool milliseconds = false;
  bool with_offset = false;
};
[[nodiscard]] std::string log_time_text(Instant at, std::string_view zone, Language language,
                                        LogTimeForm form);

/// What a cashier is told about the code of an outage: a few words, the rest is in the help.
[[nodiscard]] std::string_view outage_reason(std::string_view code, Language language);

}  // namespace siegel::country::de
