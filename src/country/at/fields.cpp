#include "country/at/fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <optional>

#include "crypto/aes.h"
#include "crypto/hash.h"

namespace siegel::country::at {
namespace {

constexpr std::size_t counter_bytes = 8;

bool all_of(std::string_view text, std::string_view alphabet) {
  return text.find_first_not_of(alphabet) == std::string_view::npos;
}

bool is_open_serial(std::string_view serial) {
  return !serial.empty() && serial.front() != '0' && all_of(serial, "0123456789abcdef");
}

// "U:ATU12345678-K1"
bool is_closed_serial(std::string_view serial) {
  constexpr std::string_view digits = "0123456789";
  constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  if (!serial.starts_with("U:") && !serial.starts_with("G:") && !serial.starts_with("S:")) {
    return false;
  }
  const std::size_t dash = serial.find('-');
  if (dash == std::string_view::npos || dash < 3 || dash + 1 == serial.size()) return false;
  const std::string alphanumeric = fmt::format("{}{}", digits, letters);
  return all_of(serial.substr(2, dash - 2), alphanumeric) &&
         all_of(serial.substr(dash + 1), alphanumeric);
}

bool is_closed(const SignerInfo& signer) { return signer.provider == "AT0"; }

}  // namespace

std::string amount_field(Money amount) {
  std::string text = amount.text();
  std::ranges::replace(text, '.', ',');
  return text;
}

Result<std::string> turnover_field(const crypto::SecretBytes& aes_key, std::string_view cash_box_id,
                                   std::string_view receipt_number, std::int64_t counter) {
  if (aes_key.size() != crypto::aes256_key_bytes) {
    return conflict("E-RKS-105",
                    fmt::format("the AES key of register {} has {} bytes instead of {}",
                                cash_box_id, aes_key.size(), crypto::aes256_key_bytes));
  }
  const Hash256 hash = crypto::sha256({bytes_of(cash_box_id), bytes_of(receipt_number)});
  const auto iv = std::span(hash).first<crypto::aes_block_bytes>();
  ByteArray<counter_bytes> plain{};
  store_be64(plain, std::bit_cast<std::uint64_t>(counter));
  SIEGEL_TRY(const Bytes cipher, crypto::aes256_ctr(aes_key, iv, plain));
  return base64(cipher);
}

std::array<Money, 5> slot_sums(const std::vector<VatSum>& vat) {
  std::array<Money, 5> sums{};
  for (const VatSum& sum : vat) sums.at(static_cast<std::size_t>(sum.slot - 1)) += sum.gross;
  return sums;
}

std::string code_payload(const Plan& plan, const SignerInfo& signer) {
  SIEGEL_CHECK(plan.rksv.has_value());
  const RksvPlan& rksv = *plan.rksv;
  std::string payload = fmt::format("_R1-{}_{}_{}_{}", signer.provider, plan.register_id.text(),
                                    plan.receipt_number, rksv.time);
  for (const Money amount : rksv.amounts) {
    payload += '_';
    payload += amount_field(amount);
  }
  payload += fmt::format("_{}_{}_{}", rksv.turnover, signer.serial, rksv.chaining);
  return payload;
}

Status check_signer(const SignerInfo& signer) {
  constexpr std::array<std::string_view, 5> providers = {"AT0", "AT1", "AT2", "AT3", "AT100"};
  if (std::ranges::find(providers, signer.provider) == providers.end() ||
      (signer.provider == "AT100" && !signer.development)) {
    return invalid("E-RKS-121",
                   fmt::format("device {} names the provider \"{}\"; known are AT0, AT1, AT2, AT3, "
                               "and AT100 for development",
                               signer.id, excerpt(signer.provider)),
                   "/provider");
  }
  if (is_closed(signer) ? is_closed_serial(signer.serial) : is_open_serial(signer.serial)) {
    return Ok{};
  }
  return invalid(
      "E-RKS-122",
      fmt::format(
          "the serial \"{}\" of device {} is not {}", excerpt(signer.serial), signer.id,
          is_closed(signer) ? "like U:ATU12345678-K1" : "lower-case hex without leading zeros"),
      "/serial");
}

Status check_signers(std::span<const SignerInfo> signers) {
  for (const SignerInfo& signer : signers) {
    SIEGEL_TRY_OK(check_signer(signer));
    if (is_closed(signer) == is_closed(signers.front())) continue;
    return conflict(
        "E-RKS-123",
        fmt::format("{} is of {}, {} of {}: one register uses one kind", signers.front().id,
                    is_closed(signers.front()) ? "a closed system" : "an open system", signer.id,
                    is_closed(signer) ? "a closed system" : "an open one"),
        "/signers");
  }
  return Ok{};
}

}  // namespace siegel::country::at
