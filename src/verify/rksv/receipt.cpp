#include "verify/rksv/receipt.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/check.h"
#include "crypto/aes.h"
#include "crypto/hash.h"

namespace siegel::verify::rksv {

namespace {

constexpr std::string_view base64_letters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::array<std::int8_t, 256> lenient_table() {
  std::array<std::int8_t, 256> table{};
  table.fill(-1);
  for (std::size_t i = 0; i < base64_letters.size(); ++i) {
    table[static_cast<unsigned char>(base64_letters[i])] = static_cast<std::int8_t>(i);
  }
  table['-'] = 62;
  table['_'] = 63;
  return table;
}
constexpr auto lenient = lenient_table();

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

/// Length as the tool counts it: in units of UTF-16.
std::size_t utf16_length(std::string_view text) {
  std::size_t units = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0U) != 0x80U) units += byte >= 0xF0U ? 2 : 1;
  }
  return units;
}

/// Bytes that are not UTF-8 as U+FFFD, which is how they change in programs that hold them as text.
std::string with_replacements(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    std::size_t size = 1;
    while (size <= 4 && size <= text.size() && !valid_utf8(text.substr(0, size))) ++size;
    if (size <= 4 && size <= text.size()) {
      out += text.substr(0, size);
      text.remove_prefix(size);
    } else {
      out += "\xEF\xBF\xBD";
      text.remove_prefix(1);
    }
  }
  return out;
}

enum class Base64Form { good, wrong_characters, not_canonical };

/// Padded base64 of the standard alphabet.
Base64Form base64_form(std::string_view text, Bytes& decoded) {
  decoded = decode_lenient(text);
  std::string_view letters = text;
  for (int i = 0; i < 2 && letters.ends_with('='); ++i) letters.remove_suffix(1);
  if (text.size() % 4 != 0 || letters.find_first_not_of(base64_letters) != std::string_view::npos) {
    return Base64Form::wrong_characters;
  }
  return base64(decoded) == text ? Base64Form::good : Base64Form::not_canonical;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> out;
  while (true) {
    const std::size_t at = text.find(separator);
    out.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return out;
    text.remove_prefix(at + 1);
  }
}

/// What is left when empty parts at the end do not count, as the tool counts.
std::size_t without_empty_end(const std::vector<std::string_view>& parts) {
  std::size_t size = parts.size();
  while (size > 0 && parts[size - 1].empty()) --size;
  return size;
}

/// RFC 4648 section 6, padded; nothing if it is not that.
std::optional<Bytes> from_base32(std::string_view text) {
  constexpr std::size_t group = 8;
  if (text.empty() || text.size() % group != 0) return {};
  while (text.ends_with('=')) text.remove_suffix(1);
  Bytes out;
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (const char c : text) {
    const bool letter = c >= 'A' && c <= 'Z';
    if (!letter && (c < '2' || c > '7')) return {};
    bits = (bits << 5U) | static_cast<std::uint32_t>(letter ? c - 'A' : c - '2' + 26);
    held += 5;
    if (held >= 8) {
      held -= 8;
      out.push_back(static_cast<std::byte>((bits >> held) & 255U));
    }
  }
  if ((bits & ((1U << held) - 1U)) != 0 || out.empty()) return {};
  return out;
}

struct Suite {
  bool form = false;   ///< R, digits, -, two letters, number without leading zero
  bool known = false;  ///< R1-AT0 to R1-AT100
  bool r1 = false;
  int provider = -1;
};

Suite parse_suite(std::string_view text) {
  Suite out;
  const bool head = text.size() >= 6 && text[0] == 'R' && is_digit(text[1]) && text[2] == '-' &&
                    text[3] >= 'A' && text[3] <= 'Z' && text[4] >= 'A' && text[4] <= 'Z';
  const std::string_view number = head ? text.substr(5) : std::string_view();
  if (number.empty() || number.size() > 3 || !std::ranges::all_of(number, is_digit) ||
      (number.size() > 1 && number[0] == '0')) {
    return out;
  }
  out.form = true;
  out.r1 = text[1] == '1';
  int value = 0;
  for (const char c : number) value = value * 10 + (c - '0');
  constexpr int provider_max = 100;
  if (text.substr(3, 2) == "AT" && value <= provider_max) out.provider = value;
  out.known = out.r1 && out.provider >= 0;
  return out;
}

