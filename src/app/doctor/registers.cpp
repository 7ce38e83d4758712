#include <fmt/format.h>

#include "app/doctor/subject.h"

namespace siegel::app {
namespace {

Looked any(Subject& subject) {
  if (subject.state() == nullptr) return {};
  const std::size_t count = subject.state()->registers.size();
  return found(count == 0 ? Health::warning : Health::ok, fmt::format("{} Kassen", count),
               fmt::format("{} registers", count));
}

Looked business(Subject& subject) {
  if (subject.state() == nullptr) return {};
  const auto& business = subject.state()->business;
  if (!business) return found(Health::failure, "fehlt", "missing");
  Collected out;
  const auto need = [&](const std::string& value, const char* de, const char* en) {
    if (value.empty())
      out.add(Health::failure, std::string(de) + " fehlt", std::string(en) + " is missing");
  };
  need(business->name, "Name", "name");
  need(business->street, "Straße", "street");
  need(business->postcode, "Postleitzahl", "postcode");
  need(business->city, "Ort", "city");
  need(business->tax_number + business->vat_id, "Steuernummer oder USt-IdNr.",
       "tax number or VAT id");
  return std::move(out).finding(business->name, business->name);
}

Looked device(Subject& subject) {
  const recorder::State* const state = subject.state();
  if (state == nullptr || state->registers.empty()) return {};
  Collected out;
  for (const auto& [id, reg] : state->registers) {
    const bool ended = reg.rksv && reg.rksv->ended;
    if (ended || (subject.german() && reg.info.no_tse != NoTse::no)) continue;
    const bool has_device = subject.austrian() ? !reg.info.signers.empty()
                                               : !reg.info.tse_serial.empty() &&
                                                     state->tses.contains(reg.info.tse_serial) &&
                                                     !state->retired(reg.info.tse_serial);
    if (!has_device) out.add(Health::failure, id + " hat keine", id + " has none");
  }
  return std::move(out).finding("jede Kasse hat eine", "every register has one");
}

Looked backup_device(Subject& subject) {
  const recorder::State* const state = subject.state();
  if (state == nullptr || state->registers.empty()) return {};
  Collected out;
  for (const auto& [id, reg] : state->registers) {
    if (reg.rksv && reg.rksv->ended) continue;
    for (const std::string& serial : reg.info.backup_tses)
      if (!state->tses.contains(serial) || state->retired(serial))
        out.add(Health::warning, id + ": " + serial + " ist nicht in Betrieb",
                id + ": " + serial + " is not in operation");
    for (const std::string& signer : reg.info.signers)
      if (!state->signers.contains(signer))
        out.add(Health::failure, id + ": " + signer + " ist nicht in Betrieb",
                id + ": " + signer + " is not in operation");
  }
  return std::move(out).finding("alle genannten sind in Betrieb",
                                "all that are named are in operation");
}

constexpr Check checks[] = {
    {"registers.any", "Kassen", "Registers", "`siegel register add KASSE-01`",
     "`siegel register add KASSE-01`", any},
    {"registers.business", "Angaben des Betriebs", "Data of the business",
     "`siegel config set` mit den fehlenden Angaben.", "`siegel config set` with what is missing.",
     business},
    {"registers.device", "Signatureinrichtung jeder Kasse", "Signature device of each register",
     "Der Kasse eine TSE oder Signatureinheit geben.",
     "Give the register a TSE or signature device.", device},
    {"registers.named_devices", "Genannte Ersatzgeräte", "Devices named as spares",
     "Das Gerät in Betrieb nehmen oder aus der Kasse streichen.",
     "Put the device into operation, or take it out of the register.", backup_device},
};

}  // namespace

std::span<const Check> register_checks() { return checks; }

}  // namespace siegel::app
