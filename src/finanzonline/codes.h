#pragma once

#include <span>
#include <string_view>

#include "model/master.h"

// The return codes of FinanzOnline: what each means and what to do.
namespace siegel::finanzonline {

/// What a program may do after a return code.
enum class Next {
  done,         ///< accepted
  ask_status,   ///< perhaps it was accepted earlier: only the status tells
  retry_later,  ///< a fault on their side: send the same again later
  never_retry,  ///< sending again makes it worse or changes nothing: a person decides
  fix_input,    ///< correct the data, then send again
};

struct ReturnCode {
  std::string_view code;        ///< as it is in the answer: "0", "-1", "43", "B10"
  std::string_view meaning_de;  ///< one sentence
  std::string_view meaning_en;
  std::string_view action_de;  ///< what a person does; one or two sentences
  std::string_view action_en;
  Next next;

  [[nodiscard]] std::string_view meaning(Language language) const {
    return language == Language::de ? meaning_de : meaning_en;
  }
  [[nodiscard]] std::string_view action(Language language) const {
    return language == Language::de ? action_de : action_en;
  }
};

/// Codes of `rkdb`. One that is not in the table is answered as `never_retry` with code "?".
[[nodiscard]] const ReturnCode& return_code(std::string_view code);
/// Codes of login and logout. Unknown as above.
[[nodiscard]] const ReturnCode& session_code(int code);
/// Codes of the DataBox.
[[nodiscard]] const ReturnCode& databox_code(int code);

[[nodiscard]] std::span<const ReturnCode> return_codes();
[[nodiscard]] std::span<const ReturnCode> session_codes();
[[nodiscard]] std::span<const ReturnCode> databox_codes();
/// "done", "ask_status", "retry_later", "never_retry", "fix_input".
[[nodiscard]] std::string_view word(Next next);

}  // namespace siegel::finanzonline
