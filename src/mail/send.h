#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "base/time.h"
#include "mail/notice.h"
#include "net/smtp.h"

namespace siegel::mail {

/// Where notices go, as configured (AMA-033). Moves only: it holds the server's password.
struct Settings {
  net::MailServer server;
  net::MailAddress from;
  std::string from_name = "Siegel";
  std::vector<net::MailAddress> to;  ///< at most 50
};
/// The addresses of a setting like "a@x.at; b@y.at, c@z.at". Empty text: none. Each once.
/// Errors E-NET-021 (place: the address), E-MAI-001: more than 50.
[[nodiscard]] Result<std::vector<net::MailAddress>> parse_addresses(std::string_view text);

struct Failure {
  net::MailAddress to;
  Error error;
};
/// Whoever is in `failed` did not get it; the others did. Kind `unavailable` and `unknown` may be
/// tried again later for these addresses, `invalid` not.
struct Delivery {
  std::vector<net::MailAddress> delivered;
  std::vector<Failure> failed;
};

/// Sends a notice to each address in a mail of its own, so that one wrong address costs the others
/// nothing. Blocking; tries each once; keeps no queue. After a failure that concerns the server and
/// not the address (no connection, login), the others are not tried but reported with it.
[[nodiscard]] Delivery send(const Settings& settings, const Text& text, Instant now,
                            Random& random);

}  // namespace siegel::mail
