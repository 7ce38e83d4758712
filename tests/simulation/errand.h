#pragma once

#include <functional>
#include <string>
#include <vector>

#include "oracle.h"
#include "shop.h"

namespace siegel::simulation {

/// A few requests of one till in order, which can be interrupted and taken up again.
class Errand {
 public:
  /// One sale in one request.
  static Errand sale();
  /// A Vorgang: opened, updated, finished.
  static Errand vorgang();

  /// Sends what is not answered yet. False: the power was cut, or an answer said to repeat.
  bool run(Shop& shop, Oracle& oracle);
  [[nodiscard]] bool done() const { return m_next == m_steps.size(); }
  /// Refusals that no till should see, in words.
  [[nodiscard]] const std::vector<std::string>& problems() const { return m_problems; }
  /// The codes of all refusals.
  [[nodiscard]] const std::vector<std::string>& refusals() const { return m_refusals; }

 private:
  using Step = std::function<runtime::sim::World::Body(const Shop&)>;
  std::vector<Step> m_steps;
  std::string m_key;
  std::size_t m_next = 0;
  std::vector<std::string> m_problems;
  std::vector<std::string> m_refusals;
};

}  // namespace siegel::simulation
