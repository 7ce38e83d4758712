#include "verify/journal/rksv_story.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "crypto/signer_certificate.h"
#include "crypto/x509.h"
#include "model/rksv.h"

namespace siegel::verify::journal {

namespace {

constexpr std::size_t field_10_length = 12;  // base64 of 8 bytes

std::string amount_text(Money amount) {
  std::string text = amount.text();
  std::ranges::replace(text, '.', ',');
  return text;
}

std::array<Money, 5> sums_of(const Plan& plan) {
  std::array<Money, 5> sums{};
  for (const VatSum& sum : plan.vat) {
    if (sum.slot >= 1 && sum.slot <= 5)
      sums.at(static_cast<std::size_t>(sum.slot) - 1) += sum.gross;
  }
  return sums;
}

std::string text_of_sums(const std::array<Money, 5>& sums) {
  std::string text;
  for (const Money sum : sums)
    text += fmt::format("{}{}", text.empty() ? "" : "_", amount_text(sum));
  return text;
}

/// Money in or out of the drawer, tips handed on, money of others [BAO 131b].
bool is_turnover(const PlanLine& line) {
  using enum GvTyp;
  constexpr std::array not_turnover = {anfangsbestand, privatentnahme,     privateinlage,
                                       geldtransit,    lohnzahlung,        einzahlung,
                                       auszahlung,     differenz_soll_ist, trinkgeld_an};
  return line.agency == 0 && !line.cancelled &&
         std::ranges::find(not_turnover, line.gv_typ) == not_turnover.end();
}

/// Delivered on account and nothing given for it, neither money nor a voucher.
bool is_on_account(const Plan& plan) {
  bool claim = false;
  for (const PlanLine& line : plan.lines) {
    if (line.cancelled) continue;
    if (line.gv_typ == GvTyp::einzweckgutschein_einloesung ||
        line.gv_typ == GvTyp::mehrzweckgutschein_einloesung) {
      return false;
    }
    claim = claim || line.gv_typ == GvTyp::forderungsentstehung;
  }
  return claim && std::ranges::all_of(plan.payments, [](const PlanPayment& payment) {
           return payment.kind == PaymentKind::keine || payment.value == Money();
         });
}

/// Something was sold for money, or what counts as money.
bool is_barumsatz(const Plan& plan) {
  const bool may_be_paid = plan.kind == ReceiptKind::receipt ||
                           plan.kind == ReceiptKind::reversal || plan.kind == ReceiptKind::training;
  if (!may_be_paid) return is_rksv_kind(plan.kind) || !plan.payments.empty();
  return std::ranges::any_of(plan.lines, is_turnover) && !is_on_account(plan);
}

bool is_signed(const Seal& seal) { return seal.outcome == Seal::Outcome::signed_rksv; }

/// Training, Storno and the others say different things in field 10 [RKSV Anlage Z 8].
bool field_10_fits(const RksvPlan& rksv) {
  if (rksv.kind == RksvKind::training) return rksv.turnover == rksv::turnover_of_training;
  if (rksv.kind == RksvKind::reversal) return rksv.turnover == rksv::turnover_of_reversal;
  return rksv.turnover.size() == field_10_length && from_base64(rksv.turnover).ok();
}

bool kind_fits(ReceiptKind kind, RksvKind rksv) {
  switch (rksv) {
    case RksvKind::start:
      return kind == ReceiptKind::start;
    case RksvKind::standard:
      return kind == ReceiptKind::receipt;
    case RksvKind::reversal:
      return kind == ReceiptKind::reversal;
    case RksvKind::training:
      return kind == ReceiptKind::training;
    case RksvKind::zero:
      return kind == ReceiptKind::zero;
    case RksvKind::month:
      return kind == ReceiptKind::month;
    case RksvKind::year:
      return kind == ReceiptKind::year;
    case RksvKind::collective:
      return kind == ReceiptKind::collective;
    case RksvKind::final:
      return kind == ReceiptKind::final;
  }
  return false;
}

}  // namespace

void RksvStory::take_signer(const SignerInfo& info, std::string_view entry) {
  m_seals.add_signer(info, entry);
  if (!info.certificates.empty()) {
    const auto serial = crypto::signer_serial_of(info.certificates.front());
    if (!serial.ok() || *serial != info.serial) {
      m_find("JRN-0806", "/serial", info.serial,
             serial.ok() ? *serial : "the number of a certificate");
    }
  }
  m_signers.insert_or_assign(info.id, info);
}

void RksvStory::take_register(const RegisterInfo& info) {
  if (!info.signers.empty()) m_registers[info.id.text()].signers = info.signers;
}

void RksvStory::take_closing(const Closing& closing) {
  Life& life = m_registers[closing.register_id.text()];
  if (closing.number != life.closings + 1) {
    m_find("JRN-0813", "/number", fmt::format("{}", closing.number),
           fmt::format("{}", life.closings + 1));
  }
  life.closings = closing.number;
}

void RksvStory::take_removed(std::string_view register_id) {
  const auto found = m_registers.find(register_id);
  if (found != m_registers.end()) found->second.known = false;
}

void RksvStory::take(const Plan& plan, const Seal& seal, std::uint64_t entry) {
  if (!plan.rksv) {
    without_signature(plan, seal);
    return;
  }
  Life& life = m_registers[plan.register_id.text()];
  if (seal.code_payload.empty()) {
    m_find("JRN-0811", "/outcome", "no code", "signed, or unsigned in an outage");
  }
  if (life.known) {
    check_kind(plan, seal, life);
    check_amounts(plan, life);
    check_chain(plan, life);
  }
  check_outage(plan, seal, life);
  check_code(plan, seal, life, entry);
  // The story goes on from what is written: one fault is one finding.
  life.known = true;
  life.started = true;
  life.ended = life.ended || plan.rksv->kind == RksvKind::final;
  life.counter = plan.rksv->counter;
  life.last_time = plan.rksv->time;
  life.chaining = rksv::chaining_after(rksv::jws(seal.code_payload, seal.signature));
}

// What is sold is signed, or at least tried [RKSV 5, 9].
void RksvStory::without_signature(const Plan& plan, const Seal& seal) {
  const bool sold = is_barumsatz(plan);
  if (sold || seal.outcome != Seal::Outcome::not_required) {
    m_find("JRN-0811", "/outcome", fmt::format("a {} without code", receipt_kind_text(plan.kind)),
           "the code of RKSV");
  }
}

void RksvStory::check_kind(const Plan& plan, const Seal& seal, Life& life) {
  const RksvKind kind = plan.rksv->kind;
  const std::string_view word = receipt_kind_text(plan.kind);
  if (!kind_fits(plan.kind, kind)) {
    m_find("JRN-0807", "/rksv/kind", word, "the same kind on both sides");
  }
  if (life.ended) m_find("JRN-0807", "/kind", word, "nothing after the Schlussbeleg");
  if (life.started && kind == RksvKind::start) {
    m_find("JRN-0807", "/kind", word, "one Startbeleg a register");
  }
  if (!life.started && kind != RksvKind::start) {
    m_find("JRN-0807", "/kind", word, "the Startbeleg first");
  }
  if (must_be_signed(kind) && !is_signed(seal)) {
    m_find("JRN-0809", "/outcome", fmt::format("a {} without signature", word), "signed");
  }
}

// The first or second receipt after the last unsigned one is a signed null receipt [RKSV 17 (4)].
void RksvStory::check_outage(const Plan& plan, const Seal& seal, Life& life) {
  if (!is_signed(seal)) {
    life.since_outage = 0;
    return;
  }
  if (life.since_outage < 0) return;
  if (plan.rksv->amounts == std::array<Money, 5>{} && plan.rksv->kind != RksvKind::training &&
      plan.rksv->kind != RksvKind::reversal) {
    life.since_outage = -1;
    return;
  }
  constexpr int others_max = 1;
  if (++life.since_outage <= others_max) return;
  m_find("JRN-0810", "/kind", receipt_kind_text(plan.kind), "the Sammelbeleg");
  life.since_outage = -1;
}

void RksvStory::check_amounts(const Plan& plan, const Life& life) {
  const RksvPlan& rksv = *plan.rksv;
  const auto sums = sums_of(plan);
  if (sums != rksv.amounts) {
    m_find("JRN-0804", "/rksv/amounts", text_of_sums(rksv.amounts), text_of_sums(sums));
  }
  __extension__ using Int128 = __int128;
  Int128 counter = life.counter;
  if (rksv.kind != RksvKind::training) {
    for (const Money amount : rksv.amounts) counter += amount.cents();
  }
  if (counter != rksv.counter) {
    m_find("JRN-0803", "/rksv/counter", Money::from_cents(rksv.counter).text(),
           Money::from_cents(static_cast<std::int64_t>(counter)).text());
  }
  if (!field_10_fits(rksv)) {
    m_find("JRN-0812", "/rksv/turnover", rksv.turnover, "STO, TRA or 8 encrypted bytes");
  }
}

void RksvStory::check_chain(const Plan& plan, const Life& life) {
  const RksvPlan& rksv = *plan.rksv;
  const std::string chaining =
      life.chaining.empty() ? rksv::chaining_of_first(plan.register_id.text()) : life.chaining;
  if (rksv.chaining != chaining) m_find("JRN-0802", "/rksv/chaining", rksv.chaining, chaining);
  if (rksv.time < life.last_time) {
    m_find("JRN-0808", "/rksv/time", rksv.time, fmt::format("not before {}", life.last_time));
  }
}

void RksvStory::check_code(const Plan& plan, const Seal& seal, const Life& life,
                           std::uint64_t entry) {
  if (seal.code_payload.empty()) return;
  const auto signer = m_signers.find(seal.signer);
  if (signer == m_signers.end() ||
      std::ranges::find(life.signers, seal.signer) == life.signers.end()) {
    m_find("JRN-0806", "/signer", seal.signer, "a device of the register");
    if (signer == m_signers.end()) return;
  }
  const RksvPlan& rksv = *plan.rksv;
  const std::string expected =
      fmt::format("_R1-{}_{}_{}_{}_{}_{}_{}_{}", signer->second.provider, plan.register_id.text(),
                  plan.receipt_number, rksv.time, text_of_sums(rksv.amounts), rksv.turnover,
                  signer->second.serial, rksv.chaining);
  if (seal.code_payload != expected) {
    m_find("JRN-0801", "/code_payload", seal.code_payload, expected);
  }
  if (!is_signed(seal)) {
    if (!seal.signature.empty()) {
      m_find("JRN-0805", "/signature", hex(seal.signature), "no signature in an outage");
    }
    return;
  }
  m_seals.add_code({.place = fmt::format("entry {}", entry),
                    .order = entry,
                    .signer = seal.signer,
                    .digest = rksv::digest(seal.code_payload),
                    .signature = seal.signature});
}

}  // namespace siegel::verify::journal
