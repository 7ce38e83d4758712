#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/shop/shop.h"
#include "base/result.h"

// `siegel doctor`: everything that can be looked at in a shop, with what to do about it. Each check
// is one row of a table; a family of checks is one file. docs/reference/doctor.md lists them.

namespace siegel::app {

/// In the order of how bad it is.
enum class Health {
  ok,
  unknown,  ///< cannot be found out here or now
  warning,  ///< works, and something is to be done
  failure,  ///< does not work, or the law is not kept
};
/// "ok", "unknown", "warning", "failure".
[[nodiscard]] std::string_view word_of(Health health);

/// What a check found; one line in each language.
struct Finding {
  Health state = Health::ok;
  std::string de, en;
};

class Subject;  // subject.h

/// One row.
struct Check {
  std::string_view id;  ///< "tse.certificate": stable, family first
  std::string_view title_de, title_en;
  std::string_view remedy_de, remedy_en;
  /// Nothing: the question does not concern this shop.
  std::optional<Finding> (*look)(Subject& subject);
};

/// All rows, in the order in which they are shown.
[[nodiscard]] std::vector<Check> all_checks();

struct Examined {
  Check check;
  Finding finding;
};

struct Examination {
  ShopPlace place;
  Environment environment;
  std::string tpm = "auto";  ///< how the TPM is reached if the vault does not say it
  /// The shop is not started, so TSEs are not asked.
  bool read_only = false;
  std::filesystem::path root = "/";  ///< of /sys and /proc, for tests
};
/// Starts the shop as every command does (unless read_only, or another process has it), asks its
/// devices, and looks at everything once. E-DAT-003: there is no data folder. What is broken is a
/// finding, not an error.
[[nodiscard]] Result<std::vector<Examined>> examine(const Examination& examination);

[[nodiscard]] Health worst_of(std::span<const Examined> examined);

}  // namespace siegel::app
