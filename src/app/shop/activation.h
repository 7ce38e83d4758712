#pragma once

#include <string>
#include <vector>

#include "app/shop/shop.h"

// Putting the TSE of a German register into use: what must be settled before, and the act itself.

namespace siegel::app {

/// Everything that stands in the way, each with a code of its own: gaps of the master data
/// (E-MAS-1xx), open business (E-CLO-101 to -105), E-ACT-101 no receipt printer, -102 the day is
/// not closed, -103 another cashier is signed in. `cashier`: who does it. Empty: it is ready.
[[nodiscard]] std::vector<Error> activation_obstacles(const recorder::State& state,
                                                      const recorder::RegisterState& reg,
                                                      const std::string& cashier);

/// The outlets whose id, name, street, postcode or city holds `word`, whatever the case of ASCII
/// letters (BIO-053).
[[nodiscard]] std::vector<Outlet> find_outlets(const Business& business, const std::string& word);

struct Activation {
  RegisterId register_id;
  std::string tse;      ///< our name for it; empty: the only one
  std::string outlet;   ///< search word; empty: the head office
  std::string printer;  ///< empty: as it is
  std::string actor;
};
/// Refused with E-ACT-100 and the list of obstacles. Errors: E-ACT-104 several outlets, -105 none,
/// -106 it has a TSE in use already, E-REG-104, E-TSE-302, those of the device. The register's
/// entry in the journal is the record of it.
[[nodiscard]] Result<RegisterInfo> activate(Shop& shop, const Activation& activation);

}  // namespace siegel::app
