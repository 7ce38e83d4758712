#include "device/atrust/answers.h"

#include <cstdint>

#include "base/check.h"
#include "crypto/x509.h"

using namespace siegel;
using namespace siegel::device::atrust;

/// Whatever a service answers: a value within its limits, or an error that starts an outage.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto check_error = [](const Error& error) {
    SIEGEL_CHECK(error.kind == ErrorKind::unavailable && error.code.starts_with("E-SIG-10"));
    SIEGEL_CHECK(valid_utf8(error.detail));
  };
  const auto signature = signature_answer(text);
  if (!signature.ok()) check_error(signature.error());
  const auto session = session_answer(text);
  if (session.ok()) {
    SIEGEL_CHECK(!session->id.empty() && !session->key.empty());
  } else {
    check_error(session.error());
  }
  for (const auto& certificates : {certificate_answer(text), certificates_answer(text)}) {
    if (!certificates.ok()) {
      check_error(certificates.error());
      continue;
    }
    SIEGEL_CHECK(!certificates->empty());
    for (const Bytes& one : *certificates) SIEGEL_CHECK(crypto::Certificate::parse(one).ok());
  }
  const auto zda = zda_answer(text);
  if (zda.ok()) {
    SIEGEL_CHECK(zda->starts_with("AT") && zda->size() <= 5);
  } else {
    check_error(zda.error());
  }
  if (const auto bytes = from_any_base64(text)) {
    SIEGEL_CHECK(from_any_base64(base64(*bytes)) == bytes);
  }
  return 0;
}
