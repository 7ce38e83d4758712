#include "country/common/lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <string>

#include "country/common/booking.h"
#include "model/codec.h"
#include "model/vat.h"

namespace siegel::country {
namespace {

__extension__ using Int128 = __int128;

/// The law and the master data of the day.
struct Setting {
  const LineLaw& law;
  const Facts& facts;
  Date day;     ///< of the business: the rates of this day apply
  Date booked;  ///< when it is recorded: the keys of this day are written
};

Setting setting_of(const Facts& facts, const LineLaw& law) {
  return {.law = law, .facts = facts, .day = facts.now.date(), .booked = facts.now.date()};
}

std::string at(std::string_view place, std::string_view field) {
  return fmt::format("{}/{}", place, field);
}

Error placed(Error error, std::string place) {
  error.place = std::move(place);
  return error;
}

Status placed(Status status, const std::string& place) {
  if (status.ok()) return status;
  return placed(std::move(status).error(), place);
}

bool too_large(Money amount) {
  return amount.cents() > Money::limit || amount.cents() < -Money::limit;
}

Status check_size(Money amount, std::string place) {
  if (!too_large(amount)) return Ok{};
  return invalid("E-SAL-524",
                 fmt::format("{} is larger than {}", amount.text(), Money::limit / 100),
                 std::move(place));
}

Status check_line_texts(const LineDraft& draft, std::string_view place) {
  namespace limits = draft_limits;
  struct Field {
    const std::string& text;
    std::size_t length_max;
    std::string_view name;
  };
  SIEGEL_TRY_OK(
      check_text(draft.text, {.length_max = limits::text, .required = true}, at(place, "text")));
  const Field fields[] = {
      {draft.unit, limits::name, "unit"},          {draft.article, limits::name, "article"},
      {draft.gtin, limits::gtin, "gtin"},          {draft.group_id, limits::group_id, "group_id"},
      {draft.group, limits::group, "group"},       {draft.voucher, limits::id, "voucher"},
      {draft.gv_name, limits::gv_name, "gv_name"}, {draft.terminal, limits::id, "terminal"},
  };
  for (const Field& field : fields) {
    SIEGEL_TRY_OK(check_text(field.text, {.length_max = field.length_max}, at(place, field.name)));
  }
  if (draft.discounts.size() > limits::discounts || draft.shares.size() > limits::shares ||
      draft.sub_items.size() > limits::sub_items) {
    return invalid("E-SAL-520",
                   fmt::format("a line has at most {} discounts, {} VAT shares and {} parts",
                               limits::discounts, limits::shares, limits::sub_items),
                   std::string(place));
  }
  for (std::size_t i = 0; i < draft.discounts.size(); ++i) {
    const std::string discount = fmt::format("{}/discounts/{}", place, i);
    SIEGEL_TRY_OK(check_text(draft.discounts[i].text,
                             {.length_max = limits::text, .required = true}, at(discount, "text")));
    SIEGEL_TRY_OK(check_size(draft.discounts[i].amount, at(discount, "amount")));
  }
  return Ok{};
}

Status check_factor(Quantity factor, std::string_view place) {
  if (factor > Quantity()) return Ok{};
  return invalid("E-SAL-538",
                 fmt::format("a price is that of more than 0 units, not of {}", factor.text()),
                 at(place, "factor"));
}

/// amount x factor / quantity, surplus digits cut.
Result<UnitPrice> price_of(Money amount, Quantity quantity, Quantity factor) {
  constexpr Quantity one = Quantity::from_raw(1000);
  if (factor == one) return price_per_unit(amount, quantity);
  constexpr int raw_per_cent = 1000;
  const Int128 raw =
      static_cast<Int128>(amount.cents()) * raw_per_cent * factor.raw() / quantity.raw();
  if (raw > UnitPrice::limit || raw < -UnitPrice::limit) {
    return invalid("E-MOD-003", "the price of one unit is out of range");
  }
  return UnitPrice::from_raw(static_cast<std::int64_t>(raw));
}

/// Price and amount of the line before discounts: what is missing follows from the other.
Status decide_amount(const LineDraft& draft, std::string_view place, PlanLine& line) {
  if (!draft.amount && !draft.unit_price) {
    return invalid("E-SAL-502", "the line has neither unit_price nor amount", std::string(place));
  }
  SIEGEL_TRY_OK(check_factor(line.factor, place));
  if (!draft.unit_price) {
    line.amount = *draft.amount;
    SIEGEL_TRY_OK(check_size(line.amount, at(place, "amount")));
    if (line.quantity.raw() == 0) {
      if (line.amount == Money()) return Ok{};
      return invalid("E-SAL-525",
                     fmt::format("the quantity is 0, but the amount is {}", line.amount.text()),
                     at(place, "quantity"));
    }
    auto price = price_of(line.amount, line.quantity, line.factor);
    if (!price.ok()) return placed(std::move(price).error(), at(place, "quantity"));
    line.unit_price = *price;
    return Ok{};
  }
  line.unit_price = *draft.unit_price;
  auto amount = price_times(line.quantity, line.unit_price, line.factor);
  if (!amount.ok()) return placed(std::move(amount).error(), at(place, "unit_price"));
  line.amount = *amount;
  if (draft.amount && *draft.amount != line.amount) {
    const bool whole = line.factor == Quantity::from_raw(1000);
    return invalid(
        "E-SAL-501",
        fmt::format("{} x {}{} is {}, not {}", line.quantity.text(), line.unit_price.text(2),
                    whole ? "" : fmt::format(" per {}", line.factor.text()), line.amount.text(),
                    draft.amount->text()),
        at(place, "amount"));
  }
  return Ok{};
}

/// What a till names by letter, rate or the mark of an own key.
struct NamedVat {
  VatKey key;
  VatRate rate;
  int slot = 5;
  bool former = false;  ///< a rate of former times, and not named by its letter
};

Result<NamedVat> vat_named(std::string_view vat, const Setting& setting, std::string place) {
  for (const OwnVatKey& own : setting.facts.business.vat_keys) {
    if (own.mark == vat) return NamedVat{.key = own.key, .rate = own.rate, .slot = own.slot};
  }
  auto entry = vat_by_text(setting.law.country, vat, setting.day);
  if (!entry.ok()) return placed(std::move(entry).error(), std::move(place));
  const VatEntry& row = **entry;
  const bool by_letter = vat.size() == 1 && vat.front() == row.letter;
  const auto key = vat_key_of_sale(setting.law.country, row.key, row.rate, setting.booked);
  if (!key) {
    return placed(
        vat_not_in_force(setting.law.country, fmt::format("{} %", row.rate.text()), setting.booked),
        std::move(place));
  }
  return NamedVat{
      .key = *key, .rate = row.rate, .slot = row.slot, .former = row.historic && !by_letter};
}

/// The share of a line at one rate. A former rate is for what goes back; its letter says that a
/// late booking is meant [DSFinV-K Anlage 2].
Result<VatShare> decide_share(std::string_view vat, Money gross, const Setting& setting,
                              std::string place) {
  SIEGEL_TRY(const NamedVat named, vat_named(vat, setting, place));
  if (named.former && gross > Money()) {
    return placed(
        vat_not_in_force(setting.law.country, fmt::format("{} %", named.rate.text()), setting.day),
        std::move(place));
  }
  return VatShare{.key = named.key, .rate = named.rate, .slot = named.slot, .gross = gross};
}

/// The key is in force on the day.
char letter_of(VatKey key, const Setting& setting) {
  constexpr int first_own = 1000;
  if (key.get() < first_own) {
    return vat_in_force(setting.law.country, key, setting.booked).value()->letter;
  }
  // No letter of either table.
  constexpr std::string_view letters = "RSTUVWXYZrstuvwxyz";
  const auto& keys = setting.facts.business.vat_keys;
  const auto own = std::ranges::find(keys, key, &OwnVatKey::key);
  const auto index = static_cast<std::size_t>(own - keys.begin());
  return own != keys.end() && index < letters.size() ? letters[index] : '*';
}

Status check_keys(std::string_view place, const Setting& setting, const LineDraft& draft,
                  const PlanLine& line) {
  const CaseRule rule = case_rule(line.gv_typ);
  const bool listed = !draft.shares.empty();
  for (std::size_t i = 0; i < line.shares.size(); ++i) {
    const VatKey key = line.shares[i].key;
    if (rule.not_taxable_only && key != setting.law.not_taxable) {
      return invalid(
          "E-VAT-512",
          fmt::format("{} is not taxable: VAT is {} or left out", gv_typ_text(line.gv_typ),
                      letter_of(setting.law.not_taxable, setting)),
          at(place, listed ? "shares" : "vat"));
    }
    if (setting.law.country != CountryCode::de) continue;
    SIEGEL_TRY_OK(placed(check_german_key(line.gv_typ, key),
                         listed ? fmt::format("{}/shares/{}/vat", place, i) : at(place, "vat")));
  }
  return Ok{};
}

Status decide_shares(const LineDraft& draft, std::string_view vat, std::string_view place,
                     const Setting& setting, PlanLine& line) {
  const char untaxed = letter_of(setting.law.not_taxable, setting);
  if (draft.shares.empty()) {
    if (vat.empty() && case_rule(line.gv_typ).vat_optional) vat = {&untaxed, 1};
    if (vat.empty()) {
      return invalid("E-SAL-521", "the line names no VAT: give `vat` or `shares`",
                     at(place, "vat"));
    }
    SIEGEL_TRY(line.shares.emplace_back(),
               decide_share(vat, line.total, setting, at(place, "vat")));
  } else if (!vat.empty()) {
    return invalid("E-SAL-521", "the line has both `vat` and `shares`", at(place, "vat"));
  }
  Money sum;
  for (std::size_t i = 0; i < draft.shares.size(); ++i) {
    const VatShareDraft& share = draft.shares[i];
    const std::string here = fmt::format("{}/shares/{}", place, i);
    SIEGEL_TRY_OK(check_size(share.amount, at(here, "amount")));
    SIEGEL_TRY(line.shares.emplace_back(),
               decide_share(share.vat, share.amount, setting, at(here, "vat")));
    sum += share.amount;
  }
  if (!draft.shares.empty() && sum != line.total) {
    return invalid("E-SAL-503",
                   fmt::format("the shares make {}, the line {}", sum.text(), line.total.text()),
                   at(place, "shares"));
  }
  return check_keys(place, setting, draft, line);
}

/// Parts explain what a line holds and change no amount [DSFinV-K 3.8].
Status decide_sub_items(const LineDraft& draft, std::string_view place, const Setting& setting,
                        PlanLine& line) {
  namespace limits = draft_limits;
  for (std::size_t i = 0; i < draft.sub_items.size(); ++i) {
    const SubItemDraft& part = draft.sub_items[i];
    const std::string here = fmt::format("{}/sub_items/{}", place, i);
    SIEGEL_TRY_OK(
        check_text(part.text, {.length_max = limits::name, .required = true}, at(here, "text")));
    SIEGEL_TRY_OK(check_text(part.article, {.length_max = limits::name}, at(here, "article")));
    SIEGEL_TRY_OK(check_text(part.gtin, {.length_max = limits::gtin}, at(here, "gtin")));
    SIEGEL_TRY_OK(
        check_text(part.group_id, {.length_max = limits::group_id}, at(here, "group_id")));
    SIEGEL_TRY_OK(check_text(part.group, {.length_max = limits::group}, at(here, "group")));
    SIEGEL_TRY_OK(check_text(part.unit, {.length_max = limits::name}, at(here, "unit")));
    SIEGEL_TRY_OK(check_factor(part.factor, here));
    SIEGEL_TRY_OK(check_size(part.price, at(here, "price")));
    NamedVat vat{.key = line.shares.front().key, .rate = line.shares.front().rate};
    if (!part.vat.empty()) {
      SIEGEL_TRY(vat, vat_named(part.vat, setting, at(here, "vat")));
    }
    line.sub_items.push_back({.text = part.text,
                              .article = part.article,
                              .gtin = part.gtin,
                              .group_id = part.group_id,
                              .group = part.group,
                              .quantity = part.quantity,
                              .factor = part.factor,
                              .unit = part.unit,
                              .key = vat.key,
                              .rate = vat.rate,
                              .price = part.price});
  }
  return Ok{};
}

/// The template a line names decides its business case and its VAT; nothing else may contradict it.
Result<std::string> apply_template(const LineDraft& draft, std::string_view place,
                                   const Setting& setting, PlanLine& line) {
  if (draft.booking_template.empty()) return draft.vat;
  const auto& templates = setting.facts.business.templates;
  const auto found = std::ranges::find(templates, draft.booking_template, &BookingTemplate::name);
  if (found == templates.end()) {
    return invalid("E-SAL-530",
                   fmt::format("there is no booking template \"{}\"", draft.booking_template),
                   at(place, "template"));
  }
  line.gv_typ = gv_typ_of(*found, line.total);
  if (!found->gv_name.empty()) line.gv_name = found->gv_name;
  const bool contradicts =
      (draft.gv_typ != GvTyp::umsatz && draft.gv_typ != line.gv_typ) ||
      (!found->gv_name.empty() && !draft.gv_name.empty() && draft.gv_name != found->gv_name) ||
      (!found->vat.empty() && !draft.vat.empty() && draft.vat != found->vat);
  if (contradicts) {
    return invalid(
        "E-SAL-518",
        fmt::format("the booking template \"{}\" gives business case and VAT: {}{}{}", found->name,
                    gv_typ_text(line.gv_typ), found->vat.empty() ? "" : ", VAT ", found->vat),
        at(place, "template"));
  }
  if (!draft.vat.empty() || !draft.shares.empty()) return draft.vat;
  if (!found->vat.empty()) return found->vat;
  return std::string(1, letter_of(setting.law.not_taxable, setting));
}

Status check_known(const PlanLine& line, std::string_view place, const Setting& setting) {
  const auto& agencies = setting.facts.business.agencies;
  if (line.agency != 0 && std::ranges::find(agencies, line.agency, &Agency::id) == agencies.end()) {
    return invalid("E-SAL-530", fmt::format("there is no agency {}", line.agency),
                   at(place, "agency"));
  }
  const auto& terminals = setting.facts.register_info.terminals;
  if (!line.terminal.empty() &&
      std::ranges::find(terminals, line.terminal, &TerminalInfo::id) == terminals.end()) {
    return invalid("E-SAL-530",
                   fmt::format("register {} has no terminal \"{}\"",
                               setting.facts.register_info.id.text(), line.terminal),
                   at(place, "terminal"));
  }
  if (line.cancelled && line.quantity < Quantity()) {
    return invalid("E-SAL-536",
                   "a line taken back while it was rung up keeps its quantity; a negative one is a "
                   "return",
                   at(place, "cancelled"));
  }
  return Ok{};
}

Result<PlanLine> decide_line(const LineDraft& draft, std::string_view place,
                             const Setting& setting) {
  SIEGEL_TRY_OK(check_line_texts(draft, place));
  PlanLine line;
  line.text = draft.text;
  line.quantity = draft.quantity;
  line.unit = draft.unit;
  line.gv_typ = draft.gv_typ;
  line.article = draft.article;
  line.gtin = draft.gtin;
  line.group_id = draft.group_id;
  line.group = draft.group;
  line.voucher = draft.voucher;
  line.gv_name = draft.gv_name;
  line.agency = draft.agency;
  line.in_house = draft.in_house;
  line.factor = draft.factor;
  line.terminal = draft.terminal;
  line.weighed = draft.weighed;
  line.cancelled = draft.cancelled;
  SIEGEL_TRY_OK(decide_amount(draft, place, line));
  line.total = line.amount;
  for (const DiscountDraft& discount : draft.discounts) {
    line.discounts.push_back({.text = discount.text, .amount = discount.amount});
    line.total += discount.amount;
  }
  SIEGEL_TRY_OK(check_size(line.total, std::string(place)));
  SIEGEL_TRY(const std::string vat, apply_template(draft, place, setting, line));
  SIEGEL_TRY_OK(check_known(line, place, setting));
  SIEGEL_TRY_OK(check_sign(line, place));
  SIEGEL_TRY_OK(check_voucher(line, place));
  SIEGEL_TRY_OK(decide_shares(draft, vat, place, setting, line));
  SIEGEL_TRY_OK(decide_sub_items(draft, place, setting, line));
  return line;
}

}  // namespace

Result<Money> price_times(Quantity quantity, UnitPrice price, Quantity factor) {
  constexpr Quantity one = Quantity::from_raw(1000);
  if (factor == one) return multiply(quantity, price, Rounding::half_away);
  // 10^-3 x 10^-5 / 10^-3 units, in cents.
  constexpr int raw_per_cent = 1000;
  const Int128 product = static_cast<Int128>(quantity.raw()) * price.raw();
  const Int128 divisor = static_cast<Int128>(factor.raw()) * raw_per_cent;
  const Int128 size = product < 0 ? -product : product;
  const Int128 cents = (2 * size + divisor) / (2 * divisor);
  if (cents > Money::limit) {
    return invalid("E-MOD-003",
                   fmt::format("{} x {} is out of range", quantity.text(), price.text(2)));
  }
  return Money::from_cents(static_cast<std::int64_t>(product < 0 ? -cents : cents));
}

Status check_text(std::string_view text, const TextRule& rule, std::string_view place) {
  const auto bad = [&](std::string detail) {
    return invalid("E-SAL-519", std::move(detail), std::string(place));
  };
  if (text.empty() && rule.required) return bad("the text is empty");
  if (!valid_utf8(text)) return bad("the text is not UTF-8");
  const std::size_t length = utf8_length(text);
  if (length > rule.length_max) {
    return bad(
        fmt::format("the text has {} characters, at most {} are allowed", length, rule.length_max));
  }
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 || byte == 0x7f) && !(rule.line_feeds && c == '\n')) {
      return bad(fmt::format("the text has the control character {:#04x}", byte));
    }
  }
  return Ok{};
}

