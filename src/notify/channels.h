#pragma once

#include <atomic>
#include <string>

#include "base/random.h"
#include "base/result.h"
#include "base/time.h"
#include "notify/event.h"
#include "notify/settings.h"
#include "vault/vault.h"

namespace siegel::notify {

/// The value of the header `webhook-signature`: "v1," and base64 of HMAC-SHA256 over
/// "<id>.<timestamp>.<body>" [Standard Webhooks].
[[nodiscard]] std::string webhook_signature(const crypto::SecretBytes& secret, std::string_view id,
                                            std::int64_t unix_seconds, std::string_view body);

/// What every delivery needs. All of it outlives the call.
struct Channels {
  const Settings& settings;
  vault::Vault& vault;
  const Clock& clock;
  /// When it becomes true a delivery under way ends within about a second. May be null.
  const std::atomic<bool>* stop = nullptr;
};

/// Tells one recipient (of mail: one address) of one event. Blocking; tries once. Kind `invalid`:
/// no later try will help until a person changes something. Errors: those of net::send_mail,
/// HttpClient and run_command; E-NOT-106 (invalid) a mail without a server; E-VLT-00x; E-NOT-111
/// (unavailable) the webhook answered another status than 2xx, E-NOT-112 (invalid) 410: it wants
/// nothing any more; E-NOT-122 (unavailable) the command ended with another code than 0.
[[nodiscard]] Status deliver(const Channels& channels, const Recipient& recipient,
                             const std::string& address, const Event& event);

}  // namespace siegel::notify
