#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/shop/shop.h"
#include "format/json.h"
#include "model/party.h"
#include "recorder/messages.h"

// Tables, parked and forwarded receipts as tills ask for them (docs/how-to/tables.md).

namespace siegel::app {

/// {"register", "key", "what": "order" | "settle" | "split" | "move" | "merge" | "forward" | "park"
/// | "unpark", "party", "new_party", "seat", "to", "items": [{"id", "quantity"}], "share",
/// "draft"}: `draft` as of a sale. Errors E-JSN-02x, E-MOD-00x, E-TBL-114 (`what`).
[[nodiscard]] Result<recorder::TableAct> table_act_from_request(const json::Value& value);
[[nodiscard]] std::string_view word_of(recorder::TableAct::What what);

/// So that a key that comes back with something else is noticed.
[[nodiscard]] Hash256 fingerprint_of(const recorder::TableAct& act);

/// A party as a document of the API.
[[nodiscard]] json::Object party_json(const Party& party);

}  // namespace siegel::app
