#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/doctor/doctor.h"
#include "app/secrets/environment.h"
#include "app/secrets/vaults.h"
#include "device/device.h"
#include "recorder/state.h"

// What the checks look at. Not part of the module's contract.

namespace siegel::app {

/// One TSE that is in use, and its answer.
struct AskedTse {
  TseInfo info;
  std::optional<device::TseStatus> status;
  std::optional<Error> error;  ///< it could not be asked
  /// Tries of the PINs it was asked for; empty: it does not say.
  std::map<device::TseUser, unsigned> tries;
};

/// A data folder, opened as far as it goes. Each thing is fetched once.
class Subject {
 public:
  static Result<std::unique_ptr<Subject>> open(const Examination& examination);

  [[nodiscard]] const std::filesystem::path& folder() const { return m_examination.place.folder; }
  [[nodiscard]] Instant now() const { return m_examination.environment.clock.now().wall; }
  [[nodiscard]] const std::filesystem::path& root() const { return m_examination.root; }
  [[nodiscard]] Random& random() { return m_examination.environment.random; }

  /// Null: it opens neither for writing nor for reading; open_error() says why.
  [[nodiscard]] Shop* shop() { return m_shop.get(); }
  /// Why it was not opened for writing; nothing: it was, or was not to be.
  [[nodiscard]] const std::optional<Error>& write_error() const { return m_write_error; }
  [[nodiscard]] const std::optional<Error>& open_error() const { return m_open_error; }
  /// Another process sells with this folder.
  [[nodiscard]] bool elsewhere() const {
    return m_write_error && m_write_error->code == "E-DAT-001";
  }
  [[nodiscard]] bool writing() const { return m_writing; }

  /// Null: there is none to be had.
  [[nodiscard]] const recorder::State* state() const { return m_state ? &*m_state : nullptr; }
  [[nodiscard]] const std::optional<Error>& state_error() const { return m_state_error; }
  [[nodiscard]] bool austrian() const;
  [[nodiscard]] bool german() const { return m_state && !austrian(); }

  [[nodiscard]] const Result<VaultStatus>& vault() const { return m_vault; }
  /// Null: it cannot be opened at all.
  [[nodiscard]] vault::Vault* opened_vault() { return m_opened_vault.get(); }
  /// Empty for a machine that holds no secrets.
  [[nodiscard]] const std::vector<EnvironmentResult>& environment() const { return m_environment; }
  /// Those that are not retired.
  [[nodiscard]] const std::vector<AskedTse>& tses() const { return m_tses; }

 private:
  explicit Subject(const Examination& examination) : m_examination(examination), m_vault(Error{}) {}
  void open_shop();
  void ask_tses();

  Examination m_examination;
  std::unique_ptr<Shop> m_shop;
  std::optional<Error> m_write_error;
  std::optional<Error> m_open_error;
  bool m_writing = false;
  std::optional<recorder::State> m_state;
  std::optional<Error> m_state_error;
  Result<VaultStatus> m_vault;
  std::unique_ptr<vault::Vault> m_opened_vault;
  std::vector<EnvironmentResult> m_environment;
  std::vector<AskedTse> m_tses;
};

// The families, one file each.
[[nodiscard]] std::span<const Check> data_folder_checks();
[[nodiscard]] std::span<const Check> journal_checks();
[[nodiscard]] std::span<const Check> witness_checks();
[[nodiscard]] std::span<const Check> vault_checks();
[[nodiscard]] std::span<const Check> environment_checks();
[[nodiscard]] std::span<const Check> clock_checks();
[[nodiscard]] std::span<const Check> tse_checks();
[[nodiscard]] std::span<const Check> care_checks();
[[nodiscard]] std::span<const Check> register_checks();
[[nodiscard]] std::span<const Check> outage_checks();
[[nodiscard]] std::span<const Check> service_checks();
[[nodiscard]] std::span<const Check> austria_checks();

// Shorthands of the families.
using Looked = std::optional<Finding>;
[[nodiscard]] Finding found(Health state, std::string de, std::string en);
/// The same text in both languages: an error's code and detail.
[[nodiscard]] Finding found(Health state, const Error& error);
/// Collects what is wrong with several things and keeps the worst.
class Collected {
 public:
  void add(Health state, const std::string& de, const std::string& en);
  /// All collected, joined; if nothing was added: ok with this text.
  [[nodiscard]] Finding finding(std::string good_de, std::string good_en) &&;

 private:
  Finding m_finding;
};

}  // namespace siegel::app
