#include "app/doctor/doctor.h"

#include <algorithm>

#include "app/doctor/subject.h"

namespace siegel::app {

std::string_view word_of(Health health) {
  switch (health) {
    case Health::ok:
      return "ok";
    case Health::unknown:
      return "unknown";
    case Health::warning:
      return "warning";
    case Health::failure:
      return "failure";
  }
  return "";
}

std::vector<Check> all_checks() {
  std::vector<Check> out;
  for (const auto family :
       {data_folder_checks(), journal_checks(), witness_checks(), vault_checks(),
        environment_checks(), clock_checks(), register_checks(), tse_checks(), care_checks(),
        outage_checks(), austria_checks(), service_checks()})
    out.insert(out.end(), family.begin(), family.end());
  return out;
}

Result<std::vector<Examined>> examine(const Examination& examination) {
  SIEGEL_TRY(const auto subject, Subject::open(examination));
  std::vector<Examined> out;
  for (const Check& check : all_checks())
    if (auto finding = check.look(*subject))
      out.push_back({.check = check, .finding = std::move(*finding)});
  return out;
}

Health worst_of(std::span<const Examined> examined) {
  Health worst = Health::ok;
  for (const Examined& one : examined) worst = std::max(worst, one.finding.state);
  return worst;
}

Finding found(Health state, std::string de, std::string en) {
  return {.state = state, .de = std::move(de), .en = std::move(en)};
}

Finding found(Health state, const Error& error) {
  const std::string text = error.code + ": " + error.detail;
  return found(state, text, text);
}

void Collected::add(Health state, const std::string& de, const std::string& en) {
  m_finding.state = std::max(m_finding.state, state);
  m_finding.de += (m_finding.de.empty() ? "" : "; ") + de;
  m_finding.en += (m_finding.en.empty() ? "" : "; ") + en;
}

Finding Collected::finding(std::string good_de, std::string good_en) && {
  if (m_finding.en.empty()) return found(Health::ok, std::move(good_de), std::move(good_en));
  return std::move(m_finding);
}

}  // namespace siegel::app
