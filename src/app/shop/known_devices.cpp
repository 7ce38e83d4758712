#include "app/shop/known_devices.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>
#include <tuple>

namespace siegel::app {
namespace {

constexpr std::size_t transactions_a_call = 256;

/// What plans without a signature in the journal may have had signed.
class Explanations {
 public:
  Explanations(const recorder::State& state, const std::string& serial) {
    for (const auto& [sequence, plan] : state.unsealed)
      if (plan.tse_serial == serial)
        add(plan.register_id.text(), std::string(process_type_text(plan.process_type)),
            plan.process_data, plan.transaction);
    for (const auto& [sequence, lost] : state.lost)
      if (lost.tse_serial == serial)
        add(lost.client, lost.process_type, lost.process_data, lost.transaction);
  }
  /// Each plan explains one transaction.
  bool take(const device::TseTransaction& transaction) {
    if (m_numbers.erase(transaction.number) > 0) return true;
    const auto found =
        m_facts.find({transaction.client, transaction.process_type, transaction.process_data});
    if (found == m_facts.end()) return false;
    m_facts.erase(found);
    return true;
  }

 private:
  void add(const std::string& client, const std::string& type, const std::string& data,
           std::uint64_t transaction) {
    if (transaction != 0)
      m_numbers.insert(transaction);
    else
      m_facts.insert({client, type, data});
  }
  std::set<std::uint64_t> m_numbers;
  std::multiset<std::tuple<std::string, std::string, std::string>> m_facts;
};

}  // namespace

Status check_identity(device::Tse& tse, const TseInfo& known) {
  SIEGEL_TRY(const TseInfo found, tse.identity());
  if (found.serial == known.serial && found.public_key == known.public_key) return Ok{};
  return conflict("E-JRN-315",
                  fmt::format("{} is another TSE than the one in operation: its serial is {}, that "
                              "of the journal {}; it is not used",
                              known.id, found.serial, known.serial),
                  known.id);
}

std::optional<device::TseTransaction> unexplained(device::Tse& tse, const recorder::State& state,
                                                  const std::string& serial, std::uint64_t after) {
  Explanations explanations(state, serial);
  std::optional<device::TseTransaction> last;
  for (const auto& [id, reg] : state.registers) {
    const auto highest = reg.transactions.find(serial);
    if (highest == reg.transactions.end() && reg.info.tse_serial != serial) continue;
    std::uint64_t from = std::max(after, highest == reg.transactions.end() ? 0 : highest->second);
    while (true) {
      const auto some = tse.transactions_after(id, from, transactions_a_call);
      if (!some || some->empty()) break;
      from = some->back().number;
      for (const device::TseTransaction& one : *some)
        if (one.finish && !explanations.take(one) && (!last || last->number < one.number))
          last = one;
    }
  }
  return last;
}

}  // namespace siegel::app
