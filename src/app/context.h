#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

#include "app/command_line.h"
#include "base/random.h"
#include "base/result.h"
#include "base/time.h"
#include "format/json.h"
#include "model/master.h"

namespace siegel::app {

/// What every command has: the options all of them know, time, chance, and the two ways out.
struct Context {
  const Clock& clock;
  Random& random;
  std::string data = "siegel-data";
  std::string language = "en";
  std::string tpm = "auto";  ///< which TPM seals a vault (app/secrets/vaults.h); SIEGEL_TPM
  bool json = false;
  bool quiet = false;
  bool no_color = false;

  /// To stdout: the document with --json, the text otherwise (nothing with --quiet).
  void show(std::string_view text, const json::Value& document) const;
  /// To stdout, always and as it is.
  void write(std::string_view bytes) const;
  /// To stderr, unless --quiet.
  void note(std::string_view text) const;
  /// Says what went wrong (stderr, or a problem document on stdout with --json) and with what to
  /// exit.
  Exit fail(const Error& error) const;
  /// stdout is a terminal and colours are wanted.
  [[nodiscard]] bool ansi() const;
  [[nodiscard]] bool german() const { return language == "de"; }
  [[nodiscard]] Language shown_language() const { return german() ? Language::de : Language::en; }
};

/// One of two texts, both checked against the arguments when this is compiled.
template <class... Args>
[[nodiscard]] std::string say(bool german, fmt::format_string<Args...> de,
                              fmt::format_string<Args...> en, Args&&... args) {
  return fmt::format(german ? de : en, std::forward<Args>(args)...);
}

/// The sentence of docs/reference/errors.md for a code; empty if there is none.
struct ErrorText {
  std::string_view code, de, en, advice;
};
[[nodiscard]] const ErrorText* error_text(std::string_view code);

/// "not_executed" or "unknown": the question every integrator has.
[[nodiscard]] std::string_view outcome_of(ErrorKind kind);

[[nodiscard]] Exit exit_of(const Error& error);

}  // namespace siegel::app
