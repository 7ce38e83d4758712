#include "finanzonline/answers.h"

#include <cstdint>

#include "base/check.h"

using namespace siegel;
using namespace siegel::finanzonline;

namespace {

template <class Answer>
void check_error(const Result<Answer>& answer) {
  if (answer.ok()) return;
  SIEGEL_CHECK(answer.error().code.starts_with("E-FON-01"));
  SIEGEL_CHECK(valid_utf8(answer.error().detail));
}

void check_depth(const std::vector<Check>& checks, int left) {
  SIEGEL_CHECK(left > 0);
  for (const auto& check : checks) check_depth(check.parts, left - 1);
}

}  // namespace

/// Any bytes as the answer of FinanzOnline: a value that keeps its promises, or an error with a
/// code of ours.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view xml(reinterpret_cast<const char*>(data), size);
  check_error(parse_login(xml));
  check_error(parse_logout(xml));
  check_error(parse_databox(xml));
  check_error(parse_databox_entry(xml));
  const auto package = parse_package(xml);
  check_error(package);
  if (!package.ok()) return 0;
  for (const auto& item : package->items) {
    SIEGEL_CHECK(!item.message().code.empty());
    SIEGEL_CHECK(valid_utf8(item.message().text));
    check_depth(item.checks, 64);
    if (item.checks.empty()) SIEGEL_CHECK(failing(item.checks).empty());
    static_cast<void>(item.next());
  }
  return 0;
}
