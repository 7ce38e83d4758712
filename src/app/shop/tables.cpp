#include "app/shop/tables.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "app/shop/open_shop.h"
#include "base/bytes.h"
#include "crypto/hash.h"
#include "format/json_fields.h"
#include "model/codec.h"

namespace siegel::app {
namespace {

constexpr std::array<std::string_view, 8> words = {"order", "settle",  "split", "move",
                                                   "merge", "forward", "park",  "unpark"};
static_assert(static_cast<std::size_t>(recorder::TableAct::What::unpark) + 1 == words.size());

constexpr std::size_t items_max = 1000;
constexpr std::size_t name_max = 60;
constexpr int persons_max = 1000;

Status read_items(json::Fields& in, recorder::Selection& selection) {
  SIEGEL_TRY(const json::Items items, in.optional_array("items", items_max));
  for (std::size_t i = 0; i < items.size(); ++i) {
    SIEGEL_TRY(json::Fields one, items.object(i));
    recorder::Selection::Item& item = selection.items.emplace_back();
    SIEGEL_TRY(const std::int64_t id, one.required_int("id", 1, INT64_MAX));
    item.id = static_cast<std::uint64_t>(id);
    SIEGEL_TRY(const auto quantity, one.optional_decimal("quantity"));
    if (quantity) {
      SIEGEL_TRY(item.quantity, Quantity::parse(*quantity));
    }
    SIEGEL_TRY_OK(one.finish());
  }
  return Ok{};
}

}  // namespace

std::string_view word_of(recorder::TableAct::What what) {
  return words.at(static_cast<std::size_t>(what));
}

Result<recorder::TableAct> table_act_from_request(const json::Value& value) {
  SIEGEL_TRY(auto in, json::Fields::of(value));
  recorder::TableAct act;
  SIEGEL_TRY(const std::string id, in.required_string("register", 30));
  SIEGEL_TRY(act.register_id, RegisterId::parse(id));
  SIEGEL_TRY(const auto key, in.optional_string("key", 200));
  act.key = key.value_or("");
  SIEGEL_TRY(const std::string what, in.required_string("what", 20));
  const auto found = std::find(words.begin(), words.end(), what);
  if (found == words.end())
    return invalid("E-TBL-114", fmt::format("\"{}\" is nothing that happens to a table", what),
                   in.place_of("what"));
  act.what = static_cast<recorder::TableAct::What>(found - words.begin());
  const auto text = [&](std::string_view name, std::string& to) -> Status {
    SIEGEL_TRY(const auto read, in.optional_string(name, name_max));
    to = read.value_or("");
    return Ok{};
  };
  SIEGEL_TRY_OK(text("party", act.party));
  SIEGEL_TRY_OK(text("to", act.to));
  SIEGEL_TRY_OK(text("seat", act.seat));
  act.selection.seat = act.what == recorder::TableAct::What::order ? std::string() : act.seat;
  if (in.has("new_party")) {
    SIEGEL_TRY(act.new_party, in.required_bool("new_party"));
  }
  SIEGEL_TRY(const auto share, in.optional_int("share", 1, persons_max));
  act.selection.share = static_cast<int>(share.value_or(0));
  SIEGEL_TRY_OK(read_items(in, act.selection));
  if (const json::Value* draft = in.any("draft")) {
    SIEGEL_TRY(act.draft, draft_from_json(*draft));
  }
  SIEGEL_TRY_OK(in.finish());
  act.fingerprint = fingerprint_of(act);
  return act;
}

Hash256 fingerprint_of(const recorder::TableAct& act) {
  json::Object all;
  all.set("register", act.register_id.text());
  all.set("what", word_of(act.what)).set("party", act.party).set("to", act.to);
  all.set("seat", act.seat + "\n" + act.selection.seat).set("share", act.selection.share);
  all.set("new_party", act.new_party);
  json::Array items;
  for (const auto& item : act.selection.items)
    items.push_back(fmt::format("{} {}", item.id, item.quantity ? item.quantity->text() : "all"));
  all.set("items", std::move(items)).set("draft", to_json_value(act.draft));
  return crypto::sha256(bytes_of(json::canonical(all)));
}

json::Object party_json(const Party& party) {
  json::Object out;
  out.set("party", party.circle()).set("table", party.table);
  out.set("register", party.register_id.text());
  out.set("first_order", party.first_order.text()).set("open", party.open().text());
  out.set("ordered", party.ordered.text()).set("settled", party.settled.text());
  if (party.parked) out.set("parked", true);
  if (!party.forwarded_from.empty()) out.set("forwarded_from", party.forwarded_from);
  json::Array items;
  for (const OpenItem& item : party.items) {
    json::Object row;
    row.set("id", static_cast<std::int64_t>(item.id)).set("text", item.line.text);
    row.set("open", item.open.text()).set("total", item.total.text());
    if (!item.seat.empty()) row.set("seat", item.seat);
    items.push_back(std::move(row));
  }
  out.set("items", std::move(items));
  return out;
}

Result<TableDone> OpenShop::table(const recorder::TableAct& act, const std::string& actor) {
  SIEGEL_TRY_OK(need_writing());
  for (int i = 0;; ++i) {
    recorder::TableAct asked = act;
    SIEGEL_TRY(asked.lookup, look_up(act.register_id, act.key, nullptr));
    auto accepted = call(actor, std::move(asked));
    if (!accepted) {
      if (accepted.error().code == "E-API-603" && i < lookups_max) continue;
      return accepted.error();
    }
    TableDone done;
    done.replayed = accepted->replayed;
    if (accepted->plan) {
      SIEGEL_TRY(SaleAnswer answer, answer_of(std::move(*accepted)));
      done.receipt = std::move(answer.receipt);
    } else if (accepted->replayed) {
      auto receipt = receipt_at(accepted->sequence);
      if (receipt) done.receipt = std::move(*receipt);
    }
    return done;
  }
}

}  // namespace siegel::app