bool is_closed_serial(std::string_view text) {
  if (text.size() < 2 || (text[0] != 'U' && text[0] != 'S' && text[0] != 'G') || text[1] != ':') {
    return false;
  }
  text.remove_prefix(2);
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos || dash == 0 || dash + 1 == text.size()) return false;
  return std::ranges::all_of(text.substr(0, dash),
                             [](char c) { return is_digit(c) || is_letter(c); }) &&
         text.find_first_of(" \t/", dash) == std::string_view::npos;
}

/// The seconds of 2015-09-01T00:00:00, the first time a receipt of this kind can have.
constexpr std::int64_t first_time =
    std::chrono::sys_days(std::chrono::year(2015) / 9 / 1).time_since_epoch().count() *
    std::int64_t{86400};

/// Looks at a code, field by field.
class Examination {
 public:
  Examination(const ReceiptRules& rules, Receipt& receipt) : m_rules(rules), m_receipt(receipt) {}

  /// `code`, `payload_size`, `signature` and `canonical` are there.
  void run() {
    split_fields();
    m_receipt.own_hash = first_8(crypto::sha256(bytes_of(m_receipt.canonical)));
    if (m_receipt.has_fields) {
      suite();
      serial();
      time();
      amounts();
      counter();
      chain();
      signature_form();
    }
    check_signature();
    if (m_receipt.has_fields) decrypt();
    official();
  }

 private:
  [[nodiscard]] std::string_view field(std::size_t index) const { return m_receipt.fields[index]; }

  void note(std::string_view rule, std::string_view found, std::string expected) {
    m_receipt.notes.push_back({rule, std::string(found), std::move(expected)});
  }
  void note_field(std::string_view rule, std::size_t index, std::string expected) {
    note(rule, fmt::format("field {}: {}", index + 1, field(index)), std::move(expected));
  }

  void split_fields() {
    const auto parts = split(m_receipt.code, '_');
    m_elements = without_empty_end(parts);
    m_length = utf16_length(m_receipt.code);
    constexpr std::size_t length_min = 100;
    constexpr std::size_t length_max = 1000;
    m_length_fits = m_length >= length_min && m_length <= length_max;
    if (!m_length_fits) {
      note("RKS-0302", fmt::format("{} characters", m_length), "100 to 1000 characters");
    }
    if (parts.size() != field_count + 1 || !parts.front().empty()) {
      note("RKS-0301",
           parts.front().empty() ? fmt::format("{} elements", parts.size() - 1)
                                 : std::string("no `_` at the beginning"),
           "`_` and 13 elements");
      return;
    }
    m_receipt.has_fields = true;
    for (std::size_t i = 0; i < field_count; ++i) {
      m_receipt.fields[i] = parts[i + 1];
      if (parts[i + 1].empty()) note("RKS-0303", fmt::format("field {} is empty", i + 1), "a text");
    }
    const std::string both = std::string(field(field_register)) + std::string(field(field_number));
    const Hash256 hash = crypto::sha256(bytes_of(both));
    std::copy_n(hash.begin(), m_iv.size(), m_iv.begin());
    m_receipt.number_hash = first_8(hash);
    m_receipt.register_hash = first_8(crypto::sha256(bytes_of(field(field_register))));
  }

