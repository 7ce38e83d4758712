#include "vault/vault.h"

#include <fmt/format.h>

#include <algorithm>

#include "crypto/hash.h"

namespace siegel::vault {
namespace {

bool part_is_valid(std::string_view part) {
  return !part.empty() && part.size() <= 64 && part.front() != '.' &&
         std::ranges::all_of(part, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
                  c == '-';
         });
}

}  // namespace

Result<SecretId> SecretId::parse(std::string_view text) {
  const auto refuse = [&] {
    return invalid("E-VLT-001",
                   fmt::format("\"{}\" is no name of a secret: 1 to 5 parts of a-z 0-9 . _ - "
                               "with / between",
                               text.substr(0, 80)));
  };
  if (text.size() > 200 || !valid_utf8(text)) return refuse();
  std::string_view rest = text;
  for (int parts = 1; parts <= 5; ++parts) {
    const auto slash = rest.find('/');
    if (!part_is_valid(rest.substr(0, slash))) return refuse();
    if (slash == std::string_view::npos) return SecretId(std::string(text));
    rest.remove_prefix(slash + 1);
  }
  return refuse();
}

std::string check_value(const SecretId& id, const crypto::SecretBytes& secret) {
  const std::byte zero{0};
  const BytesView separator(&zero, 1);
  const Hash256 hash = crypto::sha256({bytes_of("siegel check value v1"), separator,
                                       bytes_of(id.text()), separator, secret.reveal()});
  return hex(hash).substr(0, 8);
}

}  // namespace siegel::vault
