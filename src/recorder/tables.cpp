#include "recorder/tables.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/mutant.h"

namespace siegel::recorder {
namespace {

/// `whole` x part / of, rounded half away from zero; exact if part is all of it.
std::int64_t share_of(std::int64_t whole, std::int64_t part, std::int64_t of) {
  __extension__ using Wide = __int128;
  const bool negative = (whole < 0) != (part < 0) && whole != 0 && part != 0;
  const auto size = [](std::int64_t value) { return value < 0 ? -Wide{value} : Wide{value}; };
  const Wide rounded = (size(whole) * size(part) * 2 + size(of)) / (size(of) * 2);
  const auto value = static_cast<std::int64_t>(rounded);
  return negative ? -value : value;
}

/// Takes `quantity` off `item`; all of it if that is what is open.
OpenItem take_from(OpenItem& item, Quantity quantity) {
  OpenItem part = item;
  const bool all = quantity == item.open;
  const Money total =
      all ? item.total
          : Money::from_cents(share_of(item.total.cents(), quantity.raw(), item.open.raw()));
  if (!all || !item.is_whole()) {
    part.line = part_of(item, quantity, total);
    part.open = quantity;
    part.total = total;
  }
  if (SIEGEL_MUTANT("settle-twice")) return part;
  item.open = Quantity::from_raw(item.open.raw() - quantity.raw());
  item.total += -total;
  return part;
}

void put(Taken& taken, OpenItem part) {
  taken.total += part.total;
  taken.lines.push_back(part.line);
  taken.items.push_back(std::move(part));
}

Status take_items(Party& party, const Selection& selection, Taken& taken) {
  for (std::size_t i = 0; i < selection.items.size(); ++i) {
    const Selection::Item& wanted = selection.items[i];
    const std::string place = fmt::format("/items/{}", i);
    const auto item = std::ranges::find(party.items, wanted.id, &OpenItem::id);
    if (item == party.items.end())
      return not_found("E-TBL-103", fmt::format("no item {} is open", wanted.id), place);
    const Quantity quantity = wanted.quantity.value_or(item->open);
    const bool same_sign = (quantity > Quantity()) == (item->open > Quantity());
    const auto size = [](Quantity value) { return value < Quantity() ? -value : value; };
    if (quantity == Quantity() || !same_sign || size(quantity) > size(item->open))
      return conflict("E-TBL-104",
                      fmt::format("of item {} ({}) {} is open, not {}", wanted.id, item->line.text,
                                  item->open.text(), quantity.text()),
                      place);
    put(taken, take_from(*item, quantity));
    if (item->open == Quantity()) party.items.erase(item);
  }
  return Ok{};
}

}  // namespace

LineDraft part_of(const OpenItem& item, Quantity quantity, Money total) {
  LineDraft line = item.line;
  line.quantity = quantity;
  line.unit_price.reset();
  line.amount = total;
  line.discounts.clear();
  line.sub_items.clear();
  line.factor = Quantity::from_raw(1000);
  // Of a set menu each rate keeps its part; the last takes what rounding leaves.
  Money whole;
  for (const VatShareDraft& share : line.shares) whole += share.amount;
  Money left = total;
  for (std::size_t i = 0; i < line.shares.size(); ++i) {
    const bool last = i + 1 == line.shares.size();
    line.shares[i].amount = last || whole == Money()
                                ? left
                                : Money::from_cents(share_of(line.shares[i].amount.cents(),
                                                             total.cents(), whole.cents()));
    left += -line.shares[i].amount;
  }
  return line;
}

Result<const Party*> find_party(const State& state, std::string_view name, const RegisterId& at) {
  if (const auto found = state.parties.find(name); found != state.parties.end())
    return &found->second;
  const Party* there = nullptr;
  std::string several;
  for (const auto& [circle, party] : state.parties) {
    if (party.table != name || party.register_id != at) continue;
    several += fmt::format("{}{}", several.empty() ? "" : ", ", circle);
    if (there != nullptr && there != &party) {
      return conflict("E-TBL-102",
                      fmt::format("several parties sit at table {}: {}; name one", name, several),
                      "/party");
    }
    there = &party;
  }
  if (there == nullptr || name.empty())
    return not_found("E-TBL-101", fmt::format("nothing is open at \"{}\"", name), "/party");
  return there;
}

Result<Taken> take(Party& party, const Selection& selection) {
  Taken taken;
  if (!selection.items.empty()) {
    SIEGEL_TRY_OK(take_items(party, selection, taken));
  } else if (selection.share != 0) {
    if (selection.share < 1)
      return invalid("E-TBL-106", "a bill is shared by one person or more", "/share");
    // One person's share of what is open; the last person takes the rest.
    for (OpenItem& item : party.items) {
      const std::int64_t part = item.open.raw() / selection.share;
      if (part != 0) put(taken, take_from(item, Quantity::from_raw(part)));
    }
    std::erase_if(party.items, [](const OpenItem& item) { return item.open == Quantity(); });
  } else {
    for (OpenItem& item : party.items)
      if (selection.seat.empty() || item.seat == selection.seat)
        put(taken, take_from(item, item.open));
    std::erase_if(party.items, [](const OpenItem& item) { return item.open == Quantity(); });
  }
  if (taken.lines.empty())
    return conflict("E-TBL-105", fmt::format("nothing of {} is selected", party.circle()),
                    "/party");
  return taken;
}

}  // namespace siegel::recorder
