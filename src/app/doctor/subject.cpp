#include "app/doctor/subject.h"

#include "base/file.h"

namespace siegel::app {
namespace {

namespace fs = std::filesystem;

}  // namespace

Result<std::unique_ptr<Subject>> Subject::open(const Examination& examination) {
  const fs::path& folder = examination.place.folder;
  std::error_code ignored;
  // A folder that lost its shop.json is a patient too.
  if (!fs::exists(folder / "shop.json", ignored) && !fs::exists(folder / "journal.db", ignored))
    return not_found("E-DAT-003", folder.string() + " is no data folder", folder.string());
  std::unique_ptr<Subject> subject(new Subject(examination));
  // Before the shop is opened: what is wrong with the vault is seen as it is.
  subject->m_vault = vault_status(folder / "vault", examination.environment.random);
  if (subject->m_vault && !subject->m_vault->secrets.empty())
    subject->m_environment =
        check_environment({.data = folder, .root = examination.root, .tpm = examination.tpm});
  subject->open_shop();
  if (auto vault = open_vault({.folder = folder / "vault"}, examination.environment.random))
    subject->m_opened_vault = std::move(*vault);
  subject->ask_tses();
  return subject;
}

void Subject::open_shop() {
  if (!m_examination.read_only) {
    auto shop = Shop::open(m_examination.place, Shop::Mode::write, m_examination.environment);
    if (shop) {
      m_shop = std::move(*shop);
      m_writing = true;
    } else {
      m_write_error = shop.error();
    }
  }
  if (!m_shop) {
    auto shop = Shop::open(m_examination.place, Shop::Mode::read, m_examination.environment);
    if (shop)
      m_shop = std::move(*shop);
    else
      m_open_error = shop.error();
  }
  if (!m_shop) return;
  auto state = m_shop->state();
  if (state)
    m_state = std::move(*state);
  else
    m_state_error = state.error();
}

bool Subject::austrian() const {
  return m_state && m_state->business && m_state->business->country == "AT";
}

void Subject::ask_tses() {
  if (!m_state) return;
  for (const auto& [serial, info] : m_state->tses) {
    if (m_state->retired(serial)) continue;
    AskedTse asked;
    asked.info = info;
    if (!m_writing) {
      asked.error = unavailable("E-DAT-001", "the TSE is not asked beside the process that sells");
    } else {
      const auto done = m_shop->on_tse(info.id, [&](device::Tse& tse) -> Status {
        SIEGEL_TRY(asked.status, tse.status());
        for (const auto user : {device::TseUser::admin, device::TseUser::time_admin})
          if (const auto left = tse.pin_tries_left(user); left && *left) asked.tries[user] = **left;
        return Ok{};
      });
      if (!done) asked.error = done.error();
    }
    m_tses.push_back(std::move(asked));
  }
}

}  // namespace siegel::app
