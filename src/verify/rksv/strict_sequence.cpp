#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "crypto/hash.h"
#include "verify/rksv/sequence.h"

namespace siegel::verify::rksv {

namespace {

// Beyond any turnover of a register: a hundred thousand million euros.
constexpr std::int64_t counter_plausible = 10'000'000'000'000;

std::int64_t add(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}
std::int64_t subtract(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}

std::int64_t sum_of(const Receipt& receipt) {
  std::int64_t sum = 0;
  for (const std::int64_t amount : receipt.amounts) sum = add(sum, amount);
  return sum;
}

bool plausible(std::int64_t cents) {
  return cents >= -counter_plausible && cents <= counter_plausible;
}

std::string chain_text(std::uint64_t value) {
  ByteArray<8> bytes{};
  store_be64(bytes, value);
  return base64(bytes);
}

/// Months since year 0.
std::int64_t month_of(std::int64_t time) {
  constexpr std::int64_t day = 86400;
  const std::chrono::year_month_day date(
      std::chrono::sys_days(std::chrono::days(static_cast<int>(time / day))));
  return static_cast<int>(date.year()) * std::int64_t{12} + static_cast<unsigned>(date.month()) - 1;
}

std::string month_text(std::int64_t month) {
  return fmt::format("{:04}-{:02}", month / 12, month % 12 + 1);
}

/// The digits at the end of a Belegnummer, if there are 1 to 18 of them.
std::optional<std::uint64_t> trailing_number(std::string_view text, std::string_view& stem) {
  std::size_t at = text.size();
  while (at > 0 && text[at - 1] >= '0' && text[at - 1] <= '9') --at;
  constexpr std::size_t digits_max = 18;
  stem = text.substr(0, at);
  const std::string_view digits = text.substr(at);
  if (digits.empty() || digits.size() > digits_max) return {};
  std::uint64_t value = 0;
  for (const char c : digits) value = value * 10 + static_cast<std::uint64_t>(c - '0');
  return value;
}

}  // namespace

void StrictSequence::find(std::string_view rule, std::string_view found,
                          std::string_view expected) {
  m_report.add(rule, m_context->place, found, expected, m_context->order);
  m_found_here = true;
}

void StrictSequence::judge(const Receipt& receipt, const Context& context) {
  m_context = &context;
  m_found_here = context.has_own_violation;
  if (receipt.has_fields) {
    if (!m_any) {
      start(receipt);
    } else {
      same_register(receipt);
    }
    number(receipt);
    chain(receipt);
    counter(receipt);
    time(receipt);
    outage(receipt);
    month(receipt);
    m_any = true;
  } else {
    m_since_unreadable = true;
    m_number.reset();
  }
  m_has_last = receipt.readable;
  m_last_hash = receipt.own_hash;
  m_last_altered =
      receipt.signature_state == SignatureState::wrong || !receipt.stored_input.empty();
  m_last_place = context.place;
  if (context.official_failed && !m_found_here) consequence();
  if (m_found_here) m_cause = context.place;
  m_context = nullptr;
}

void StrictSequence::consequence() {
  if (m_cause.empty()) return;
  m_report.add("RKS-0902", m_context->place, "caused by " + m_cause, "", m_context->order);
}

void StrictSequence::start(const Receipt& receipt) {
  m_register = m_last_register = receipt.fields[field_register];
  m_system = m_last_system = receipt.system;
  const bool chained = receipt.has_chain && receipt.chain == receipt.register_hash;
  const bool zero_counter =
      receipt.counter_state == CounterState::number && (!m_material.aes || receipt.counter == 0);
  // A receipt that has nothing of a Startbeleg begins an excerpt.
  if (!chained && (!receipt.all_zero || receipt.is_marked() || !zero_counter)) {
    find("RKS-0605", "no Startbeleg", "the Startbeleg at the beginning");
    return;
  }
  if (!chained) {
    find("RKS-0606", "field 12: " + std::string(receipt.fields[field_chain]),
         chain_text(receipt.register_hash));
  }
  if (receipt.is_marked()) {
    find("RKS-0609",
         receipt.counter_state == CounterState::training ? "a training receipt" : "a cancellation",
         "a zero receipt");
  }
  if (!receipt.all_zero) {
    find("RKS-0607", receipt.has_amounts ? cents_text(sum_of(receipt)) : "not readable", "0,00");
  }
  if (!receipt.is_signed()) find("RKS-0610", "not signed", "signed");
  if (m_material.aes && receipt.counter_state == CounterState::number && receipt.counter != 0) {
    if (plausible(receipt.counter)) {
      find("RKS-0608", cents_text(receipt.counter), "0,00");
    } else {
      m_counters_believed = false;
      find("RKS-0619", fmt::format("counter {} at the Startbeleg", receipt.counter), "0");
    }
  }
}

void StrictSequence::same_register(const Receipt& receipt) {
  const std::string_view number = receipt.fields[field_register];
  // Told where it changes, not where it changes back.
  if (number != m_register && number != m_last_register) find("RKS-0601", number, m_register);
  m_last_register = number;
  if (m_system == System::unknown) m_system = m_last_system = receipt.system;
  if (receipt.system != System::unknown) {
    if (receipt.system != m_system && receipt.system != m_last_system) {
      find("RKS-0602", receipt.fields[field_suite],
           m_system == System::open ? "an open system" : "a closed system");
    }
    m_last_system = receipt.system;
  }
  if (receipt.has_chain && receipt.chain == receipt.register_hash && receipt.all_zero) {
    find("RKS-0611", "chained to the Kassen-ID", "one Startbeleg");
  }
}

void StrictSequence::number(const Receipt& receipt) {
  const std::string_view text = receipt.fields[field_number];
  if (!m_context->is_new_number) {
    find("RKS-0603", text, "a number not used before");
    m_number.reset();
    return;
  }
  std::string_view stem;
  const auto value = trailing_number(text, stem);
  if (value && m_number && stem == m_number_stem && *value > *m_number + 1) {
    m_report.add("RKS-0621", m_context->place, text,
                 fmt::format("{}{}", m_number_stem, *m_number + 1), m_context->order);
  }
  m_number = value;
  m_number_stem = stem;
}

void StrictSequence::chain(const Receipt& receipt) {
  if (!m_has_last || !receipt.has_chain || receipt.chain == m_last_hash) return;
  // A second Startbeleg is told of already.
  if (receipt.chain == receipt.register_hash && receipt.all_zero) return;
  const std::string found = "field 12: " + std::string(receipt.fields[field_chain]);
  if (m_last_altered) {
    m_report.add("RKS-0901", m_context->place, found + "; caused by " + m_last_place,
                 chain_text(m_last_hash), m_context->order);
    // The official tool's finding here is explained.
    m_found_here = true;
    return;
  }
  find("RKS-0613", found, chain_text(m_last_hash));
}

void StrictSequence::counter(const Receipt& receipt) {
  if (receipt.counter_state == CounterState::number && receipt.counter_form) {
    if (m_counter_bytes != 0 && m_counter_bytes != receipt.counter_bytes) {
      m_report.add("RKS-0620", m_context->place, fmt::format("{} bytes", receipt.counter_bytes),
                   fmt::format("{} bytes", m_counter_bytes), m_context->order);
    }
    m_counter_bytes = receipt.counter_bytes;
  }
  if (!m_material.aes || !m_counters_believed) return;
  const std::int64_t sum = sum_of(receipt);
  if (receipt.counter_state == CounterState::training) {
    m_since_training = add(m_since_training, sum);
    return;
  }
  m_since = add(m_since, sum);
  if (!receipt.has_amounts) m_since_unreadable = true;
  if (receipt.counter_state == CounterState::storno) {
    m_since_storno = add(m_since_storno, sum);
    return;
  }
  if (receipt.counter_state != CounterState::number) return;
  std::optional<std::int64_t> alternative;
  if (m_counter && !m_since_unreadable) {
    const std::int64_t expected = add(*m_counter, m_since);
    // One wrong value between right ones is one finding, and so is a wrong one that goes on.
    const bool back_again =
        m_counter_alternative && receipt.counter == add(*m_counter_alternative, m_since);
    if (receipt.counter != expected && !back_again) {
      alternative = expected;
      counter_differs(receipt, expected);
    }
  }
  m_counter = receipt.counter;
  m_counter_alternative = alternative;
  m_since = m_since_training = m_since_storno = 0;
  m_since_unreadable = false;
}

void StrictSequence::counter_differs(const Receipt& receipt, std::int64_t expected) {
  if (const auto note = counter_mistake(receipt, expected)) {
    find(note->rule, note->found, note->expected);
    return;
  }
  if (!plausible(receipt.counter)) {
    find("RKS-0604", fmt::format("{} (no turnover: key or number are others)", receipt.counter),
         cents_text(expected));
    return;
  }
  find("RKS-0604",
       fmt::format("{}, difference {}", cents_text(receipt.counter),
                   cents_text(subtract(receipt.counter, expected))),
       cents_text(expected));
}

std::optional<Note> StrictSequence::counter_mistake(const Receipt& receipt,
                                                    std::int64_t expected) const {
  const std::int64_t difference = subtract(receipt.counter, expected);
  if (m_since_training != 0 && difference == m_since_training) {
    return Note{"RKS-0615", cents_text(receipt.counter), cents_text(expected)};
  }
  if (m_since_storno != 0 && difference == subtract(0, m_since_storno)) {
    return Note{"RKS-0616", cents_text(receipt.counter), cents_text(expected)};
  }
  const BytesView cipher = BytesView(receipt.counter_cipher).first(receipt.counter_bytes);
  const std::string registered(receipt.fields[field_register]);
  const std::string numbered(receipt.fields[field_number]);
  const auto iv_of = [](const Hash256& hash) {
    ByteArray<16> iv{};
    std::copy_n(hash.begin(), iv.size(), iv.begin());
    return iv;
  };
  const Hash256 right = crypto::sha256(bytes_of(registered + numbered));
  struct Iv {
    std::string_view what;
    Hash256 hash;
  };
  for (const Iv& one :
       {Iv{"Belegnummer before Kassen-ID", crypto::sha256(bytes_of(numbered + registered))},
        Iv{"`_` between the two", crypto::sha256(bytes_of(registered + "_" + numbered))},
        Iv{"Kassen-ID alone", crypto::sha256(bytes_of(registered))},
        Iv{"Belegnummer alone", crypto::sha256(bytes_of(numbered))},
        Iv{"hashed twice", crypto::sha256(right)}}) {
    if (decrypt_counter(*m_material.aes, cipher, iv_of(one.hash)) == expected) {
      return Note{"RKS-0617", std::string(one.what), "SHA-256 of Kassen-ID and Belegnummer"};
    }
  }
  // The decrypted bytes turned round; only whole numbers of 8 bytes and less are at hand.
  if (receipt.counter_bytes <= 8) {
    auto value = static_cast<std::uint64_t>(receipt.counter);
    std::uint64_t turned = 0;
    for (std::size_t i = 0; i < receipt.counter_bytes; ++i, value >>= 8U) {
      turned = turned << 8U | (value & 255U);
    }
    const std::uint64_t mask = receipt.counter_bytes == 8
                                   ? ~std::uint64_t{0}
                                   : (std::uint64_t{1} << (receipt.counter_bytes * 8)) - 1;
    if (turned == (static_cast<std::uint64_t>(expected) & mask)) {
      return Note{"RKS-0618", "the lowest byte first", cents_text(expected)};
    }
  }
  return {};
}

void StrictSequence::time(const Receipt& receipt) {
  if (!receipt.has_time) return;
  if (m_time && receipt.time < *m_time) {
    find("RKS-0614", civil_text(receipt.time), "not before " + civil_text(*m_time));
  }
  m_time = receipt.time;
}

void StrictSequence::outage(const Receipt& receipt) {
  const bool is_null = receipt.all_zero && !receipt.is_marked();
  if (!receipt.is_signed()) {
    if (m_in_outage && m_one_signed) {
      find("RKS-0612", "a receipt without signature", "the Sammelbeleg of " + m_outage_place);
      m_in_outage = false;
    }
    if (!m_in_outage) {
      m_in_outage = true;
      m_outage_begin = receipt.time;
      m_outage_receipts = 0;
      m_outage_place = m_context->place;
    }
    m_one_signed = false;
    ++m_outage_receipts;
    if (is_null && m_any) {
      m_report.add("RKS-0622", m_context->place, "not signed", "", m_context->order);
    }
    return;
  }
  if (!m_in_outage) return;
  constexpr std::int64_t hours_48 = std::int64_t{48} * 3600;
  if (!m_one_signed && receipt.has_time && receipt.time - m_outage_begin > hours_48) {
    m_report.add("RKS-0627", m_context->place,
                 fmt::format("{} receipts since {}", m_outage_receipts, civil_text(m_outage_begin)),
                 "at most 48 hours", m_context->order);
  }
  if (is_null) {
    m_in_outage = false;
  } else if (!m_one_signed) {
    m_one_signed = true;
  } else {
    find("RKS-0612", "the second signed receipt", "the Sammelbeleg of " + m_outage_place);
    m_in_outage = false;
  }
}

void StrictSequence::month(const Receipt& receipt) {
  if (!receipt.has_time) return;
  const bool is_null = receipt.all_zero && !receipt.is_marked();
  const std::int64_t month = month_of(receipt.time);
  constexpr std::int64_t december = 11;
  if (month > m_month && m_month >= 0 && !is_null) {
    const bool year_end = m_month % 12 == december;
    if (m_sales_since_null) {
      m_report.add(year_end ? "RKS-0624" : "RKS-0623", m_context->place,
                   "none for " + month_text(m_month), "a zero receipt after the last sale",
                   m_context->order);
    } else if (year_end && !m_null_signed) {
      m_report.add("RKS-0625", m_context->place,
                   "that of " + month_text(m_month) + " is not signed", "signed", m_context->order);
    }
  }
  // One made in the new month before its first sale closes the month before.
  if (is_null) {
    if (m_month < 0) m_month = month;
    m_sales_since_null = false;
    m_null_signed = m_null_signed || receipt.is_signed();
    return;
  }
  m_month = month;
  m_sales_since_null = true;
  m_null_signed = false;
}

void StrictSequence::finish() {
  if (m_in_outage) {
    m_report.add("RKS-0626", m_outage_place, m_one_signed ? "one signed receipt since" : "open",
                 "a Sammelbeleg");
  }
}

}  // namespace siegel::verify::rksv
