#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/entries.h"
#include "model/plan.h"

// What an export shows of a plan and its seal, read from stored bytes without a copy of each text:
// an export reads a million of them. Texts of stamps, signatures and words stay as they are stored.

namespace siegel::country::de {

struct ShareView {
  int key = 0;
  int rate = 0;  ///< hundredths of a percent
  std::int64_t gross = 0;
  friend bool operator==(const ShareView&, const ShareView&) = default;
};
struct DiscountView {
  std::string_view text;
  std::int64_t amount = 0;
  friend bool operator==(const DiscountView&, const DiscountView&) = default;
};
struct SubItemView {
  std::string_view article, group, group_id, gtin, text, unit;
  std::int64_t factor = 1000;
  std::int64_t quantity = 0;
  std::int64_t price = 0;
  int key = 0;
  int rate = 0;
  friend bool operator==(const SubItemView&, const SubItemView&) = default;
};
/// A part of a list that all lines share.
struct Part {
  std::size_t first = 0;
  std::size_t count = 0;
  friend bool operator==(const Part&, const Part&) = default;
};
struct LineView {
  std::string_view article, group, group_id, gtin, gv_name, terminal, text, unit, voucher;
  std::string_view gv_typ = "Umsatz";
  std::int64_t agency = 0;
  std::int64_t amount = 0;
  std::int64_t total = 0;
  std::int64_t quantity = 0;
  std::int64_t factor = 1000;
  std::int64_t unit_price = 0;
  std::optional<bool> in_house;
  bool cancelled = false;
  Part shares, discounts, sub_items;
  friend bool operator==(const LineView&, const LineView&) = default;
};
struct VatSumView {
  int key = 0;
  int rate = 0;
  std::int64_t gross = 0;
  std::int64_t net = 0;
  std::int64_t tax = 0;
  friend bool operator==(const VatSumView&, const VatSumView&) = default;
};
struct PaymentView {
  std::string_view kind, name;
  std::string_view currency = "EUR";
  std::int64_t amount = 0;
  std::int64_t value = 0;
  friend bool operator==(const PaymentView&, const PaymentView&) = default;
};
struct ReferenceView {
  std::string_view kind;  ///< "receipt", "external_invoice", ...
  std::string_view name, number;
  std::int64_t line = 0;
  friend bool operator==(const ReferenceView&, const ReferenceView&) = default;
};
struct BuyerView {
  std::string_view city, country, id, name, postcode, street, type, vat_id;
  friend bool operator==(const BuyerView&, const BuyerView&) = default;
};

struct PlanView {
  std::string_view began, decided, bon_typ, cashier, cashier_id, customer, kind, name, note;
  std::string_view process_data, process_type, reason, receipt_number, register_id, reverses;
  std::string_view reversed_decided, terminal, tse_serial;
  std::string_view handwritten_at, handwritten_number;  ///< empty: not written by hand
  BuyerView buyer;
  std::uint64_t number = 0;
  std::uint64_t transaction = 0;
  std::int64_t change = 0;
  std::int64_t total = 0;
  std::vector<std::string_view> groups;
  std::vector<LineView> lines;
  std::vector<ShareView> shares;
  std::vector<DiscountView> discounts;
  std::vector<SubItemView> sub_items;
  std::vector<VatSumView> vat;
  std::vector<PaymentView> payments;
  std::vector<ReferenceView> references;
  friend bool operator==(const PlanView&, const PlanView&) = default;

  template <class T>
  [[nodiscard]] static std::span<const T> of(const std::vector<T>& all, Part part) {
    return std::span(all).subspan(part.first, part.count);
  }
};

struct SealView {
  std::string_view outcome;  ///< "signed", "unsigned_outage", "not_required"
  std::string_view tse_serial, start, end, signature, error_code, error_text;
  std::uint64_t plan_sequence = 0;
  std::uint64_t transaction = 0;
  std::uint64_t signature_counter = 0;
  bool asked = false;
  friend bool operator==(const SealView&, const SealView&) = default;
};

/// Reads stored plans and seals. Accepts what plan_from_json() and seal_from_json() accept: what it
/// does not understand itself it gives to them. One thread; a plan and its seal are valid until the
/// next plan is read and as long as the bytes are.
class ViewReader {
 public:
  /// E-MOD-101 (corrupt).
  [[nodiscard]] Result<const PlanView*> plan(std::string_view json);
  [[nodiscard]] Result<const SealView*> seal(std::string_view json);

 private:
  PlanView m_plan;
  SealView m_seal;
  std::deque<std::string> m_unescaped;
  Plan m_whole_plan;
  Seal m_whole_seal;
  std::deque<std::string> m_texts;
};

/// The same from values that outlive the view; `texts` keeps what is not there as text.
[[nodiscard]] PlanView view_of(const Plan& plan, std::deque<std::string>& texts);
[[nodiscard]] SealView view_of(const Seal& seal, std::deque<std::string>& texts);
/// Reads only without help of the frozen readers: for tests. False: not understood.
[[nodiscard]] bool read_light(std::string_view json, PlanView& out,
                              std::deque<std::string>& unescaped);
[[nodiscard]] bool read_light(std::string_view json, SealView& out,
                              std::deque<std::string>& unescaped);

}  // namespace siegel::country::de
