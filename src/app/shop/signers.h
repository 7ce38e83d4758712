#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "app/shop/shop.h"
#include "base/result.h"
#include "crypto/secret.h"
#include "device/device.h"
#include "model/master.h"
#include "vault/vault.h"

// Signature devices of a data folder (Austria): how each is reached, where its secret lies, what is
// looked at before it is put into operation. docs/formats/signers.md.

namespace siegel::app {

/// AES-256 key of a register: "aes/<hex of the id>". Ids may hold characters no secret's name has.
[[nodiscard]] Result<vault::SecretId> aes_key_id(const RegisterId& id);
/// PIN or password of a signature device; the key of a software one.
[[nodiscard]] Result<vault::SecretId> signer_secret_id(const std::string& signer);

/// `signers/<id>.json`, replaced as a whole. Errors E-FIL-004.
[[nodiscard]] Status write_signer_settings(const std::filesystem::path& folder,
                                           const SignerSettings& settings);
/// Errors E-AUT-110 (not_found): there is none; E-AUT-111 (corrupt): it cannot be read.
[[nodiscard]] Result<SignerSettings> read_signer_settings(const std::filesystem::path& folder,
                                                          const std::string& id);

/// Asks a device who it is, compares that with the entrepreneur and lets it sign once. Nothing is
/// written. Errors besides those of the device, all before it signs (a card has not been shown its
/// PIN then; a token wants it to show its key):
/// E-AUT-112 (conflict) its certificate names another entrepreneur,
/// E-AUT-113 (conflict) its certificate is not valid now, E-AUT-114 (invalid) it says no provider
/// and none was named, E-AUT-115 (conflict) it is no key of P-256.
[[nodiscard]] Result<SignerInfo> inspect_signer(const SignerSettings& settings,
                                                device::Signer& signer, const Business& business,
                                                Instant now);

/// "ATU" and eight digits [UStG Art. 28], blanks and case as people write them. E-AUT-101
/// otherwise.
[[nodiscard]] Result<std::string> austrian_vat_id(std::string_view text);

}  // namespace siegel::app
