#pragma once

#include <string>
#include <string_view>

#include "country/common/wording.h"
#include "model/plan.h"

// The words of the Austrian receipt in both languages. What the law wants to be read in German
// (Sicherheitseinrichtung ausgefallen, Stornobuchung, Trainingsbuchung, the names of the special
// receipts) is German in both.

namespace siegel::country::at {

struct Words {
  std::string_view receipt;
  std::string_view cash_box;
  std::string_view served_by;
  std::string_view customer;
  std::string_view total;
  std::string_view change;
  std::string_view paid_out;
  std::string_view refunded;
  std::string_view of_which;
  std::string_view vat_rate;
  std::string_view vat_net;
  std::string_view vat_tax;
  std::string_view vat_gross;
  std::string_view vat_sum;
  std::string_view copy;
  std::string_view abort;
  std::string_view memo;
  std::string_view movement;    ///< money put into or taken out of the drawer
  std::string_view on_account;  ///< delivered, paid later
  std::string_view for_others;  ///< money that is not the business's own
  std::string_view order;
  std::string_view transfer;
  std::string_view invoice;
  std::string_view benefit;
  std::string_view other;
  std::string_view stock_take;
  std::string_view commission;
  std::string_view test;
  std::string_view reversal_of;  ///< before the number of the cancelled receipt
  std::string_view dated;
  std::string_view reason;
  std::string_view training_note;
  std::string_view vat_id;
  std::string_view tax_number;
  std::string_view first_order;
  std::string_view handwritten;     ///< before the number of the paper
  std::string_view handwritten_at;  ///< before its date and time
  std::string_view zero_amount;
  std::string_view counter;
  std::string_view signature;
  std::string_view signed_;
  std::string_view device;
  std::string_view provider;
  std::string_view start_purpose;
  std::string_view start_next;
  std::string_view month_purpose;
  std::string_view year_purpose;
  std::string_view year_check;  ///< {} is the day
  std::string_view zero_purpose;
  std::string_view collective_purpose;
  std::string_view final_purpose;
  std::string_view final_next;         ///< {} is the register
  std::string_view unsigned_receipts;  ///< before begin, end and number of them
  std::string_view not_subject;
  std::string_view unfinished;
  std::string_view unfinished_note;
};

[[nodiscard]] const Words& words(Language language);

/// "Bar", "Bankomat", ...; the name the till gave is added.
[[nodiscard]] std::string payment_word(const PlanPayment& payment, Language language);

/// "A-Trust (AT1)"; an unknown one as it is.
[[nodiscard]] std::string provider_word(std::string_view provider);

}  // namespace siegel::country::at
