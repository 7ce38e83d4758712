#include "runtime/questions.h"

#include <chrono>

#include "crypto/hash.h"

namespace siegel::runtime {
namespace {

// More than one register can leave behind between two answers; asked in pieces.
constexpr std::size_t transactions_a_call = 256;
// Further off, the device's clock is set when it is probed.
constexpr std::chrono::seconds clock_off_max{1};

}  // namespace

Error no_device() { return unavailable("E-TSE-101", "the TSE is not connected"); }

Error no_signer() { return unavailable("E-SIG-101", "the signature device is not connected"); }

Status probe(device::CheckedSigner* signer) {
  if (signer == nullptr) return no_signer();
  static const Hash256 digest = crypto::sha256(bytes_of("Siegel asks whether you sign"));
  SIEGEL_TRY_OK(signer->sign_digest(digest));
  return Ok{};
}

Status probe(device::Tse* tse, Instant now) {
  if (tse == nullptr) return no_device();
  SIEGEL_TRY_OK(tse->self_test());
  SIEGEL_TRY(const device::TseStatus status, tse->status());
  const auto off = now - status.time;
  if (status.time_set && off < clock_off_max && -off < clock_off_max) return Ok{};
  const Status set = tse->set_time(now);
  // A device may want somebody to log in for this. While its clock runs it signs, and a sale needs
  // the signature more than the exact second.
  const bool refused =
      !set && (set.error().kind == ErrorKind::conflict || set.error().kind == ErrorKind::invalid);
  return refused && status.time_set ? Status(Ok{}) : set;
}

Result<std::vector<device::TseTransaction>> reconcile(device::Tse* tse,
                                                      const recorder::Reconcile& question) {
  if (tse == nullptr) return no_device();
  std::vector<device::TseTransaction> found;
  for (const recorder::Reconcile::Ask& ask : question.asks) {
    for (const std::uint64_t number : ask.numbers) {
      SIEGEL_TRY(auto one, tse->find(ask.client, number));
      if (one) found.push_back(std::move(*one));
    }
    std::uint64_t after = ask.after;
    while (true) {
      SIEGEL_TRY(auto some, tse->transactions_after(ask.client, after, transactions_a_call));
      if (some.empty()) break;
      after = some.back().number;
      for (device::TseTransaction& one : some) found.push_back(std::move(one));
    }
  }
  return found;
}

std::vector<std::string> clients_of(const recorder::Reconcile& question) {
  std::vector<std::string> clients;
  for (const recorder::Reconcile::Ask& ask : question.asks) clients.push_back(ask.client);
  return clients;
}

}  // namespace siegel::runtime
