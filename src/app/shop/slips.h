#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/shop/printer.h"
#include "base/result.h"
#include "base/time.h"
#include "journal/follower.h"
#include "print/document.h"
#include "recorder/messages.h"
#include "recorder/state.h"
#include "views/slips.h"

// The papers of an outage and of the start of a day, on the shop's printer.
// docs/reference/slips.md

namespace siegel::app {

enum class OutageSlip { failure, recovery };

/// The paper of one outage. `newest`: where to begin to look for it backwards, 0: the head. Errors:
/// E-OUT-101 there is no such outage, E-OUT-106 (conflict) a recovery slip of one that goes on,
/// E-REG-106 no business is set, those of the reader.
[[nodiscard]] Result<print::Document> outage_slip(journal::Reader& reader,
                                                  const recorder::State& state,
                                                  const std::string& device, std::uint64_t number,
                                                  OutageSlip slip, journal::Sequence newest = {});

/// Prints each outage's two papers when it begins and ends, as the profile says (TSS-031, -032).
/// Where it has got to is kept in slips.json in the data folder: a paper that was not printed when
/// the power went is printed by the next process. A printer that fails becomes an outage of its
/// own; its papers wait.
class SlipPrinter final : public journal::Follower {
 public:
  struct Parts {
    std::filesystem::path folder;  ///< of slips.json
    PrinterSettings printer;
    std::unique_ptr<journal::Reader> reader;
    /// As of the journal's end; called on the follower's thread.
    std::function<Result<recorder::State>()> state;
    /// Hands a command to the recorder and does not wait.
    std::function<void(recorder::OutageReport)> report;
  };
  /// `head`: without a slips.json what is older is history. Errors: E-FIL-002, E-FIL-004, E-PRN-303
  /// (invalid): slips.json cannot be read.
  static Result<std::unique_ptr<SlipPrinter>> make(Parts parts, journal::Sequence head);

  [[nodiscard]] std::string_view name() const override { return "slips"; }
  [[nodiscard]] journal::Sequence position() const override { return m_position; }
  [[nodiscard]] Status handle(std::span<const journal::Entry> entries) override;

 private:
  explicit SlipPrinter(Parts parts) : m_parts(std::move(parts)) {}
  [[nodiscard]] Status print(const std::string& device, std::uint64_t number, OutageSlip slip,
                             journal::Sequence newest);
  [[nodiscard]] Status save();

  Parts m_parts;
  journal::Sequence m_position;
};

/// Prints one document and three empty lines; a printer that fails is reported as an outage, one
/// that works again as its end.
[[nodiscard]] Status print_slip(const PrinterSettings& printer, const print::Document& document,
                                const recorder::State& state,
                                const std::function<void(recorder::OutageReport)>& report);

}  // namespace siegel::app