Result<std::vector<PlanLine>> decide_lines(const ReceiptDraft& draft, const Facts& facts,
                                           const LineLaw& law) {
  Setting setting = setting_of(facts, law);
  if (draft.handwritten) setting.day = draft.handwritten->at.date();
  std::vector<PlanLine> lines;
  lines.reserve(draft.lines.size());
  for (std::size_t i = 0; i < draft.lines.size(); ++i) {
    SIEGEL_TRY(PlanLine line, decide_line(draft.lines[i], fmt::format("/lines/{}", i), setting));
    lines.push_back(std::move(line));
  }
  SIEGEL_TRY_OK(check_size(sum_of(lines), "/lines"));
  return lines;
}

Result<std::vector<PlanLine>> turned_lines(const Plan& original, const Facts& facts,
                                           const LineLaw& law) {
  constexpr int first_own = 1000;
  const Date day = facts.now.date();
  std::vector<PlanLine> lines = original.lines;
  std::erase_if(lines, [](const PlanLine& line) { return line.cancelled; });
  const auto key_today = [&](VatKey key, VatRate rate) -> std::optional<VatKey> {
    if (key.get() >= first_own) return key;
    return vat_key_of_sale(law.country, key, rate, day);
  };
  for (PlanLine& line : lines) {
    line.quantity = -line.quantity;
    line.amount = -line.amount;
    line.total = -line.total;
    for (Discount& discount : line.discounts) discount.amount = -discount.amount;
    for (VatShare& share : line.shares) {
      const auto key = key_today(share.key, share.rate);
      if (!key) {
        return placed(vat_not_in_force(law.country, fmt::format("{} %", share.rate.text()), day),
                      "/reverses");
      }
      share.key = *key;
      share.gross = -share.gross;
    }
    for (SubItem& part : line.sub_items) {
      part.quantity = -part.quantity;
      part.key = key_today(part.key, part.rate).value_or(part.key);
    }
  }
  return lines;
}

Money sum_of(const std::vector<PlanLine>& lines) {
  Money sum;
  for (const PlanLine& line : lines) {
    if (!line.cancelled) sum += line.total;
  }
  return sum;
}

std::vector<VatSum> vat_sums(const std::vector<PlanLine>& lines, const Facts& facts,
                             const LineLaw& law) {
  const Setting setting = setting_of(facts, law);
  std::map<VatKey, VatSum> sums;
  for (const PlanLine& line : lines) {
    if (line.cancelled) continue;
    for (const VatShare& share : line.shares) {
      VatSum& sum = sums[share.key];
      sum.key = share.key;
      sum.rate = share.rate;
      sum.slot = share.slot;
      sum.gross += share.gross;
    }
  }
  std::vector<VatSum> out;
  for (auto& [key, sum] : sums) {
    sum.letter = letter_of(key, setting);
    const NetAndTax split = split_gross(sum.gross, sum.rate);
    sum.net = split.net;
    sum.tax = split.tax;
    out.push_back(sum);
  }
  return out;
}

}  // namespace siegel::country
