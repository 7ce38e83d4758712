#pragma once

#include <string>
#include <vector>

#include "app/command_line.h"
#include "app/context.h"
#include "app/shop/shop.h"
#include "app/shop/signers.h"
#include "finanzonline/requests.h"

// What the commands of Austria share.

namespace siegel::app {

/// E-AUT-103 (conflict): the shop is not in Austria.
[[nodiscard]] Result<std::unique_ptr<Shop>> open_austrian(const Context& context, Shop::Mode mode);

/// How a signature device is named on the command line. Secrets come from files only.
struct SignerOptions {
  std::string id, kind, pin_file;
  SignerSettings settings;
  std::string closed_system;  ///< key id of a closed system
  bool default_pin = false;
};
CommandLine::Command& add_signer_options(CommandLine::Command& command, SignerOptions& options);

/// Puts the device named by the options into operation; of smart cards without a serial every card
/// that is ready.
[[nodiscard]] Result<std::vector<SignerInfo>> add_signers(const Context& context, Shop& shop,
                                                          const SignerOptions& options);

/// A receipt without amount, made with a key of its own: repeated after an interruption it is made
/// once. `name`: period or title.
[[nodiscard]] Result<Receipt> make_special(Shop& shop, const RegisterId& id, ReceiptKind kind,
                                           const std::string& name, const std::string& actor);

/// Sends these: first as a test, in production afterwards if wanted. What FinanzOnline says is
/// shown and recorded. False: something was refused.
[[nodiscard]] Result<bool> transmit_all(const Context& context, Shop& shop,
                                        std::vector<finanzonline::Item> items,
                                        const std::string& access, bool production);
/// Sends what is not registered yet: first as a test, in production afterwards if wanted. What
/// FinanzOnline says is shown and recorded. False: something was refused.
[[nodiscard]] Result<bool> register_with_finanzonline(const Context& context, Shop& shop,
                                                      const RegisterId& id,
                                                      const std::string& access, bool production);
/// Has a receipt checked; the result is recorded. False: it did not pass.
[[nodiscard]] Result<bool> check_with_finanzonline(const Context& context, Shop& shop,
                                                   const std::string& receipt_number,
                                                   const std::string& access, bool production);

[[nodiscard]] json::Array strings_of(const std::vector<std::string>& texts);

}  // namespace siegel::app
