#include "recorder/masters.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "model/codec.h"
#include "recorder/batch.h"
#include "recorder/checks.h"
#include "recorder/recorder.h"

// Master data with history: what is entered is an entry at once and comes into force for a register
// when its day is closed [DSFinV-K 5.2]. Until then the old data hold.

namespace siegel::recorder {
namespace {

class Gaps {
 public:
  void need(bool there, std::string_view code, std::string detail, std::string place) {
    if (!there) m_list.push_back(invalid(code, std::move(detail), std::move(place)));
  }
  void text(std::string_view value, std::string_view what, std::string place) {
    need(!value.empty(), "E-MAS-101", fmt::format("{} is missing", what), std::move(place));
  }
  void country(std::string_view value, std::string place) {
    const bool code = value.size() == 2 &&
                      std::ranges::all_of(value, [](char c) { return c >= 'A' && c <= 'Z'; });
    need(code, "E-MAS-102",
         fmt::format("\"{}\" is no country code of two capitals (ISO 3166, for example DE)", value),
         std::move(place));
  }
  template <class Id>
  void unique(std::set<Id>& seen, const Id& id, std::string_view what, std::string place) {
    need(seen.insert(id).second, "E-MAS-105", fmt::format("{} \"{}\" is there twice", what, id),
         std::move(place));
  }
  std::vector<Error> take() { return std::move(m_list); }

