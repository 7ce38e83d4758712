#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "format/json.h"
#include "model/draft.h"
#include "model/master.h"
#include "model/plan.h"

namespace siegel {

// Canonical JSON of the stored kinds, version 1 of each (docs/formats/). Writers are on the path of a
// sale: one pass, no intermediate tree. Readers are strict and frozen: an unknown member or version is
// an error (E-MOD-101, kind corrupt), never ignored.

[[nodiscard]] std::string to_json(const Plan& plan);
[[nodiscard]] std::string to_json(const Seal& seal);
[[nodiscard]] std::string to_json(const Business& business);
[[nodiscard]] std::string to_json(const RegisterInfo& info);
[[nodiscard]] std::string to_json(const TseInfo& info);
[[nodiscard]] std::string to_json(const Profile& profile);

[[nodiscard]] Result<Plan> plan_from_json(std::string_view json);
[[nodiscard]] Result<Seal> seal_from_json(std::string_view json);
[[nodiscard]] Result<Business> business_from_json(std::string_view json);
[[nodiscard]] Result<RegisterInfo> register_from_json(std::string_view json);
[[nodiscard]] Result<TseInfo> tse_from_json(std::string_view json);
[[nodiscard]] Result<Profile> profile_from_json(std::string_view json);

/// A till's request body (docs/reference/sale.md): the draft alone, without register and key. Strict:
/// unknown members, wrong types, over-long texts (text 255, reason 255, memo 4,000 characters) and
/// more than 10,000 lines are errors that name the JSON pointer; money may be a string or a number,
/// taken digit by digit.
[[nodiscard]] Result<ReceiptDraft> draft_from_json(const json::Value& body);
[[nodiscard]] json::Value to_json_value(const ReceiptDraft& draft);

}  // namespace siegel
