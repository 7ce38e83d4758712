#include "verify/dsfinvk/closings.h"

#include <algorithm>
#include <tuple>

namespace siegel::verify::dsfinvk {

int edition_from(std::string_view text) {
  for (const auto& [word, number] : {std::pair<std::string_view, int>{"2.0", 20},
                                     {"2.1", 21},
                                     {"2.2", 22},
                                     {"2.3", 23},
                                     {"2.4", 24}}) {
    if (text == word) return number;
  }
  return 0;
}

std::string Closings::key(std::string_view register_id, std::string_view created,
                          std::string_view number) {
  std::string text(register_id);
  text += '\x1F';
  text += created;
  text += '\x1F';
  text += number;
  return text;
}

std::uint32_t Closings::find(std::string_view register_id, std::string_view created,
                             std::string_view number) const {
  const auto found = m_by_key.find(key(register_id, created, number));
  return found == m_by_key.end() ? no_closing : found->second;
}

bool Closings::add(Closing closing) {
  const auto index = static_cast<std::uint32_t>(m_closings.size());
  const auto [at, is_new] = m_by_key.emplace(
      key(closing.fields[z_kasse_id], closing.fields[z_erstellung], closing.fields[z_nr]), index);
  if (!is_new) return false;
  const auto [known, is_new_register] = m_register_index.emplace(
      closing.fields[z_kasse_id], static_cast<std::uint32_t>(m_registers.size()));
  if (is_new_register) m_registers.push_back(closing.fields[z_kasse_id]);
  closing.register_index = known->second;
  m_closings.push_back(std::move(closing));
  return true;
}

void Closings::link() {
  m_by_number.clear();
  for (std::uint32_t i = 0; i < m_closings.size(); ++i) m_by_number.push_back(i);
  std::ranges::sort(m_by_number, {}, [&](std::uint32_t i) {
    return std::tuple(m_closings[i].register_index, m_closings[i].number.value_or(0), i);
  });
  for (std::size_t i = 1; i < m_by_number.size(); ++i) {
    Closing& here = m_closings[m_by_number[i]];
    if (m_closings[m_by_number[i - 1]].register_index == here.register_index)
      here.previous = m_by_number[i - 1];
  }
}

std::optional<std::uint32_t> Closings::register_of(std::string_view id) const {
  const auto found = m_register_index.find(std::string(id));
  if (found == m_register_index.end()) return std::nullopt;
  return found->second;
}

int Closings::oldest_edition() const {
  int oldest = newest_edition;
  for (const Closing& closing : m_closings) oldest = std::min(oldest, closing.edition);
  return oldest;
}

}  // namespace siegel::verify::dsfinvk
