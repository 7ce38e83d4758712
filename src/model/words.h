#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <string_view>

#include "base/check.h"
#include "model/draft.h"
#include "model/plan.h"

// Enumerators and their stored words: the position in a list is the value of the enumerator, so
// that no list can be shorter than its enumeration.

namespace siegel::words {

inline constexpr std::array<std::string_view, 19> receipt_kind = {
    "receipt", "reversal", "training", "abort",      "order",      "transfer",    "invoice",
    "benefit", "other",    "memo",     "stock_take", "commission", "gift_basket", "start",
    "zero",    "month",    "year",     "collective", "final"};
static_assert(static_cast<std::size_t>(ReceiptKind::final) + 1 == receipt_kind.size());

inline constexpr std::array<std::string_view, 25> gv_typ = {"Umsatz",
                                                            "Pfand",
                                                            "PfandRueckzahlung",
                                                            "Rabatt",
                                                            "Aufschlag",
                                                            "ZuschussEcht",
                                                            "ZuschussUnecht",
                                                            "TrinkgeldAG",
                                                            "TrinkgeldAN",
                                                            "EinzweckgutscheinKauf",
                                                            "EinzweckgutscheinEinloesung",
                                                            "MehrzweckgutscheinKauf",
                                                            "MehrzweckgutscheinEinloesung",
                                                            "Forderungsentstehung",
                                                            "Forderungsaufloesung",
                                                            "Anzahlungseinstellung",
                                                            "Anzahlungsaufloesung",
                                                            "Anfangsbestand",
                                                            "Privatentnahme",
                                                            "Privateinlage",
                                                            "Geldtransit",
                                                            "Lohnzahlung",
                                                            "Einzahlung",
                                                            "Auszahlung",
                                                            "DifferenzSollIst"};
static_assert(static_cast<std::size_t>(GvTyp::differenz_soll_ist) + 1 == gv_typ.size());

inline constexpr std::array<std::string_view, 7> payment_kind = {
    "Bar", "Unbar", "ECKarte", "Kreditkarte", "ElZahlungsdienstleister", "Guthabenkarte", "Keine"};
static_assert(static_cast<std::size_t>(PaymentKind::keine) + 1 == payment_kind.size());

/// What a till may write instead, in the same order.
inline constexpr std::array<std::string_view, 7> payment_kind_english = {
    "cash", "non_cash", "card", "credit", "online", "prepaid", "none"};

inline constexpr std::array<std::string_view, 3> process_type = {"Kassenbeleg-V1", "Bestellung-V1",
                                                                 "SonstigerVorgang"};
static_assert(static_cast<std::size_t>(ProcessType::sonstiger_vorgang) + 1 == process_type.size());

inline constexpr std::array<std::string_view, 4> outcome = {"signed", "unsigned_outage",
                                                            "not_required", "signed_rksv"};
static_assert(static_cast<std::size_t>(Seal::Outcome::signed_rksv) + 1 == outcome.size());

inline constexpr std::array<std::string_view, 9> rksv_kind = {
    "start", "standard", "reversal", "training", "zero", "month", "year", "collective", "final"};
static_assert(static_cast<std::size_t>(RksvKind::final) + 1 == rksv_kind.size());

inline constexpr std::array<std::string_view, 3> label_set = {"standard", "biobill", "dikasse"};
static_assert(static_cast<std::size_t>(LabelSet::dikasse) + 1 == label_set.size());

inline constexpr std::array<std::string_view, 3> tse_form = {"qr", "text", "qr_and_text"};
static_assert(static_cast<std::size_t>(TseForm::qr_and_text) + 1 == tse_form.size());

inline constexpr std::array<std::string_view, 2> vat_marks = {"letters", "numbers"};
static_assert(static_cast<std::size_t>(VatMarks::numbers) + 1 == vat_marks.size());

inline constexpr std::array<std::string_view, 2> language = {"de", "en"};
static_assert(static_cast<std::size_t>(Language::en) + 1 == language.size());

inline constexpr std::array<std::string_view, 2> receipt_duty = {"always", "exempt"};
static_assert(static_cast<std::size_t>(ReceiptDuty::exempt) + 1 == receipt_duty.size());

inline constexpr std::array<std::string_view, 2> table_flow = {"orders", "open_transaction"};
static_assert(static_cast<std::size_t>(TableFlow::open_transaction) + 1 == table_flow.size());

inline constexpr std::array<std::string_view, 3> no_tse = {"no", "empties", "before_tse"};
static_assert(static_cast<std::size_t>(NoTse::before_tse) + 1 == no_tse.size());

inline constexpr std::array<std::string_view, 4> reference_kind = {
    "receipt", "external_invoice", "external_delivery", "external_other"};
static_assert(static_cast<std::size_t>(ReferenceKind::external_other) + 1 == reference_kind.size());

template <class Enum>
[[nodiscard]] std::string_view of(Enum value, std::span<const std::string_view> list) {
  const auto index = static_cast<std::size_t>(value);
  SIEGEL_CHECK(index < list.size());
  return list[index];
}

template <class Enum>
[[nodiscard]] std::optional<Enum> find(std::string_view text,
                                       std::span<const std::string_view> list) {
  const auto at = std::ranges::find(list, text);
  if (at == list.end()) return {};
  return static_cast<Enum>(at - list.begin());
}

}  // namespace siegel::words