  void suite() {
    m_suite = parse_suite(field(field_suite));
    if (m_suite.known) m_receipt.system = m_suite.provider == 0 ? System::closed : System::open;
    if (field(field_suite).empty()) return;
    if (!m_suite.form) {
      note_field("RKS-0304", field_suite, "R1-AT0 to R1-AT100");
    } else if (!m_suite.r1) {
      note_field("RKS-0305", field_suite, "R1: ES256, SHA-256, AES-256-ICM");
    } else if (m_suite.provider < 0) {
      note_field("RKS-0306", field_suite, "AT0 to AT100");
    } else if (m_suite.provider == 9 || m_suite.provider == 100) {
      note_field("RKS-0307", field_suite, "the provider of a real signature device");
    }
  }

  void serial() {
    const std::string_view text = field(field_serial);
    const bool hex = !text.empty() && std::ranges::all_of(text, is_hex);
    if (m_receipt.system == System::closed) {
      m_receipt.serial_form = is_closed_serial(text);
      if (!m_receipt.serial_form && !text.empty()) {
        note_field("RKS-0316", field_serial, "U:, S: or G: with number, `-` and key id");
      }
      return;
    }
    m_receipt.serial_form = hex;
    if (text.empty()) return;
    if (!hex) {
      note_field("RKS-0315", field_serial, "hex digits without 0x");
    } else if (text.size() > 1 && text.front() == '0') {
      note_field("RKS-0317", field_serial, normal_hex(text));
    }
  }

  void time() {
    const std::string_view text = field(field_time);
    const auto seconds = parse_civil(text);
    m_receipt.has_time = seconds.has_value();
    if (!seconds) {
      if (!text.empty()) note_field("RKS-0308", field_time, "yyyy-MM-ddThh:mm:ss");
      return;
    }
    m_receipt.time = *seconds;
    m_receipt.in_future = *seconds > m_rules.now;
    if (*seconds < first_time) note_field("RKS-0309", field_time, "2015-09-01 or later");
    if (m_receipt.in_future) {
      note_field(m_rules.accept_future ? "RKS-0310" : "RKS-0309", field_time,
                 "not after " + civil_text(m_rules.now));
    }
  }

  void amounts() {
    m_receipt.has_amounts = true;
    m_receipt.all_zero = true;
    for (std::size_t i = 0; i < m_receipt.amounts.size(); ++i) {
      const std::size_t index = field_amounts + i;
      const Amount amount = parse_amount(field(index));
      m_amount_readable[i] = amount.readable;
      m_receipt.amounts[i] = amount.cents;
      if (amount.cents != 0 || !amount.readable) m_receipt.all_zero = false;
      if (!amount.readable) {
        m_receipt.has_amounts = false;
        if (!field(index).empty()) note_field("RKS-0311", index, "an amount like -1234,50");
      } else if (!amount.canonical) {
        note_field("RKS-0312", index, cents_text(amount.cents));
      }
    }
  }

  void counter() {
    const std::string_view text = field(field_counter);
    Bytes bytes;
    m_counter_form = base64_form(text, bytes);
    constexpr std::size_t bytes_min = 4;
    constexpr std::size_t bytes_max = 16;
    if (m_counter_form == Base64Form::good) {
      if (text_of(bytes) == "TRA") {
        m_receipt.counter_state = CounterState::training;
      } else if (text_of(bytes) == "STO") {
        m_receipt.counter_state = CounterState::storno;
      } else if (bytes.size() >= bytes_min && bytes.size() <= bytes_max) {
        m_receipt.counter_state = CounterState::number;
        m_receipt.counter_bytes = bytes.size();
        std::ranges::copy(bytes, m_receipt.counter_cipher.begin());
      }
      m_receipt.counter_form = m_receipt.counter_state != CounterState::none;
    }
    if (text.empty()) return;
    if (m_counter_form != Base64Form::good) {
      note_field("RKS-0313", field_counter, "Base64 with padding");
    } else if (!m_receipt.counter_form || m_receipt.counter_bytes == bytes_min) {
      note("RKS-0313", fmt::format("field 10: {} bytes", bytes.size()), "5 to 16 bytes");
    }
  }

