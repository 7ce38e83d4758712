#include "model/party.h"

#include <fmt/format.h>

#include "format/json.h"
#include "model/codec.h"
#include "model/stored.h"

namespace siegel {
namespace {

using namespace stored;  // NOLINT(google-build-using-namespace): the codec's own words

/// The lines are written as a till sends them.
json::Value lines_of(const Party& party) {
  ReceiptDraft draft;
  for (const OpenItem& item : party.items) draft.lines.push_back(item.line);
  const json::Value whole = to_json_value(draft);
  const json::Value* lines = whole.object() == nullptr ? nullptr : whole.object()->find("lines");
  return lines == nullptr ? json::Value(json::Array()) : *lines;
}

Result<std::vector<LineDraft>> lines_from(const json::Value& lines) {
  json::Object body;
  body.set("lines", lines);
  auto draft = draft_from_json(body);
  if (!draft) return as_corrupt(draft.error());
  return std::move(draft->lines);
}

void write(json::Writer& out, const OpenItem& item) {
  out.begin_object().field("id", number(item.id)).field("open", item.open.raw());
  optional_text(out, "seat", item.seat);
  out.field("total", item.total.cents()).end_object();
}

Status read_item(const json::Value& value, std::string_view place, OpenItem& item) {
  Stored in(value, place);
  in.number("id", item.id);
  std::int64_t open = 0;
  in.number("open", open);
  item.open = Quantity::from_raw(open);
  in.text("seat", item.seat);
  in.money("total", item.total);
  return in.finish();
}

}  // namespace

Money Party::open() const {
  Money sum;
  for (const OpenItem& item : items) sum += item.total;
  return sum;
}

std::string to_json(const Party& party) {
  std::string bytes;
  json::Writer out(bytes);
  out.begin_object();
  optional_list(out, "circles", party.circles, write_text);
  out.field("first_order", exact_text(party.first_order));
  optional_text(out, "forwarded_from", party.forwarded_from);
  optional_list(out, "items", party.items,
                [](json::Writer& to, const OpenItem& item) { write(to, item); });
  optional_text(out, "joined", party.joined);
  if (!party.items.empty()) out.key("lines").raw(json::canonical(lines_of(party)));
  out.field("next_item", number(party.next_item));
  optional_number(out, "ordered", party.ordered.cents());
  if (party.parked) out.field("parked", true);
  out.field("register", party.register_id.text());
  optional_number(out, "settled", party.settled.cents());
  optional_text(out, "table", party.table);
  optional_text(out, "vorgang", party.vorgang);
  out.end_object();
  return bytes;
}

Result<Party> party_from_json(std::string_view json) {
  const auto value = json::parse(json, stored_limits);
  if (!value) return as_corrupt(value.error());
  Stored in(*value);
  Party party;
  in.texts("circles", party.circles);
  in.parsed("first_order", party.first_order);
  in.text("forwarded_from", party.forwarded_from);
  in.list("items", into(party.items, read_item));
  in.text("joined", party.joined);
  in.number("next_item", party.next_item);
  in.money("ordered", party.ordered);
  in.boolean("parked", party.parked);
  in.parsed("register", party.register_id);
  in.money("settled", party.settled);
  in.text("table", party.table);
  in.text("vorgang", party.vorgang);
  if (const json::Value* lines = value->object() ? value->object()->find("lines") : nullptr) {
    if (in.has("lines"))
      in.list("lines", [](const json::Value&, std::string_view) -> Status { return Ok{}; });
    auto read = lines_from(*lines);
    if (!read) return read.error();
    if (read->size() != party.items.size())
      return corrupt("E-MOD-101", "items and lines of a party differ");
    for (std::size_t i = 0; i < read->size(); ++i) party.items[i].line = std::move((*read)[i]);
  }
  if (const Status end = in.finish(); !end) return as_corrupt(end.error());
  if (party.circles.empty()) return corrupt("E-MOD-101", "a party without Abrechnungskreis");
  if (to_json(party) != json) return corrupt("E-MOD-101", "a party is not in canonical form");
  return party;
}

}  // namespace siegel
