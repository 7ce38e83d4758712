#include "crypto/openssl.h"

#include <array>

namespace siegel::crypto::detail {

std::string openssl_reason() {
  const auto code = ERR_peek_last_error();
  if (code == 0) return "no reason given";
  std::array<char, 256> text{};
  ERR_error_string_n(code, text.data(), text.size());
  return text.data();
}

}  // namespace siegel::crypto::detail