  void chain() {
    const std::string_view text = field(field_chain);
    Bytes bytes;
    m_chain_form = base64_form(text, bytes);
    constexpr std::size_t chain_bytes = 8;
    m_receipt.has_chain = m_chain_form == Base64Form::good && bytes.size() == chain_bytes;
    if (m_receipt.has_chain) {
      m_receipt.chain = load_be64(std::span<const std::byte, chain_bytes>(bytes.data(), 8));
    } else if (!text.empty()) {
      note_field("RKS-0314", field_chain, "8 bytes in Base64 with padding");
    }
  }

  void signature_form() {
    Bytes bytes;
    m_signature_form = base64_form(field(field_signature), bytes);
  }

  void check_signature() {
    using enum SignatureState;
    SignatureState& state = m_receipt.signature_state;
    if (text_of(m_receipt.signature) == outage_text) state = outage;
    if (!m_receipt.has_fields || m_receipt.signature.empty()) return;
    const std::string_view serial = field(field_serial);
    m_device = m_rules.material.find(serial);
    if (state == outage) {
      // The device that should have signed is one of the register's all the same.
      if (m_device == nullptr && !serial.empty()) note_unknown_key(serial);
      return;
    }
    if (m_device == nullptr) {
      state = key_unknown;
      if (!serial.empty()) note_unknown_key(serial);
      return;
    }
    const bool only_certificate = m_receipt.system == System::open && !m_device->is_certificate;
    if (!m_device->key || only_certificate) {
      state = key_unusable;
      note_field("RKS-0421", field_serial,
                 only_certificate ? "a CERTIFICATE, as the system is open" : "a key on P-256");
      return;
    }
    const std::string_view canonical = m_receipt.canonical;
    const std::string_view input = canonical.substr(0, canonical.rfind('.'));
    const Hash256 digest = crypto::sha256(bytes_of(input));
    state = m_device->key->verify_ecdsa_digest(digest, m_receipt.signature) ? valid : wrong;
  }

  void note_unknown_key(std::string_view serial) {
    const std::string normal = normal_hex(serial);
    for (const auto& [name, device] : m_rules.material.devices) {
      const bool spelling = normal_hex(name) == normal;
      const bool number = device.certificate &&
                          compare_serial(serial, *device.certificate) != SerialMatch::different;
      if (spelling || number) {
        note_field("RKS-0422", field_serial, name);
        return;
      }
    }
    note_field("RKS-0420", field_serial, "a key of the container");
  }

  void decrypt() {
    if (m_receipt.counter_state != CounterState::number || !m_rules.material.aes) return;
    m_receipt.counter =
        decrypt_counter(*m_rules.material.aes,
                        BytesView(m_receipt.counter_cipher).first(m_receipt.counter_bytes), m_iv);
  }

  void fail(Check check) { m_receipt.cashbox.add(check); }

  /// In the order of the official tool: each group of checks ends the examination if it fails.
  void official() {
    if (!constraints()) return;
    if (field(field_register).empty() || field(field_number).empty() ||
        m_rules.material.find(field(field_serial)) == nullptr) {
      fail(Check::root);
      return;
    }
    if (!m_rules.material.has_aes_text) {
      fail(Check::exists_cashbox);
      return;
    }
    formats();
    if (!m_receipt.cashbox.empty()) return;
    using enum SignatureState;
    const SignatureState state = m_receipt.signature_state;
    if (state != valid && state != outage) fail(Check::crypto_signature);
    if (!m_rules.material.aes) fail(Check::crypto_counter);
    if (!m_receipt.cashbox.empty()) return;
    kind();
    if (m_receipt.kind == Kind::unknown) {
      fail(Check::type_of_receipt);
      return;
    }
    if (m_receipt.kind == Kind::null && !m_receipt.is_signed()) fail(Check::state_sigdevice);
  }

