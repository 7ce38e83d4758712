#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "format/json.h"
#include "model/draft.h"
#include "model/master.h"
#include "model/plan.h"

namespace siegel {

// Canonical JSON of the stored kinds, version 1 of each (docs/formats/plan.md, seal.md,
// master-data.md); the version itself stands in the entry that carries them. Writers are on the
// path of a sale: one pass, no intermediate tree. Readers are strict and frozen: they accept
// exactly the bytes the writer makes; anything else (unknown or missing member, another order, a
// blank) is E-MOD-101, kind corrupt.

/// A stamp as entries hold it: LocalStamp::text(), with milliseconds if there are any.
/// LocalStamp::parse reads it back exactly.
[[nodiscard]] std::string exact_text(const LocalStamp& stamp);

[[nodiscard]] std::string to_json(const Plan& plan);
[[nodiscard]] std::string to_json(const Seal& seal);
[[nodiscard]] std::string to_json(const Business& business);
[[nodiscard]] std::string to_json(const RegisterInfo& info);
[[nodiscard]] std::string to_json(const TseInfo& info);
[[nodiscard]] std::string to_json(const SignerInfo& info);
[[nodiscard]] std::string to_json(const Profile& profile);

[[nodiscard]] Result<Plan> plan_from_json(std::string_view json);
[[nodiscard]] Result<Seal> seal_from_json(std::string_view json);
[[nodiscard]] Result<Business> business_from_json(std::string_view json);
[[nodiscard]] Result<RegisterInfo> register_from_json(std::string_view json);
[[nodiscard]] Result<TseInfo> tse_from_json(std::string_view json);
[[nodiscard]] Result<SignerInfo> signer_from_json(std::string_view json);
[[nodiscard]] Result<Profile> profile_from_json(std::string_view json);

// Master data as people and tills write them (docs/formats/master-data.md): any valid JSON, lengths
// and contents checked. Errors, kind invalid, place = JSON pointer below `place`: E-JSN-02x for the
// form; E-MOD-110 neither tax number nor VAT id, E-MOD-111 not four headings, E-TIM-003, E-REG-101.
[[nodiscard]] Result<Business> business_from_request(const json::Value& value,
                                                     std::string_view place = {});
[[nodiscard]] Result<RegisterInfo> register_from_request(const json::Value& value,
                                                         std::string_view place = {});
[[nodiscard]] Result<Profile> profile_from_request(const json::Value& value,
                                                   std::string_view place = {});

/// Limits of a request, for other fronts too; the country checks them again.
namespace draft_limits {
inline constexpr std::size_t lines = 10'000;
inline constexpr std::size_t payments = 100;
inline constexpr std::size_t discounts = 50;  ///< per line
inline constexpr std::size_t shares = 24;     ///< per line
inline constexpr std::size_t text = 255;      ///< lines, discounts, notes, reasons
inline constexpr std::size_t name = 60;       ///< unit, article, cashier, customer, names
inline constexpr std::size_t memo = 4'000;
inline constexpr std::size_t id = 50;  ///< ids, vouchers, terminals, Abrechnungskreise
inline constexpr std::size_t gtin = 50;
inline constexpr std::size_t group = 50;  ///< product group
inline constexpr std::size_t group_id = 40;
inline constexpr std::size_t gv_name = 40;
inline constexpr std::size_t sub_items = 50;  ///< per line
inline constexpr std::size_t groups = 20;     ///< Abrechnungskreise per receipt
inline constexpr std::size_t references = 100;
inline constexpr int agency = 999'999;
}  // namespace draft_limits

/// Limits of master data.
namespace master_limits {
inline constexpr std::size_t name = 60;
inline constexpr std::size_t id = 50;
inline constexpr int agency = 999'999;
inline constexpr std::size_t outlets = 10'000;
inline constexpr std::size_t agencies = 1'000;
inline constexpr std::size_t rates = 10'000;
inline constexpr std::size_t templates = 1'000;
inline constexpr std::size_t cashiers = 10'000;
inline constexpr std::size_t vat_keys = 100;
inline constexpr std::size_t terminals = 1'000;  ///< per register
}  // namespace master_limits

/// A till's request body (docs/reference/sale.md): the draft alone, without register and key.
/// Strict: unknown members, wrong types, over-long texts and lists are errors (E-JSN-02x, E-MOD-001
/// to -004) whose place is the JSON pointer; money may be a string or a number, taken digit by
/// digit.
[[nodiscard]] Result<ReceiptDraft> draft_from_json(const json::Value& body);
[[nodiscard]] json::Value to_json_value(const ReceiptDraft& draft);

}  // namespace siegel
