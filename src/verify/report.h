#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "verify/rules.h"

namespace siegel::verify {

/// Where in a table a finding lies; what is not known stays empty.
struct Place {
  std::string_view file = {};
  std::uint64_t line = 0;  ///< from 1; 0: the file as a whole
  std::string_view column = {};
  std::string_view closing = {};  ///< "K1/3": register and number of the closing
  std::string_view receipt = {};  ///< id of the Vorgang
};

/// One thing found. All texts are valid UTF-8 without control characters and at most
/// `finding_text_max` bytes each.
struct Finding {
  std::string rule;
  Severity severity = Severity::violation;
  std::string place;     ///< file in the archive, entry of the journal, field of the code
  std::string found;     ///< what is there
  std::string expected;  ///< what should be there
  std::string source;    ///< paragraph
  // Where the place is a place in a table (see Place):
  std::string file = {};
  std::uint64_t line = 0;
  std::string column = {};
  std::string closing = {};
  std::string receipt = {};
};
inline constexpr std::size_t finding_text_max = 300;

enum class Verdict {
  pass,      ///< nothing found
  findings,  ///< only warnings and infos
  fail,      ///< at least one violation
};
/// "pass", "findings", "fail".
[[nodiscard]] std::string_view verdict_name(Verdict verdict);

/// Log messages, codes or seals whose signature was to be checked. One that cannot be read counts
/// as invalid; one whose key is not there is not counted. checked == valid + invalid.
struct SignatureCounts {
  std::uint64_t checked = 0;
  std::uint64_t valid = 0;
  std::uint64_t invalid = 0;

  void count(bool is_valid) {
    ++checked;
    ++(is_valid ? valid : invalid);
  }
};

/// How far a long run is, in bytes or entries; called now and then from the calling thread.
using Progress = std::function<void(std::uint64_t done, std::uint64_t total)>;

/// What a verification found. Memory is bounded: of each rule the first `listed_max` findings are
/// kept word for word, of the others the number; findings() says so with one finding more. A value;
/// one thread at a time.
class Report {
 public:
  static constexpr std::size_t listed_max = 1000;

  /// `rule` is an id of the catalogue (checked). Texts may be any bytes: they are cut and made
  /// printable. `order` ranks findings in findings(); those of one rule must be added in rising
  /// order for the first ones to be kept.
  void add(std::string_view rule, std::string_view place, std::string_view found,
           std::string_view expected, std::uint64_t order = order_last);
  /// The same for a place in a table, of which `place` is made; of a severity other than the
  /// rule's, if given.
  void add(std::string_view rule, const Place& place, std::string_view found,
           std::string_view expected, std::uint64_t order, std::optional<Severity> severity = {});
  /// So many findings more that are only counted.
  void add_number(std::string_view rule, Severity severity, std::uint64_t number);
  /// A rule for which something is missing; `why` is one sentence.
  void add_not_checked(std::string_view rule, std::string_view why);
  struct NotChecked {
    std::string rule;
    std::string why;
  };
  [[nodiscard]] const std::vector<NotChecked>& not_checked() const { return m_not_checked; }
  static constexpr std::uint64_t order_last = ~std::uint64_t{0};

  /// True: further findings of this rule are only counted, their texts are not looked at.
  [[nodiscard]] bool is_full(std::string_view rule) const;

  /// Takes the findings and counts of another run over other parts; keeps the first by `order`.
  void merge(Report&& other);

  SignatureCounts signatures;

  [[nodiscard]] Verdict verdict() const;
  /// How often a rule was found, listed or not.
  [[nodiscard]] std::uint64_t count(std::string_view rule) const;
  [[nodiscard]] std::uint64_t count(Severity severity) const;
  /// By `order`, then as they were added; a rule's "and n more" stands at the end.
  [[nodiscard]] std::vector<Finding> findings() const;
  /// One line of JSON as docs/reference/verify-rules.md describes it.
  [[nodiscard]] std::string json() const;

 private:
  struct Listed {
    std::uint64_t order;
    std::uint64_t added;
    std::string place;
    std::string found;
    std::string expected;
    std::string file = {};
    std::uint64_t line = 0;
    std::string column = {};
    std::string closing = {};
    std::string receipt = {};
  };
  struct OfRule {
    std::uint64_t count = 0;
    std::vector<Listed> listed;
  };
  using Key = std::pair<const Rule*, Severity>;
  std::map<Key, OfRule> m_rules;
  std::vector<NotChecked> m_not_checked;
  std::uint64_t m_added = 0;
};

/// `text` as it may be shown: cut to `finding_text_max` bytes (with `...`), bytes that are not
/// printable UTF-8 as `\xNN`.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace siegel::verify
