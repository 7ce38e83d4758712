#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "exports/dsfinvk.h"

// One run over the journal. Not part of the module's contract.

namespace siegel::exports {

/// The rows of one register on their way into files of its own.
class RegisterRun {
 public:
  using Awaited = std::map<std::uint64_t, country::de::AwaitedSignature>;

  /// What is durable and whole: everything up to the end of a closing.
  struct Mark {
    std::size_t closings = 0;
    std::uint64_t receipts = 0;
    std::uint64_t process_data_length = 0;
    std::array<std::uint64_t, country::de::dsfinvk_tables> sizes{};
    std::array<std::uint64_t, country::de::dsfinvk_tables> rows{};
    Awaited awaited;  ///< by plan sequence
  };

  RegisterRun(const ChosenRegister& chosen, std::size_t number, const DsfinvkRequest& request,
              country::de::DsfinvkOptions options, const country::de::ClosingIndex& index,
              FileSet& files);

  /// Headers (of the first register), or the files cut back to the mark.
  [[nodiscard]] Status begin(const Mark* mark);
  /// Entries of the register, in order; those before resume_from() are passed over.
  [[nodiscard]] Status plan(journal::Entry& entry);
  [[nodiscard]] Status seal(journal::Entry& entry);
  [[nodiscard]] Status closing(const journal::Entry& entry);
  void late(const LateSignature& late);
  /// The TSE has said all it holds: no other signature comes.
  void asked(std::string_view tse_serial);
  /// The headers were appended to the files of this register.
  void wrote_headers(std::size_t certificate_columns);
  /// Writes out signatures that came after the last closing.
  [[nodiscard]] Status flush_late();

  [[nodiscard]] std::uint64_t resume_from() const { return m_from; }
  [[nodiscard]] bool done() const { return m_at == m_chosen.closings.size(); }
  [[nodiscard]] const Mark& mark() const { return m_mark; }
  [[nodiscard]] std::size_t awaited() const { return m_awaited.size(); }
  [[nodiscard]] const ChosenRegister& chosen() const { return m_chosen; }
  [[nodiscard]] std::uint64_t process_data_length() const;
  [[nodiscard]] std::uint64_t rows(country::de::DsfinvkTable table) const;
  /// "lines.csv" of the first register, "lines.csv.2" of the third.
  [[nodiscard]] std::string file_of(country::de::DsfinvkTable table) const;
  [[nodiscard]] std::uint64_t bytes() const { return m_bytes; }

  /// The master data of the closing whose receipts come next.
  void set_frame(country::de::ClosingFrame frame);
  [[nodiscard]] bool needs_frame() const { return !m_has_frame && !done(); }
  [[nodiscard]] const FoundClosing& current() const { return m_chosen.closings[m_at]; }

 private:
  struct Held {
    std::string plan;
    std::string seal;
    std::string actor;
  };
  /// Writes receipts from the front while they are sealed and belong to this closing.
  [[nodiscard]] Status emit();
  [[nodiscard]] Status emit_one(std::uint64_t sequence, const Held& held, bool& belongs);
  [[nodiscard]] Status spill(bool everything);
  void set_mark();

  const ChosenRegister& m_chosen;
  std::size_t m_number;
  const DsfinvkRequest& m_request;
  country::de::DsfinvkWriter m_writer;
  FileSet& m_files;
  country::de::ViewReader m_reader;
  std::size_t m_at = 0;  // closing under way
  bool m_has_frame = false;
  std::uint64_t m_from = 0;
  std::uint64_t m_receipts = 0;          // of all closings
  std::uint64_t m_closing_receipts = 0;  // of this one
  std::map<std::uint64_t, Held> m_held;  // by plan sequence
  Awaited m_awaited;
  std::array<std::uint64_t, country::de::dsfinvk_tables> m_sizes{};
  std::array<std::uint64_t, country::de::dsfinvk_tables> m_rows_before{};
  std::uint64_t m_process_data_before = 0;
  std::uint64_t m_bytes = 0;
  Mark m_mark;
};

}  // namespace siegel::exports