  bool constraints() {
    if (!m_length_fits) {
      fail(Check::receipt_length);
    } else if (m_elements != field_count + 1 || !m_receipt.has_fields) {
      fail(Check::number_of_elements);
    } else if (!m_suite.form) {
      fail(Check::rk_suite_string);
    } else if (!m_suite.known) {
      fail(Check::rk_suite);
    } else if (!m_receipt.serial_form) {
      fail(m_receipt.system == System::closed ? Check::serial_closed : Check::serial_hex);
    } else if (!m_receipt.has_time) {
      fail(Check::time_format);
    } else if (m_receipt.time < first_time || (m_receipt.in_future && !m_rules.accept_future)) {
      fail(Check::time_period);
    }
    return m_receipt.cashbox.empty();
  }

  void formats() {
    for (std::size_t i = 0; i < m_amount_readable.size(); ++i) {
      if (!m_amount_readable[i]) {
        fail(static_cast<Check>(static_cast<std::size_t>(Check::tax_set_1) + i));
      }
    }
    base64_checks(m_counter_form, m_receipt.counter_form, Check::counter_base64,
                  Check::counter_decode_encode, Check::counter_chars);
    base64_checks(m_chain_form, m_receipt.has_chain, Check::chain_base64,
                  Check::chain_decode_encode, Check::chain_chars);
    base64_checks(m_signature_form, true, Check::signature_base64, Check::signature_decode_encode,
                  Check::signature_chars);
  }

  void base64_checks(Base64Form form, bool length_fits, Check length, Check decode, Check chars) {
    switch (form) {
      case Base64Form::wrong_characters: {
        fail(chars);
        return;
      }
      case Base64Form::not_canonical: {
        fail(decode);
        return;
      }
      case Base64Form::good:
        if (!length_fits) fail(length);
        return;
    }
  }

  /// The kind is not in the code: it follows from its content.
  void kind() {
    Kind& kind = m_receipt.kind;
    if (m_receipt.chain == m_receipt.register_hash) {
      const bool start = m_receipt.all_zero && m_receipt.counter_state == CounterState::number &&
                         m_receipt.counter == 0 && m_receipt.is_signed();
      kind = start ? Kind::start : Kind::unknown;
    } else if (m_receipt.counter_state == CounterState::training) {
      kind = Kind::training;
    } else if (m_receipt.counter_state == CounterState::storno) {
      kind = Kind::storno;
    } else {
      kind = m_receipt.all_zero ? Kind::null : Kind::standard;
    }
  }

  const ReceiptRules& m_rules;
  Receipt& m_receipt;
  std::size_t m_elements = 0;
  std::size_t m_length = 0;
  bool m_length_fits = false;
  ByteArray<16> m_iv{};
  Suite m_suite;
  std::array<bool, 5> m_amount_readable{};
  Base64Form m_counter_form = Base64Form::good;
  Base64Form m_chain_form = Base64Form::good;
  Base64Form m_signature_form = Base64Form::good;
  const DeviceKey* m_device = nullptr;
};

void take_payload(Receipt& receipt, std::string_view payload) {
  receipt.readable = true;
  receipt.payload_size = payload.size();
  receipt.code = payload;
  receipt.code += '_';
  receipt.canonical = jws_header;
  receipt.canonical += '.';
  receipt.canonical += base64url(bytes_of(payload));
  receipt.canonical += '.';
  receipt.canonical += base64url(receipt.signature);
}

void note(Receipt& receipt, std::string_view rule, std::string found, std::string expected) {
  receipt.notes.push_back({rule, std::move(found), std::move(expected)});
}

