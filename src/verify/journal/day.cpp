#include "verify/journal/day.h"

#include <fmt/format.h>

#include <utility>

#include "model/codec.h"
#include "model/entries.h"
#include "model/rksv.h"
#include "verify/journal/closings.h"
#include "verify/journal/seals.h"

namespace siegel::verify::journal {

struct DayCheck::Parts {
  explicit Parts(std::string id)
      : register_id(std::move(id)),
        seals(report),
        sums(
            [this](std::string_view rule, std::string_view place, std::string_view found,
                   std::string_view expected) {
              report.add(rule, fmt::format("entry {} {}", sequence, place), found, expected,
                         sequence);
            },
            false) {}

  void take_plan(std::string_view payload);
  void take_seal(std::string_view payload);

  std::string register_id;
  Report report;
  SealCheck seals;
  ClosingStory sums;
  std::uint64_t sequence = 0;
  std::uint64_t unsigned_receipts = 0;
  std::map<std::uint64_t, SignedFacts> open;
};

DayCheck::DayCheck(const RegisterInfo& info, const std::vector<TseInfo>& tses,
                   const std::vector<SignerInfo>& signers)
    : m_parts(std::make_unique<Parts>(info.id.text())) {
  for (const TseInfo& tse : tses) m_parts->seals.add_tse(tse, fmt::format("TSE {}", tse.id));
  for (const SignerInfo& signer : signers)
    m_parts->seals.add_signer(signer, fmt::format("signature device {}", signer.id));
  m_parts->sums.take_register(info);
}

DayCheck::~DayCheck() = default;

void DayCheck::take(std::uint64_t sequence, std::string_view kind, std::string_view register_id,
                    std::string_view payload) {
  if (register_id != m_parts->register_id) return;
  m_parts->sequence = sequence;
  if (kind == entry_kind::plan) m_parts->take_plan(payload);
  if (kind == entry_kind::seal) m_parts->take_seal(payload);
}

void DayCheck::Parts::take_plan(std::string_view payload) {
  const auto plan = plan_from_json(payload);
  if (!plan) {
    report.add("JRN-0104", fmt::format("entry {}", sequence), plan.error().detail,
               "the canonical form", sequence);
    return;
  }
  sums.take_plan(*plan, sequence);
  open[sequence] = {plan->register_id.text(), std::string(process_type_text(plan->process_type)),
                    plan->process_data};
}

void DayCheck::Parts::take_seal(std::string_view payload) {
  const auto seal = seal_from_json(payload);
  if (!seal) {
    report.add("JRN-0104", fmt::format("entry {}", sequence), seal.error().detail,
               "the canonical form", sequence);
    return;
  }
  const auto plan = open.find(seal->plan_sequence);
  if (plan == open.end()) return;  // of a receipt that belongs to another closing
  sums.take_seal(register_id, seal->plan_sequence, seal->tse_serial);
  if (seal->outcome == Seal::Outcome::unsigned_outage) ++unsigned_receipts;
  if (seal->outcome == Seal::Outcome::signed_by_tse) {
    const auto tse = seals.find_tse(seal->tse_serial);
    if (tse) {
      seals.add({.place = fmt::format("entry {}", sequence),
                 .order = sequence,
                 .tse = *tse,
                 .facts = std::move(plan->second),
                 .transaction = seal->transaction,
                 .counter = seal->signature_counter,
                 .end = seal->end,
                 .signature = seal->signature});
    } else {
      report.add("JRN-0402", fmt::format("entry {} /tse_serial", sequence), seal->tse_serial,
                 "a TSE put into operation before", sequence);
      report.signatures.count(false);
    }
  } else if (seal->outcome == Seal::Outcome::signed_rksv) {
    seals.add_code({.place = fmt::format("entry {}", sequence),
                    .order = sequence,
                    .signer = seal->signer,
                    .digest = rksv::digest(seal->code_payload),
                    .signature = seal->signature});
  }
  open.erase(plan);
}

std::uint64_t DayCheck::unsigned_receipts() const { return m_parts->unsigned_receipts; }

Report DayCheck::finish(const Closing& closing, std::uint64_t sequence) {
  m_parts->sequence = sequence;
  m_parts->sums.take_closing(closing, sequence);
  m_parts->seals.finish();
  return std::move(m_parts->report);
}

}  // namespace siegel::verify::journal
