#include "mail/send.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace siegel::mail {
namespace {

constexpr std::size_t addresses_max = 50;

// Whether an error says something about the address or the mail, so that others may still get it.
bool concerns_the_address(const Error& error) {
  return error.code == "E-NET-024" || error.code == "E-NET-025";
}

}  // namespace

Result<std::vector<net::MailAddress>> parse_addresses(std::string_view text) {
  constexpr std::string_view separators = ";, \t\r\n";
  std::vector<net::MailAddress> addresses;
  while (true) {
    const auto begin = text.find_first_not_of(separators);
    if (begin == std::string_view::npos) return addresses;
    text.remove_prefix(begin);
    const auto one = text.substr(0, text.find_first_of(separators));
    text.remove_prefix(one.size());
    auto address = net::MailAddress::parse(one);
    if (!address) {
      auto error = std::move(address).error();
      error.place = excerpt(one);
      return error;
    }
    if (std::ranges::find(addresses, *address) != addresses.end()) continue;
    if (addresses.size() == addresses_max) {
      return invalid("E-MAI-001", fmt::format("more than {} addresses", addresses_max));
    }
    addresses.push_back(std::move(*address));
  }
}

Delivery send(const Settings& settings, const Text& text, Instant now, Random& random) {
  Delivery delivery;
  std::optional<Error> server_error;
  for (const auto& to : settings.to) {
    if (server_error) {
      delivery.failed.push_back({to, *server_error});
      continue;
    }
    const auto sent = net::send_mail(settings.server, {.from = settings.from,
                                                       .from_name = settings.from_name,
                                                       .to = {to},
                                                       .subject = text.subject,
                                                       .text = text.body,
                                                       .date = now,
                                                       .id = net::mail_id(random)});
    if (sent.ok()) {
      delivery.delivered.push_back(to);
      continue;
    }
    if (!concerns_the_address(sent.error())) server_error = sent.error();
    delivery.failed.push_back({to, sent.error()});
  }
  return delivery;
}

}  // namespace siegel::mail
