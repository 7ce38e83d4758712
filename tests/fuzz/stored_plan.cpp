#include <cstdint>

#include "base/check.h"
#include "model/care.h"
#include "model/codec.h"

using namespace siegel;

namespace {

template <class T>
void check(const Result<T>& read, std::string_view json) {
  if (read.ok()) {
    SIEGEL_CHECK(to_json(*read) == json);
  } else {
    SIEGEL_CHECK(read.error().kind == ErrorKind::corrupt && read.error().code == "E-MOD-101");
  }
}

}  // namespace

/// A stored entry has one form: what is accepted is written back byte for byte.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view json(reinterpret_cast<const char*>(data), size);
  check(plan_from_json(json), json);
  check(seal_from_json(json), json);
  check(business_from_json(json), json);
  check(register_from_json(json), json);
  check(tse_from_json(json), json);
  check(profile_from_json(json), json);
  check(tse_checked_from_json(json), json);
  check(tse_retired_from_json(json), json);
  check(clock_confirmed_from_json(json), json);
  return 0;
}
