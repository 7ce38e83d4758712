#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "base/random.h"
#include "base/result.h"
#include "base/time.h"
#include "journal/witness.h"

// Which copy of a data folder goes on with the journal: instance.json in the folder and `owner` in
// the witness know the same mark (docs/formats/witness.md, docs/decisions/0047-copies.md).

namespace siegel::app {

/// instance.json. One thread at a time.
class Instance {
 public:
  /// An absent or unreadable file is one without a mark.
  static Instance load(const std::filesystem::path& folder);

  /// E-JRN-311 (conflict): the witness was moved by another copy of this folder since this one was
  /// open last; nothing was changed. A witness without an owner is nobody's yet.
  [[nodiscard]] Status check(const std::optional<journal::Witness>& witness) const;

  /// " (moved last by another copy: ...)" for what does not fit that witness; empty if it is ours.
  [[nodiscard]] std::string other_copy(const std::optional<journal::Witness>& witness) const;

  /// Makes a new mark and moves the witness with it; from then on every other copy is refused. The
  /// folder first: a power cut in between leaves a folder that knows both. Without a witness file
  /// nothing moves. Errors (E-FIL-004): this folder is still accepted, and so may others be.
  [[nodiscard]] Status take(const std::optional<journal::Witness>& witness,
                            const std::filesystem::path& witness_file, Random& random, Instant now);

  /// The witness as it is to be written by this copy: false if another one has moved it.
  [[nodiscard]] bool owns(const std::optional<journal::Witness>& witness) const;
  [[nodiscard]] journal::WitnessOwner owner() const { return m_owner; }

  /// What a person has accepted of a TSE: transactions up to this number that the journal lacks.
  [[nodiscard]] std::uint64_t accepted(const std::string& serial) const;
  /// A person's decision waits for the numbers to be written down.
  [[nodiscard]] bool accepts() const { return m_accepts; }
  [[nodiscard]] Status accept(const std::map<std::string, std::uint64_t>& transactions);

  /// A person says that this folder goes on, whatever other copies there are. The witness must be
  /// in the journal already (journal::check_witness).
  [[nodiscard]] Status take_over(const std::optional<journal::Witness>& witness);

 private:
  explicit Instance(std::filesystem::path folder) : m_folder(std::move(folder)) {}
  [[nodiscard]] Status save() const;

  std::filesystem::path m_folder;
  journal::WitnessOwner m_owner;  ///< mark empty: none yet
  std::string m_previous;         ///< the mark before, in case the witness could not be moved
  bool m_accepts = false;
  std::map<std::string, std::uint64_t> m_accepted;
};

}  // namespace siegel::app
