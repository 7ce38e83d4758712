#include "country/de/qr.h"

#include <fmt/format.h>

namespace siegel::country::de {

std::string qr_text(const Receipt& receipt) {
  if (!receipt.seal || receipt.seal->outcome != Seal::Outcome::signed_by_tse || !receipt.tse ||
      receipt.plan.process_type != ProcessType::kassenbeleg) {
    return {};
  }
  const Plan& plan = receipt.plan;
  const Seal& seal = *receipt.seal;
  return fmt::format("V0;{};{};{};{};{};{};{};{};{};{};{}", plan.register_id.text(),
                     process_type_text(plan.process_type), plan.process_data, seal.transaction,
                     seal.signature_counter, seal.start.text(), seal.end.text(),
                     receipt.tse->algorithm, receipt.tse->time_format, base64(seal.signature),
                     base64(receipt.tse->public_key));
}

}  // namespace siegel::country::de
