#include "device/smartcard/smartcard.h"

#include <fmt/format.h>

#include <utility>

#include "device/smartcard/card_signer.h"
#include "device/smartcard/pcsc.h"

namespace siegel::device::smartcard {
namespace {

constexpr std::size_t digest_bytes = 32;

struct SignerCode {
  std::string_view card;
  std::string_view signer;
};
// The rest is E-SIG-101: it does not work now, the next call may.
constexpr SignerCode signer_codes[] = {
    {"E-CRD-105", "E-SIG-104"}, {"E-CRD-106", "E-SIG-103"}, {"E-CRD-107", "E-SIG-103"},
    {"E-CRD-201", "E-SIG-201"}, {"E-CRD-202", "E-SIG-202"}, {"E-CRD-203", "E-SIG-205"},
    {"E-CRD-204", "E-SIG-108"}, {"E-CRD-207", "E-SIG-202"}, {"E-CRD-208", "E-SIG-203"},
    {"E-CRD-302", "E-SIG-203"},
};

/// A till need not know of cards: for it the device does not work, and why is for people.
Error for_tills(const Error& error) {
  std::string_view code = "E-SIG-101";
  for (const SignerCode& known : signer_codes)
    if (known.card == error.code) code = known.signer;
  return unavailable(code, fmt::format("{} ({})", error.detail, error.code), error.place);
}

}  // namespace

class SmartCard::Impl {
 public:
  Impl(std::unique_ptr<CardReaders> readers, SmartCardOptions options)
      : m_readers(std::move(readers)), card(*m_readers, options.serial, std::move(options.pin)) {}

 private:
  std::unique_ptr<CardReaders> m_readers;

 public:
  CardSigner card;
};

SmartCard::SmartCard(std::unique_ptr<CardReaders> readers, SmartCardOptions options)
    : m_impl(std::make_unique<Impl>(std::move(readers), std::move(options))) {}

SmartCard::~SmartCard() = default;

Result<SignerIdentity> SmartCard::identity() {
  const auto found = m_impl->card.certificate();
  if (!found) return for_tills(found.error());
  return SignerIdentity{.kind = "smartcard",
                        .algorithm = "ecdsa-plain-SHA256",
                        .public_key = found->key.point(),
                        .provider = std::string(provider)};
}

Result<std::vector<Bytes>> SmartCard::certificates() {
  const auto found = m_impl->card.certificate();
  if (!found) return for_tills(found.error());
  return std::vector<Bytes>{found->certificate.der()};
}

Result<Bytes> SmartCard::sign_digest(BytesView digest) {
  SIEGEL_TRY_OK(check_digest(digest, digest_bytes));
  auto signature = m_impl->card.sign(digest);
  if (!signature) return for_tills(signature.error());
  return signature;
}

std::unique_ptr<SmartCard> open_smart_card(SmartCardOptions options) {
  return std::make_unique<SmartCard>(pcsc_readers(), std::move(options));
}

}  // namespace siegel::device::smartcard
