#include "app/shop/activation.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "recorder/closing.h"
#include "recorder/masters.h"

namespace siegel::app {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

std::string listed(const std::vector<Error>& errors) {
  std::string list;
  for (const Error& one : errors)
    list += fmt::format("{}{} {}", list.empty() ? "" : "; ", one.code, one.detail);
  return list;
}

Result<std::string> serial_of(const recorder::State& state, const std::string& id) {
  std::string found;
  for (const auto& [serial, info] : state.tses) {
    if (state.retired(serial) || (!id.empty() && info.id != id)) continue;
    if (!found.empty()) return invalid("E-ACT-107", "there are several TSEs: name one", "--tse");
    found = serial;
  }
  if (found.empty())
    return not_found("E-TSE-302", fmt::format("no TSE \"{}\" is in operation", id), "--tse");
  return found;
}

}  // namespace

std::vector<Error> activation_obstacles(const recorder::State& state,
                                        const recorder::RegisterState& reg,
                                        const std::string& cashier) {
  std::vector<Error> out;
  if (!state.business) {
    out.push_back(conflict("E-REG-106", "name and address of the business are not set yet"));
  } else {
    for (Error& gap : recorder::gaps_of(*state.business)) out.push_back(std::move(gap));
    for (Error& gap : recorder::gaps_of(reg.info, *state.business)) out.push_back(std::move(gap));
  }
  if (reg.info.printer.empty())
    out.push_back(
        conflict("E-ACT-101", "no receipt printer is named for the register", "/printer"));
  for (Error& open : recorder::closing_obstacles(state, reg)) out.push_back(std::move(open));
  if (reg.day.receipts != 0)
    out.push_back(conflict(
        "E-ACT-102",
        fmt::format("{} receipts since the last closing: close the day first", reg.day.receipts),
        "/register"));
  for (const std::string& other : reg.signed_in)
    if (other != cashier)
      out.push_back(conflict(
          "E-ACT-103", fmt::format("cashier {} is signed in: sign out first", other), "/cashier"));
  return out;
}

std::vector<Outlet> find_outlets(const Business& business, const std::string& word) {
  std::vector<Outlet> out;
  const std::string wanted = lower(word);
  for (const Outlet& outlet : business.outlets)
    for (const std::string* text :
         {&outlet.id, &outlet.name, &outlet.street, &outlet.postcode, &outlet.city})
      if (lower(*text).find(wanted) != std::string::npos) {
        out.push_back(outlet);
        break;
      }
  // A whole id is no search.
  for (const Outlet& outlet : out)
    if (outlet.id == word) return {outlet};
  return out;
}

Result<RegisterInfo> activate(Shop& shop, const Activation& activation) {
  SIEGEL_TRY(const recorder::State state, shop.state());
  const auto found = state.registers.find(activation.register_id.text());
  if (found == state.registers.end())
    return not_found("E-REG-104",
                     fmt::format("register {} is not known", activation.register_id.text()),
                     "/register");
  recorder::RegisterState reg = found->second;
  if (!reg.info.tse_serial.empty() && reg.info.no_tse == NoTse::no)
    return conflict("E-ACT-106",
                    fmt::format("register {} signs on a TSE already", reg.info.id.text()),
                    "/register");
  if (!activation.printer.empty()) reg.info.printer = activation.printer;
  if (!activation.outlet.empty() && state.business) {
    const std::vector<Outlet> hits = find_outlets(*state.business, activation.outlet);
    if (hits.empty())
      return not_found("E-ACT-105", fmt::format("no outlet holds \"{}\"", activation.outlet),
                       "--outlet");
    if (hits.size() > 1) {
      std::string names;
      for (const Outlet& hit : hits)
        names +=
            fmt::format("{}{} ({}, {})", names.empty() ? "" : "; ", hit.id, hit.name, hit.city);
      return conflict("E-ACT-104", names, "--outlet");
    }
    reg.info.outlet = hits.front().id;
  }
  const auto obstacles = activation_obstacles(state, reg, activation.actor);
  if (!obstacles.empty()) return conflict("E-ACT-100", listed(obstacles), obstacles.front().place);
  SIEGEL_TRY(reg.info.tse_serial, serial_of(state, activation.tse));
  reg.info.no_tse = NoTse::no;
  SIEGEL_TRY_OK(shop.add_register(reg.info, true, activation.actor));
  return reg.info;
}

}  // namespace siegel::app