void read_entry(Receipt& receipt) {
  if (!receipt.is_text) {
    note(receipt, "RKS-0106", "no text, or a very long one", "a compact JWS");
    receipt.cashbox.add(Check::root);
    return;
  }
  const auto parts = split(receipt.text, '.');
  constexpr std::size_t jws_parts = 3;
  if (parts.size() != jws_parts || without_empty_end(parts) != jws_parts) {
    note(receipt, "RKS-0201", fmt::format("{} parts: {}", parts.size(), receipt.text),
         "header.payload.signature");
  }
  if (without_empty_end(parts) < jws_parts) {
    receipt.cashbox.add(Check::root);
    return;
  }
  const Bytes payload = decode_lenient(parts[1]);
  receipt.signature = decode_lenient(parts[2]);
  if (valid_utf8(text_of(payload))) {
    take_payload(receipt, text_of(payload));
  } else {
    note(receipt, "RKS-0204", hex(payload), "UTF-8");
    take_payload(receipt, with_replacements(text_of(payload)));
  }
  receipt.code += base64(receipt.signature);
  if (receipt.text == receipt.canonical) return;
  if (parts[0] != jws_header) {
    const Bytes header = decode_lenient(parts[0]);
    note(receipt, "RKS-0203", std::string(text_of(header)), R"({"alg":"ES256"})");
  }
  if (parts[1] != base64url(payload)) {
    note(receipt, "RKS-0202", fmt::format("payload {}", parts[1]), "Base64url without padding");
  }
  if (parts[2] != base64url(receipt.signature)) {
    note(receipt, "RKS-0202", fmt::format("signature {}", parts[2]), "Base64url without padding");
  }
  receipt.stored_input = std::string(parts[0]) + "." + std::string(parts[1]);
}

/// The code with base64 in fields 10, 12 and 13, if it is one of an OCR line.
std::string without_base32(std::string_view code) {
  auto parts = split(code, '_');
  if (parts.size() != field_count + 1) return std::string(code);
  std::array<std::string, field_count + 1> changed;
  for (const std::size_t field : {field_counter, field_chain, field_signature}) {
    const auto bytes = from_base32(parts[field + 1]);
    if (!bytes) return std::string(code);
    changed[field + 1] = base64(*bytes);
    parts[field + 1] = changed[field + 1];
  }
  std::string out;
  for (std::size_t i = 1; i < parts.size(); ++i) {
    out += '_';
    out += parts[i];
  }
  return out;
}

}  // namespace

std::uint64_t first_8(const Hash256& hash) {
  return load_be64(std::span<const std::byte, 8>(hash.data(), 8));
}

Bytes decode_lenient(std::string_view text) {
  Bytes out;
  out.reserve(text.size() * 3 / 4);
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (const char c : text) {
    if (c == '=') break;
    const std::int8_t value = lenient[static_cast<unsigned char>(c)];
    if (value < 0) continue;
    bits = (bits << 6U) | static_cast<std::uint32_t>(value);
    held += 6;
    if (held >= 8) {
      held -= 8;
      out.push_back(static_cast<std::byte>((bits >> held) & 255U));
    }
  }
  return out;
}

std::optional<std::int64_t> parse_civil(std::string_view text) {
  constexpr std::string_view pattern = "dddd-dd-ddTdd:dd:dd";
  if (text.size() != pattern.size()) return {};
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == 'd' ? !is_digit(text[i]) : text[i] != pattern[i]) return {};
  }
  const auto number = [&](std::size_t at, std::size_t size) {
    int value = 0;
    for (const char c : text.substr(at, size)) value = value * 10 + (c - '0');
    return value;
  };
  const std::chrono::year_month_day date(std::chrono::year(number(0, 4)),
                                         std::chrono::month(static_cast<unsigned>(number(5, 2))),
                                         std::chrono::day(static_cast<unsigned>(number(8, 2))));
  const int hour = number(11, 2);
  const int minute = number(14, 2);
  const int second = number(17, 2);
  if (!date.ok() || hour > 23 || minute > 59 || second > 59) return {};
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return ((days * 24 + hour) * 60 + minute) * 60 + second;
}

std::string civil_text(std::int64_t seconds) {
  constexpr std::int64_t day = 86400;
  const std::int64_t days = (seconds >= 0 ? seconds : seconds - day + 1) / day;
  const std::int64_t rest = seconds - days * day;
  const std::chrono::year_month_day date(
      std::chrono::sys_days(std::chrono::days(static_cast<int>(days))));
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     rest / 3600, rest / 60 % 60, rest % 60);
}

