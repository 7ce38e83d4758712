#include <fmt/format.h>

#include <utility>

#include "app/shop/open_shop.h"
#include "crypto/aes.h"

namespace siegel::app {

Result<SignerInfo> OpenShop::create_signer(CreateSigner create, const std::string& actor) {
  SIEGEL_TRY_OK(need_writing());
  SignerSettings& settings = create.settings;
  SIEGEL_TRY(const vault::SecretId secret_id, signer_secret_id(settings.id));
  const recorder::State known = m_engine->state();
  if (!known.business)
    return conflict("E-REG-106", "name and address of the business are not set yet");
  const auto same_id = known.signers.find(settings.id);
  const SignerInfo* old = same_id == known.signers.end() ? nullptr : &same_id->second;
  crypto::SecretBytes secret = std::move(create.secret);
  std::unique_ptr<device::CheckedSigner> signer;
  if (settings.kind == "softkey" && old != nullptr && old->kind == "softkey") return *old;
  if (settings.kind == "softkey") {
    const std::string& owner =
        known.business->vat_id.empty() ? known.business->tax_number : known.business->vat_id;
    SIEGEL_TRY(SoftSigner made,
               make_soft_signer(m_place.folder, settings.id, "UID " + owner, m_environment));
    signer = std::move(made.signer);
    secret = std::move(made.secret);
    if (settings.provider.empty()) settings.provider = "AT100";
    // A key in a file has no provider behind it, whatever a receipt says.
    if (settings.provider != "AT0" && settings.provider != "AT9" && settings.provider != "AT100")
      return invalid("E-AUT-122",
                     fmt::format("a software signer is of AT100, AT9 (for test transmissions) or "
                                 "AT0 (closed system), not of {}",
                                 settings.provider),
                     "--provider");
  } else {
    settings.pin_confirmed = true;
    SIEGEL_TRY(signer, make_signer(m_place.folder, settings, old, secret.clone(), m_environment));
  }
  SIEGEL_TRY(const SignerInfo info,
             inspect_signer(settings, *signer, *known.business, m_environment.clock.now().wall));
  for (const auto& [id, other] : known.signers) {
    const bool same = other.serial == info.serial;
    if (same != (id == info.id))
      return conflict("E-AUT-119", fmt::format("{} is the device with serial {}", id, other.serial),
                      "--id");
  }
  if (settings.kind == "smartcard") settings.serial = info.serial;
  if (!secret.empty()) SIEGEL_TRY_OK(m_vault->put(secret_id, secret));
  SIEGEL_TRY_OK(write_signer_settings(m_place.folder, settings));
  if (old != nullptr) return info;
  m_engine->add_signer(info.id, signer.get());
  m_signers[info.id] = std::move(signer);
  SIEGEL_TRY_OK(call(actor, recorder::Master{.value = info}));
  return info;
}

Result<crypto::SecretBytes> OpenShop::make_aes_key(const RegisterId& id,
                                                   const crypto::SecretBytes* given) {
  SIEGEL_TRY_OK(need_writing());
  SIEGEL_TRY(const vault::SecretId key_id, aes_key_id(id));
  auto there = m_vault->get(key_id);
  if (there) {
    if (given != nullptr && !there->equals(*given))
      return conflict("E-AUT-118",
                      fmt::format("register {} has another AES key already", id.text()));
    return there;
  }
  if (there.error().kind != ErrorKind::not_found) return there;
  crypto::SecretBytes key =
      given == nullptr ? crypto::SecretBytes::random(crypto::aes256_key_bytes, m_environment.random)
                       : given->clone();
  if (key.size() != crypto::aes256_key_bytes)
    return invalid("E-CRY-007", "an AES-256 key has 32 bytes");
  SIEGEL_TRY_OK(m_vault->put(key_id, key));
  return key;
}

Result<crypto::SecretBytes> OpenShop::aes_key(const RegisterId& id) {
  SIEGEL_TRY(vault::Vault* const secrets, vault());
  SIEGEL_TRY(const vault::SecretId key_id, aes_key_id(id));
  return secrets->get(key_id);
}

}  // namespace siegel::app
