#include "country/at/export/container.h"

#include <fmt/format.h>

#include <map>
#include <string>
#include <string_view>

#include "crypto/ec.h"

namespace siegel::country::at {
namespace {

std::string certificate_or_key(const SignerInfo& signer) {
  if (!signer.certificates.empty()) return base64(signer.certificates.front());
  const auto key = crypto::PublicKey::from_point(signer.public_key);
  return key.ok() ? base64(key->spki_der()) : std::string();
}

}  // namespace

crypto::SecretBytes container_json(const crypto::SecretBytes& aes_key,
                                   std::span<const SignerInfo> signers) {
  std::map<std::string_view, const SignerInfo*> by_serial;
  for (const SignerInfo& signer : signers) by_serial[signer.serial] = &signer;
  // Base64 and serials (letters, digits, ':' and '-') need no escapes.
  std::string devices;
  for (const auto& [serial, signer] : by_serial) {
    devices += fmt::format(
        R"({}"{}":{{"id":"{}","signatureCertificateOrPublicKey":"{}","signatureDeviceType":"{}"}})",
        devices.empty() ? "" : ",", serial, serial, certificate_or_key(*signer),
        signer->certificates.empty() ? "PUBLIC_KEY" : "CERTIFICATE");
  }
  std::string key = base64(aes_key.reveal());
  const std::string_view parts[] = {R"({"base64AESKey":")", key,
                                    R"(","certificateOrPublicKeyMap":{)", devices, "}}"};
  std::size_t size = 0;
  for (const std::string_view part : parts) size += part.size();
  crypto::SecretBytes out(size);
  auto to = out.writable().begin();
  for (const std::string_view part : parts) to = std::ranges::copy(bytes_of(part), to).out;
  crypto::wipe(std::as_writable_bytes(std::span(key)));
  return out;
}

}  // namespace siegel::country::at