Amount parse_amount(std::string_view text) {
  // What the tool reads: blanks around, separators of thousands, point or comma.
  const std::string_view written = text;
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  constexpr std::size_t decimals = 3;  // with the comma
  constexpr std::size_t size_max = 20;
  if (text.size() <= decimals || text.size() > size_max) return {};
  const char comma = text[text.size() - decimals];
  if (comma != ',' && comma != '.') return {};
  Amount out;
  const std::string_view whole = text.substr(0, text.size() - decimals);
  std::size_t group = 0;  // digits since the last separator
  bool grouped = false;
  std::size_t digits = 0;
  for (const char c : whole) {
    if (is_digit(c)) {
      out.cents = out.cents * 10 + (c - '0');
      ++group;
      ++digits;
      continue;
    }
    if ((c != '.' && c != ',') || group == 0 || group > 3 || (grouped && group != 3)) return {};
    grouped = true;
    group = 0;
  }
  constexpr std::size_t digits_max = 15;
  if (group == 0 || (grouped && group != 3) || digits > digits_max) return {};
  for (const char c : text.substr(text.size() - 2)) {
    if (!is_digit(c)) return {};
    out.cents = out.cents * 10 + (c - '0');
  }
  if (negative) out.cents = -out.cents;
  out.readable = true;
  out.canonical = written == cents_text(out.cents);
  return out;
}

std::string cents_text(std::int64_t cents) {
  const std::uint64_t magnitude =
      cents < 0 ? ~static_cast<std::uint64_t>(cents) + 1 : static_cast<std::uint64_t>(cents);
  return fmt::format("{}{},{:02}", cents < 0 ? "-" : "", magnitude / 100, magnitude % 100);
}

std::int64_t decrypt_counter(const crypto::SecretBytes& key, BytesView cipher,
                             std::span<const std::byte, 16> iv) {
  const auto stream = crypto::aes256_encrypt_block(key, iv);
  SIEGEL_CHECK(stream.ok());  // the key has 32 bytes
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < cipher.size(); ++i) {
    const auto plain = std::to_integer<std::uint8_t>(cipher[i] ^ (*stream)[i]);
    if (i == 0 && (plain & 0x80U) != 0) value = ~std::uint64_t{0};
    value = value << 8U | plain;
  }
  return static_cast<std::int64_t>(value);
}

void check_entry(const ReceiptRules& rules, Receipt& receipt) {
  read_entry(receipt);
  if (receipt.readable) Examination(rules, receipt).run();
}

void check_code(const ReceiptRules& rules, Receipt& receipt) {
  if (receipt.is_text && !receipt.text.starts_with('_') &&
      receipt.text.find('.') != std::string::npos) {
    check_entry(rules, receipt);
    return;
  }
  if (!receipt.is_text) {
    note(receipt, "RKS-0106", "no text, or a very long one", "a code");
    receipt.cashbox.add(Check::root);
    return;
  }
  if (!valid_utf8(receipt.text)) {
    note(receipt, "RKS-0204", hex(bytes_of(receipt.text)), "UTF-8");
    receipt.text = with_replacements(receipt.text);
  }
  const std::string code = without_base32(receipt.text);
  const std::size_t last = code.rfind('_');
  if (last == std::string::npos) {
    note(receipt, "RKS-0301", "no `_`", "`_` and 13 elements");
    receipt.cashbox.add(Check::number_of_elements);
    return;
  }
  Bytes decoded;
  if (base64_form(std::string_view(code).substr(last + 1), decoded) != Base64Form::good) {
    note(receipt, "RKS-0202", fmt::format("field 13: {}", code.substr(last + 1)),
         "Base64 with padding");
  }
  receipt.signature = std::move(decoded);
  take_payload(receipt, std::string_view(code).substr(0, last));
  receipt.code = code;
  Examination(rules, receipt).run();
}

}  // namespace siegel::verify::rksv
