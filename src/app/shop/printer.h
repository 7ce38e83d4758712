#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "journal/follower.h"

namespace siegel::app {

/// The shop's printer, for papers nobody stands at a till for: printer.json in the data folder.
struct PrinterSettings {
  std::string path;  ///< a device or a file, to which is appended
  int columns = 48;
  std::string name;  ///< as the failure log calls it; empty: the last part of `path`
  [[nodiscard]] std::string shown_name() const;
};
/// Nothing: there is no printer.json. E-AUT-123 (invalid): it cannot be read.
[[nodiscard]] Result<std::optional<PrinterSettings>> read_printer_settings(
    const std::filesystem::path& folder);
/// E-PRN-001, E-FIL-004.
[[nodiscard]] Status write_printer_settings(const std::filesystem::path& folder,
                                            const PrinterSettings& settings);

/// Hands the text over, as far as the printer takes it without being waited for. E-PRN-301
/// (unavailable): no paper; E-PRN-302 (unavailable): it cannot be reached or takes nothing more.
[[nodiscard]] Status print_on(const PrinterSettings& printer, std::string_view text);

/// Prints Startbeleg, Monatsbeleg, Jahresbeleg and Schlussbeleg as they are made, by whomever
/// (AMA-077). A printer that does not take it is not waited for: the receipt can be printed again
/// at any time.
class DuesPrinter final : public journal::Follower {
 public:
  /// `text`: the print of the receipt whose plan is at that sequence; called on the follower's
  /// thread.
  using Text = std::function<Result<std::string>(std::uint64_t plan_sequence, int columns)>;
  /// `head`: what is older was made by an earlier process, which printed it.
  DuesPrinter(PrinterSettings settings, journal::Sequence head, Text text)
      : m_settings(std::move(settings)), m_text(std::move(text)), m_position(head) {}
  [[nodiscard]] std::string_view name() const override { return "printer"; }
  [[nodiscard]] journal::Sequence position() const override { return m_position; }
  [[nodiscard]] Status handle(std::span<const journal::Entry> entries) override;

 private:
  PrinterSettings m_settings;
  Text m_text;
  journal::Sequence m_position;
};

}  // namespace siegel::app