 private:
  std::vector<Error> m_list;
};

/// A name, an address, a country and one of the two tax numbers: outlets and agencies.
template <class Place>
void check_address(const Place& at, const std::string& place, Gaps& gaps) {
  gaps.text(at.name, "the name", place + "/name");
  gaps.text(at.street, "the street", place + "/street");
  gaps.text(at.postcode, "the postcode", place + "/postcode");
  gaps.text(at.city, "the city", place + "/city");
  gaps.country(at.country, place + "/country");
}

void check_rates(const Business& business, Gaps& gaps) {
  std::set<Currency> bases;
  for (std::size_t i = 0; i < business.rates.size(); ++i) {
    const ExchangeRate& rate = business.rates[i];
    gaps.need(rate.rate > UnitPrice(), "E-MAS-106",
              fmt::format("the rate from {} to {} is not above 0", rate.base.text(),
                          rate.currency.text()),
              fmt::format("/rates/{}/rate", i));
    bases.insert(rate.base);
  }
  const UnitPrice one = UnitPrice::from_raw(100'000);
  for (const Currency& base : bases)
    gaps.need(
        std::ranges::any_of(business.rates,
                            [&](const ExchangeRate& rate) {
                              return rate.base == base && rate.currency == base && rate.rate == one;
                            }),
        "E-MAS-104",
        fmt::format("the currency table lacks the rate 1 from {} to {}", base.text(), base.text()),
        "/rates");
}

}  // namespace

std::vector<Error> gaps_of(const Business& business) {
  Gaps gaps;
  check_address(business, "", gaps);
  gaps.need(!business.tax_number.empty() || !business.vat_id.empty(), "E-MAS-103",
            "neither tax number nor VAT id is there", "/tax_number");
  std::set<std::string> outlets;
  for (std::size_t i = 0; i < business.outlets.size(); ++i) {
    const std::string place = fmt::format("/outlets/{}", i);
    gaps.text(business.outlets[i].id, "the id", place + "/id");
    gaps.unique(outlets, business.outlets[i].id, "outlet", place + "/id");
    check_address(business.outlets[i], place, gaps);
  }
  std::set<int> agencies;
  for (std::size_t i = 0; i < business.agencies.size(); ++i) {
    const Agency& agency = business.agencies[i];
    const std::string place = fmt::format("/agencies/{}", i);
    gaps.unique(agencies, agency.id, "agency", place + "/id");
    check_address(agency, place, gaps);
    gaps.need(!agency.tax_number.empty() || !agency.vat_id.empty(), "E-MAS-103",
              "neither tax number nor VAT id of the agency is there", place + "/tax_number");
  }
  std::set<std::string> templates;
  for (std::size_t i = 0; i < business.templates.size(); ++i) {
    const std::string place = fmt::format("/templates/{}/name", i);
    gaps.text(business.templates[i].name, "the booking text", place);
    gaps.unique(templates, business.templates[i].name, "booking text", place);
  }
  std::set<std::string> cashiers;
  for (std::size_t i = 0; i < business.cashiers.size(); ++i) {
    const std::string place = fmt::format("/cashiers/{}", i);
    gaps.text(business.cashiers[i].id, "the id", place + "/id");
    gaps.text(business.cashiers[i].name, "the name", place + "/name");
    gaps.unique(cashiers, business.cashiers[i].id, "cashier", place + "/id");
  }
  std::set<int> keys;
  for (std::size_t i = 0; i < business.vat_keys.size(); ++i) {
    const int key = business.vat_keys[i].key.get();
    gaps.need(key >= 1000 && keys.insert(key).second, "E-MAS-107",
              fmt::format("VAT key {}: keys of your own begin at 1000, each once", key),
              fmt::format("/vat_keys/{}/key", i));
  }
  check_rates(business, gaps);
  return gaps.take();
}

std::vector<Error> gaps_of(const RegisterInfo& info, const Business& business) {
  Gaps gaps;
  std::set<std::string> terminals;
  for (std::size_t i = 0; i < info.terminals.size(); ++i)
    gaps.unique(terminals, info.terminals[i].id, "terminal", fmt::format("/terminals/{}/id", i));
  gaps.need(info.outlet.empty() ||
                std::ranges::any_of(business.outlets,
                                    [&](const Outlet& outlet) { return outlet.id == info.outlet; }),
            "E-MAS-108", fmt::format("the business has no outlet \"{}\"", info.outlet), "/outlet");
  gaps.need(info.base_currency == Currency::eur() ||
                std::ranges::any_of(business.rates,
                                    [&](const ExchangeRate& rate) {
                                      return rate.base == info.base_currency &&
                                             rate.currency == info.base_currency;
                                    }),
            "E-MAS-109",
            fmt::format("the currency table lacks the rate 1 from {} to itself",
                        info.base_currency.text()),
            "/base_currency");
  return gaps.take();
}

Result<std::uint64_t> Recorder::set_business(const Command& command, const Business& business,
                                             Batch& batch, Now now) {
  SIEGEL_TRY_OK(local(now, business));
  if (const auto gaps = gaps_of(business); !gaps.empty()) return gaps.front();
  const std::uint64_t sequence =
      batch.add(entry_kind::business, to_json(business), "", command.actor);
  m_state.apply_business(sequence, business);
  for (const auto& [id, reg] : m_state.registers) {
    // Austria knows no such rule; its receipts name the seller as he is now.
    const bool at_once =
        reg.rksv || (!m_state.profile.restart_for_master && m_state.is_closed(reg));
    if (at_once) use_latest_business(id, command.actor, batch);
  }
  return sequence;
}

void Recorder::use_latest_business(const std::string& id, std::string_view actor, Batch& batch) {
  const RegisterState& reg = m_state.registers.find(id)->second;
  if (reg.business_sequence == m_state.business_sequence) return;
  const BusinessInForce change{reg.info.id, m_state.business_sequence};
  batch.add(entry_kind::in_force, to_json(change), id, actor);
  m_state.apply_in_force(change);
}

Result<std::uint64_t> Recorder::set_register(const Command& command, const RegisterInfo& info,
                                             bool replaces, Batch& batch) {
  const std::string& id = info.id.text();
  const auto found = m_state.registers.find(id);
  const bool exists = found != m_state.registers.end();
  if (exists && !replaces)
    return conflict("E-REG-103", fmt::format("register {} exists already", id), "/id");
  SIEGEL_TRY_OK(check_register(info));
  SIEGEL_TRY_OK(check_tse_of(info));
  SIEGEL_TRY_OK(check_backups(info));
  if (m_state.business)
    if (const auto gaps = gaps_of(info, *m_state.business); !gaps.empty()) return gaps.front();
  const auto enter = [&](std::string_view kind, const RegisterInfo& value) {
    const std::uint64_t at = batch.add(kind, to_json(value), id, command.actor);
    if (kind == entry_kind::register_)
      m_state.apply_register(at, value);
    else
      m_state.apply_register_next(value);
    return at;
  };
  if (!exists) return enter(entry_kind::register_, info);
  const RegisterState& reg = found->second;
  if (reg.rksv || !info.signers.empty() ||
      (!m_state.profile.restart_for_master && m_state.is_closed(reg)))
    return enter(entry_kind::register_, info);
  // A shop whose TSE is broken does not wait for the evening to go to another one.
  RegisterInfo now_in_force = reg.info;
  now_in_force.tse_serial = info.tse_serial;
  now_in_force.backup_tses = info.backup_tses;
  const auto outage = m_state.outages.find(reg.info.tse_serial);
  const bool disturbed = reg.info.tse_serial.empty() || suspended(reg.info.tse_serial) ||
                         (outage != m_state.outages.end() && outage->second.open);
  std::uint64_t sequence = 0;
  if (disturbed && now_in_force != reg.info) sequence = enter(entry_kind::register_, now_in_force);
  if (info != reg.info || reg.next_info) sequence = enter(entry_kind::register_next, info);
  if (sequence == 0) sequence = enter(entry_kind::register_, info);
  return sequence;
}

void Recorder::bring_into_force(const std::string& id, std::string_view actor, Batch& batch) {
  const auto found = m_state.registers.find(id);
  if (found == m_state.registers.end()) return;
  if (const auto next = found->second.next_info) {
    const std::uint64_t at = batch.add(entry_kind::register_, to_json(*next), id, actor);
    m_state.apply_register(at, *next);
  }
  if (m_state.business) use_latest_business(id, actor, batch);
}

void Recorder::bring_into_force_at_start(Now now, Effects& effects) {
  Batch batch(m_state.sequence, now.wall);
  for (const auto& [id, reg] : m_state.registers)
    if (m_state.is_closed(reg)) bring_into_force(id, actor_system, batch);
  if (!batch.empty()) append(batch, effects);
}

}  // namespace siegel::recorder
