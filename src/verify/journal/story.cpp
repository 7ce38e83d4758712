#include "verify/journal/story.h"

#include <fmt/format.h>

#include "model/closing_begun.h"
#include "model/codec.h"
#include "model/party.h"
#include "verify/journal/amounts.h"

namespace siegel::verify::journal {

namespace {

std::uint64_t fingerprint_of(std::string_view scope, std::string_view name) {
  return fingerprint(bytes_of(fmt::format("{} {}{}", scope.size(), scope, name)));
}

}  // namespace

void Story::find(std::string_view rule, std::string_view field, std::string_view found,
                 std::string_view expected) {
  m_report.add(rule, fmt::format("entry {}{}{}", m_sequence, field.empty() ? "" : " ", field),
               found, expected, m_sequence);
}

template <class T>
std::optional<T> Story::read(Result<T> payload) {
  if (payload.ok()) return std::move(*payload);
  find("JRN-0104", payload.error().place, payload.error().detail, "the canonical form");
  return std::nullopt;
}

void Story::take(const EntryHeader& header, std::string_view payload) {
  m_sequence = header.sequence;
  take_key(header);
  const std::string_view kind = header.kind;
  if (header.version != 1) {
    find("JRN-0105", "", fmt::format("{} version {}", kind, header.version), "version 1");
  } else if (kind == entry_kind::plan) {
    take_plan(header, payload);
  } else if (kind == entry_kind::seal) {
    take_seal(payload);
  } else if (kind == entry_kind::late_signature) {
    take_late(payload);
  } else if (kind == entry_kind::outage_begin) {
    take_outage_begin(payload);
  } else if (kind == entry_kind::outage_end) {
    take_outage_end(payload);
  } else if (kind == entry_kind::outage_note) {
    take_outage_note(payload);
  } else if (!take_master(kind, payload)) {
    find("JRN-0105", "", header.kind, "a kind this version knows");
  }
}

bool Story::take_master(std::string_view kind, std::string_view payload) {
  if (kind == entry_kind::business) {
    if (const auto business = read(business_from_json(payload))) {
      m_businesses[m_sequence] = {
          .country = business->country == "AT" ? CountryCode::at : CountryCode::de,
          .own_keys = business->vat_keys,
          .rates = business->rates};
    }
  } else if (kind == entry_kind::register_) {
    if (const auto info = read(register_from_json(payload))) {
      m_registers.insert(info->id.text());
      m_bases[info->id.text()].insert(info->base_currency);
      m_rksv.take_register(*info);
      m_closings.take_register(*info);
    }
  } else if (kind == entry_kind::tse) {
    if (const auto info = read(tse_from_json(payload))) {
      m_seals.add_tse(*info, fmt::format("entry {}", m_sequence));
    }
  } else if (kind == entry_kind::signer) {
    if (const auto info = read(signer_from_json(payload))) {
      m_rksv.take_signer(*info, fmt::format("entry {}", m_sequence));
    }
  } else if (kind == entry_kind::closing) {
    if (const auto closing = read(closing_from_json(payload))) {
      m_rksv.take_closing(*closing);
      m_closings.take_closing(*closing, m_sequence);
    }
  } else if (kind == entry_kind::closing_begin) {
    read(closing_begun_from_json(payload));
  } else if (kind == entry_kind::register_next) {
    read(register_from_json(payload));
  } else if (kind == entry_kind::party) {
    read(party_from_json(payload));
  } else if (kind == entry_kind::in_force) {
    read(business_in_force_from_json(payload));
  } else if (kind == entry_kind::check) {
    read(receipt_check_from_json(payload));
  } else if (kind == entry_kind::report) {
    read(authority_report_from_json(payload));
  } else if (kind == entry_kind::tse_switch) {
    read(tse_switch_from_json(payload));
  } else if (kind == entry_kind::message_seen) {
    read(message_seen_from_json(payload));
  } else if (kind == entry_kind::tse_checked) {
    read(tse_checked_from_json(payload));
  } else if (kind == entry_kind::tse_retired) {
    if (const auto retired = read(tse_retired_from_json(payload))) {
      m_retired.insert(retired->tse_serial);
    }
  } else if (kind == entry_kind::clock_confirmed) {
    read(clock_confirmed_from_json(payload));
  } else if (kind == entry_kind::profile) {
    read(profile_from_json(payload));
  } else if (kind == entry_kind::vorgang) {
    read(vorgang_opened_from_json(payload));
  } else if (kind == entry_kind::started) {
    take_started(payload);
  } else if (kind == entry_kind::update) {
    read(vorgang_updated_from_json(payload));
  } else {
    return false;
  }
  return true;
}

void Story::take_removed(const EntryHeader& header) {
  m_sequence = header.sequence;
  take_key(header);
  if (header.kind == entry_kind::plan) {
    m_removed.insert(header.sequence);
    m_any_removed = true;
    m_last_plan = header.sequence;
    ++m_numbers[header.register_id];  // each plan takes one number
  }
  if (header.kind == entry_kind::business) m_businesses[header.sequence] = {};
  if (header.kind == entry_kind::plan || header.kind == entry_kind::seal) {
    m_rksv.take_removed(header.register_id);
    m_closings.take_removed(header.register_id);
  }
  find("JRN-0107", "", header.kind, "");
}

void Story::take_key(const EntryHeader& header) {
  if (header.key.empty()) return;
  if (!m_keys.insert(fingerprint_of(header.register_id, header.key)).second) {
    find("JRN-0205", "", fmt::format("key {} of {}", header.key, header.register_id),
         "each key once");
  }
}

void Story::take_plan(const EntryHeader& header, std::string_view payload) {
  m_last_plan = m_sequence;
  const auto plan = read(plan_from_json(payload));
  if (!plan) return;
  const std::string& client = plan->register_id.text();
  if (client != header.register_id || !m_registers.contains(client)) {
    find("JRN-0206", "/register", client,
         m_registers.contains(client) ? header.register_id : "a register put into operation");
  }
  std::uint64_t& last = m_numbers[client];
  if (plan->number != last + 1) {
    find("JRN-0204", "/number", fmt::format("{}", plan->number), fmt::format("{}", last + 1));
  }
  last = plan->number;
  const std::uint64_t receipt = fingerprint_of(client, plan->receipt_number);
  if (!m_receipt_numbers.insert(receipt).second) {
    find("JRN-0208", "/receipt_number", plan->receipt_number, "each number once");
  }
  if (!plan->reverses.empty()) {
    const std::uint64_t reversed = fingerprint_of(client, plan->reverses);
    const bool known = m_receipt_numbers.contains(reversed) && reversed != receipt;
    if ((!known && !m_any_removed) || !m_reversed.insert(reversed).second) {
      find("JRN-0207", "/reverses", plan->reverses,
           known ? "not reversed before" : "an earlier receipt of the register");
    }
  }
  const auto business = m_businesses.find(plan->business_sequence);
  if (business == m_businesses.end()) {
    find("JRN-0210", "/business_sequence", fmt::format("{}", plan->business_sequence),
         "an earlier entry of kind business");
  }
  AmountsLaw law;
  if (business != m_businesses.end()) law = business->second;
  if (const auto bases = m_bases.find(client); bases != m_bases.end()) law.bases = bases->second;
  if (plan->rksv) law.country = CountryCode::at;
  const bool austrian = law.country == CountryCode::at;
  check_amounts(*plan, law,
                [this](std::string_view rule, std::string_view place, std::string_view found,
                       std::string_view expected) { find(rule, place, found, expected); });
  m_closings.take_plan(*plan, m_sequence);
  m_open.emplace(m_sequence, OpenPlan{{client, std::string(process_type_text(plan->process_type)),
                                       plan->process_data},
                                      plan->tse_serial,
                                      plan->transaction,
                                      client,
                                      austrian ? std::optional(*plan) : std::nullopt});
}

void Story::take_seal(std::string_view payload) {
  const auto seal = read(seal_from_json(payload));
  if (!seal) return;
  const auto at = m_open.find(seal->plan_sequence);
  if (at == m_open.end()) {
    if (m_removed.erase(seal->plan_sequence) > 0) return;
    const bool before = seal->plan_sequence > 0 && seal->plan_sequence <= m_last_plan;
    find(before ? "JRN-0203" : "JRN-0202", "/plan", fmt::format("plan {}", seal->plan_sequence),
         "a plan before it that has no seal");
    return;
  }
  OpenPlan plan = std::move(at->second);
  m_open.erase(at);
  m_closings.take_seal(plan.register_id, seal->plan_sequence, seal->tse_serial);
  if (plan.austrian) m_rksv.take(*plan.austrian, *seal, m_sequence);
  switch (seal->outcome) {
    case Seal::Outcome::signed_by_tse:
      seal_signed(*seal, plan);
      break;
    case Seal::Outcome::unsigned_outage:
      seal_unsigned(*seal);
      // Nothing signs an Austrian receipt later.
      if (!plan.austrian) m_unsigned.emplace(seal->plan_sequence, std::move(plan));
      break;
    case Seal::Outcome::signed_rksv:
      break;
    case Seal::Outcome::not_required:
      if (!plan.tse_serial.empty()) {
        find("JRN-0211", "/outcome", "no TSE required", plan.tse_serial);
      }
      break;
  }
}

void Story::seal_signed(const Seal& seal, const OpenPlan& plan) {
  if (seal.tse_serial != plan.tse_serial) {
    find("JRN-0211", "/tse_serial", seal.tse_serial, plan.tse_serial);
  }
  if (m_retired.contains(seal.tse_serial)) {
    find("JRN-0407", "/tse_serial", seal.tse_serial, "a TSE in operation");
  }
  if (plan.transaction != 0 && seal.transaction != plan.transaction) {
    find("JRN-0405", "/transaction", fmt::format("{}", seal.transaction),
         fmt::format("{}, started before", plan.transaction));
  }
  take_finish({.plan = seal.plan_sequence,
               .serial = seal.tse_serial,
               .transaction = seal.transaction,
               .start = seal.start,
               .start_counter = seal.start_signature_counter,
               .end = seal.end,
               .counter = seal.signature_counter,
               .signature = seal.signature},
              plan.facts);
}

void Story::take_finish(const FinishOf& finish, const SignedFacts& facts) {
  if (finish.start_counter >= finish.counter) {
    find("JRN-0405", "/start_signature_counter", fmt::format("{}", finish.start_counter),
         fmt::format("below {}", finish.counter));
  } else if (finish.start > finish.end) {
    // The device's own order is that of its counters; its clock may have been set in between.
    find("JRN-0408", "/start", finish.start.text(), fmt::format("before {}", finish.end.text()));
  }
  const auto once = [&](std::unordered_set<std::uint64_t>& seen, std::uint64_t number,
                        std::string_view name) {
    if (seen.insert(fingerprint_of(finish.serial, fmt::format(" {}", number))).second) return;
    find("JRN-0406", "", fmt::format("{} {} of {}", name, number, finish.serial), "once");
  };
  once(m_counters, finish.counter, "counter");
  once(m_counters, finish.start_counter, "counter");
  once(m_transactions, finish.transaction, "transaction");
  const auto tse = m_seals.find_tse(finish.serial);
  if (!tse) {
    find("JRN-0402", "/tse_serial", finish.serial, "a TSE put into operation before");
    m_report.signatures.count(false);
    return;
  }
  m_signed.push_back({.counter = finish.counter,
                      .transaction = finish.transaction,
                      .plan = finish.plan,
                      .facts = fingerprint(facts),
                      .signature = fingerprint(finish.signature),
                      .tse = static_cast<std::uint32_t>(*tse),
                      .found = false});
  m_seals.add({.place = fmt::format("entry {}", m_sequence),
               .order = m_sequence,
               .tse = *tse,
               .facts = facts,
               .transaction = finish.transaction,
               .counter = finish.counter,
               .end = finish.end,
               .signature = finish.signature});
}

void Story::seal_unsigned(const Seal& seal) {
  OutageState& outage = m_outages[seal.signer.empty() ? seal.tse_serial : seal.signer];
  if (seal.outage_number == 0 || seal.outage_number != outage.last_number || !outage.open) {
    find("JRN-0503", "/outage_number", fmt::format("{}", seal.outage_number),
         outage.open ? fmt::format("{}", outage.last_number) : "an outage that goes on");
  }
  // Each receipt repeats what its outage is: an edited record contradicts it.
  if (outage.open && seal.outage_number == outage.last_number &&
      (seal.outage_since != outage.began.since || seal.error_code != outage.began.code ||
       seal.error_text != outage.began.text)) {
    find("JRN-0507", "/outage_number",
         fmt::format("{} since {}: {}", seal.error_code, seal.outage_since.text(), seal.error_text),
         fmt::format("{} since {}: {}", outage.began.code, outage.began.since.text(),
                     outage.began.text));
  }
  if (seal.outage_receipt != outage.last_receipt + 1) {
    find("JRN-0504", "/outage_receipt", fmt::format("{}", seal.outage_receipt),
         fmt::format("{}", outage.last_receipt + 1));
  }
  outage.last_receipt = seal.outage_receipt;
  ++outage.receipts;
}

void Story::take_late(std::string_view payload) {
  const auto late = read(late_signature_from_json(payload));
  if (!late) return;
  const auto at = m_unsigned.find(late->plan_sequence);
  if (at == m_unsigned.end()) {
    find("JRN-0209", "/plan", fmt::format("plan {}", late->plan_sequence),
         "a receipt sealed as unsigned, once");
    return;
  }
  const SignedFacts facts = std::move(at->second.facts);
  m_unsigned.erase(at);
  take_finish({.plan = late->plan_sequence,
               .serial = late->tse_serial,
               .transaction = late->transaction,
               .start = late->start,
               .start_counter = late->start_signature_counter,
               .end = late->end,
               .counter = late->signature_counter,
               .signature = late->signature},
              facts);
}

void Story::take_outage_begin(std::string_view payload) {
  const auto began = read(outage_began_from_json(payload));
  if (!began) return;
  OutageState& outage = m_outages[began->tse_serial];
  if (began->number != outage.last_number + 1 || outage.open) {
    find("JRN-0501", "/number", fmt::format("{}", began->number),
         outage.open ? fmt::format("outage {} ends first", outage.last_number)
                     : fmt::format("{}", outage.last_number + 1));
  }
  outage.last_number = began->number;
  outage.open = true;
  outage.receipts = 0;
  outage.began = *began;
}

void Story::take_outage_note(std::string_view payload) {
  const auto note = read(outage_note_from_json(payload));
  if (!note) return;
  if (note->number == 0 || note->number > last_outage(note->tse_serial)) {
    find("JRN-0508", "/number", fmt::format("outage {} of {}", note->number, note->tse_serial),
         fmt::format("an outage up to {}", last_outage(note->tse_serial)));
  }
}

void Story::take_started(std::string_view payload) {
  const auto started = read(vorgang_started_from_json(payload));
  // Without a device, or of a signature device, nothing is started.
  if (!started || started->transaction != 0 || started->tse_serial.empty()) return;
  const auto outage = m_outages.find(started->tse_serial);
  if (outage == m_outages.end() || !outage->second.open) {
    find("JRN-0509", "/transaction", fmt::format("no start of {}", started->vorgang.get()),
         "an outage that goes on");
  }
}

void Story::take_outage_end(std::string_view payload) {
  const auto ended = read(outage_ended_from_json(payload));
  if (!ended) return;
  OutageState& outage = m_outages[ended->tse_serial];
  if (!outage.open || ended->number != outage.last_number) {
    find("JRN-0502", "/number", fmt::format("{}", ended->number),
         outage.open ? fmt::format("{}", outage.last_number) : "an outage that goes on");
  } else if (ended->receipts != outage.receipts) {
    find("JRN-0505", "/receipts", fmt::format("{}", ended->receipts),
         fmt::format("{}", outage.receipts));
  }
  outage.open = false;
}

void Story::finish() {
  m_seals.finish();
  for (const auto& [sequence, plan] : m_open) {
    m_sequence = sequence;
    find("JRN-0201", "", fmt::format("plan of {}", plan.facts.client), "a seal");
  }
  for (const auto& [serial, outage] : m_outages) {
    if (!outage.open) continue;
    m_report.add("JRN-0506", fmt::format("device {}", serial),
                 fmt::format("outage {}, {} receipts", outage.last_number, outage.receipts),
                 "its end");
  }
}

std::vector<UnsignedReceipt> Story::unsigned_receipts() const {
  std::vector<UnsignedReceipt> out;
  for (const auto* plans : {&m_open, &m_unsigned}) {
    for (const auto& [sequence, plan] : *plans) {
      out.push_back({sequence, fingerprint(plan.facts)});
    }
  }
  return out;
}

std::uint64_t Story::last_outage(std::string_view serial) const {
  const auto at = m_outages.find(serial);
  return at == m_outages.end() ? 0 : at->second.last_number;
}

}  // namespace siegel::verify::journal
