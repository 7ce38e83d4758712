#include "verify/qr/code.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <utility>

#include "format/qr.h"
#include "verify/qr/finish_log.h"
#include "verify/tse/process_data.h"

namespace siegel::verify::qr {

namespace {

constexpr std::size_t text_max = std::size_t{16} << 10;
constexpr std::size_t fields_left = 3;
constexpr std::size_t fields_right = 8;

/// The twelve fields; processData may hold semicolons.
enum Field : std::size_t {
  version,
  client,
  process_type,
  process_data,
  transaction,
  counter,
  start,
  end,
  algorithm,
  time_format,
  signature,
  public_key,
  field_count
};

bool is_hex(std::string_view text) {
  return text.size() % 2 == 0 && !text.empty() && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
         });
}

bool is_break(char c) { return c == '\r' || c == '\n'; }

/// What was read of one code, as far as reading went.
struct Code {
  std::array<std::string, field_count> fields;
  std::uint64_t transaction_number = 0;
  std::uint64_t signature_counter = 0;
  std::optional<Instant> start_at;
  Instant end_at;
  Bytes signature_value;  ///< r||s
  std::optional<crypto::PublicKey> key;
  bool readable = false;
};

/// Reads and checks one code.
class CodeCheck {
 public:
  CodeCheck(std::size_t number, Report& report) : m_number(number), m_report(report) {}

  /// False: it cannot be read, or its signature is wrong.
  bool run(std::string_view text, Code& code) {
    if (!split(text, code)) return false;
    tse::Notes notes;
    tse::check_process_data(code.fields[process_type], code.fields[process_data], notes);
    for (const tse::Note& note : notes) {
      const bool of_type = note.rule == "TSE-1005" || note.rule == "TSE-1007";
      find(note.rule, of_type ? process_type : process_data, note.found, note.expected);
    }
    // All fields are read before the answer, so that every fault is told.
    bool whole = numbers(code);
    whole &= times(code);
    const auto algorithm_read = read_algorithm(code);
    whole &= algorithm_read.has_value();
    const bool key_read = read_key(code);
    whole &= key_read;
    if (key_read) whole &= read_signature(code);
    if (!whole) return false;
    code.readable = true;
    return check_signature(code, *algorithm_read);
  }

 private:
  void find(std::string_view rule, Field field, std::string_view found, std::string_view expected) {
    m_report.add(rule, fmt::format("code {}, field {}", m_number, field + 1), found, expected,
                 m_number);
  }

  bool split(std::string_view text, Code& code) {
    std::vector<std::string_view> parts;
    if (text.size() <= text_max) {
      std::size_t begin = 0;
      while (begin <= text.size()) {
        const std::size_t at = std::min(text.find(';', begin), text.size());
        parts.push_back(text.substr(begin, at - begin));
        begin = at + 1;
      }
    }
    if (parts.size() < field_count || parts[0] != "V0") {
      m_report.add(
          "QR-0101", fmt::format("code {}", m_number),
          text.size() > text_max ? fmt::format("{} bytes", text.size()) : std::string(text),
          "V0 and eleven fields more, separated by ;", m_number);
      return false;
    }
    for (std::size_t i = 0; i < fields_left; ++i) code.fields[i] = parts[i];
    const std::size_t right = parts.size() - fields_right;
    for (std::size_t i = fields_left; i < right; ++i) {
      if (i > fields_left) code.fields[process_data] += ';';
      code.fields[process_data] += parts[i];
    }
    for (std::size_t i = 0; i < fields_right; ++i) code.fields[transaction + i] = parts[right + i];
    join_lines(code);
    return true;
  }

  /// A code copied from paper may be broken into lines. In an order CR is part of the data.
  void join_lines(Code& code) {
    const bool order = code.fields[process_type].starts_with("Bestellung");
    for (std::size_t i = 0; i < field_count; ++i) {
      std::string& field = code.fields[i];
      if (i == process_data && order) continue;
      const bool is_base64 = i == signature || i == public_key;
      const auto superfluous = [&](char c) { return is_break(c) || (is_base64 && c == '-'); };
      if (!std::ranges::any_of(field, superfluous)) continue;
      std::erase_if(field, superfluous);
      find("QR-0205", static_cast<Field>(i), "a line break or hyphen", "one line");
    }
  }

  bool number(const std::string& text, Field field, std::uint64_t& out) {
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (error == std::errc() && stop == text.data() + text.size() && out > 0) return true;
    find("QR-0102", field, text, "a whole number from 1");
    return false;
  }

  bool numbers(Code& code) {
    const bool first = number(code.fields[transaction], transaction, code.transaction_number);
    return number(code.fields[counter], counter, code.signature_counter) && first;
  }

  std::optional<Instant> time(const std::string& text, Field field) {
    const auto at = Instant::parse(text);
    if (!at.ok()) {
      find("QR-0102", field, text, "YYYY-MM-DDThh:mm:ss.fffZ");
      return std::nullopt;
    }
    if (!text.ends_with('Z')) find("QR-0206", field, text, at->text());
    return *at;
  }

  bool times(Code& code) {
    code.start_at = time(code.fields[start], start);
    const auto end_at = time(code.fields[end], end);
    if (!end_at) return false;
    code.end_at = *end_at;
    if (code.start_at && *code.start_at > *end_at) {
      find("QR-0212", start, code.fields[start], "not after " + code.fields[end]);
    }
    return code.start_at.has_value();
  }

  std::optional<crypto::SignatureAlgorithm> read_algorithm(const Code& code) {
    const auto known = crypto::signature_algorithm_from_name(code.fields[algorithm]);
    if (!known.ok()) {
      find("QR-0104", algorithm, code.fields[algorithm], "ecdsa-plain-SHA256 or alike");
      return std::nullopt;
    }
    if (policy(*known) == crypto::AlgorithmPolicy::weak) {
      find("QR-0211", algorithm, code.fields[algorithm], "a hash of at least 256 bits");
    }
    return *known;
  }

  /// Base64, with forgiveness for blanks and padding; empty: it is not.
  Bytes decode(std::string text, Field field) {
    auto bytes = from_base64(text);
    if (bytes.ok()) return std::move(*bytes);
    std::erase_if(text, [](char c) { return c == ' ' || c == '\t' || c == '='; });
    while (text.size() % 4 != 0) text += '=';
    bytes = from_base64(text);
    if (!bytes.ok()) return {};
    find("QR-0214", field, "blanks or no padding", "Base64 as of RFC 4648");
    return std::move(*bytes);
  }

  bool read_key(Code& code) {
    constexpr std::array point_sizes = {65, 97, 129, 133};
    const std::string& text = code.fields[public_key];
    Bytes bytes;
    const bool as_hex =
        is_hex(text) && text.starts_with("04") &&
        std::ranges::find(point_sizes, static_cast<int>(text.size() / 2)) != point_sizes.end();
    if (as_hex) {
      find("QR-0204", public_key, text, "Base64");
      bytes = std::move(*from_hex(text));
    } else {
      bytes = decode(text, public_key);
    }
    const bool spki = !bytes.empty() && bytes[0] == std::byte{0x30};
    auto key = spki ? crypto::PublicKey::from_spki(bytes) : crypto::PublicKey::from_point(bytes);
    if (!key.ok()) {
      find("QR-0103", public_key, text, key.error().detail);
      return false;
    }
    if (spki) find("QR-0202", public_key, "SubjectPublicKeyInfo", "the uncompressed point");
    code.key = std::move(*key);
    return true;
  }

  bool read_signature(Code& code) {
    const std::string& text = code.fields[signature];
    const crypto::Curve curve = code.key->curve();
    const std::size_t wanted = signature_bytes(curve);
    Bytes bytes;
    if (is_hex(text) && text.size() == 2 * wanted) {
      find("QR-0203", signature, text, "Base64");
      bytes = std::move(*from_hex(text));
    } else {
      bytes = decode(text, signature);
    }
    if (bytes.size() != wanted) {
      auto plain = crypto::plain_from_der(curve, bytes);
      if (!plain.ok()) {
        find("QR-0106", signature, fmt::format("{} bytes: {}", bytes.size(), text),
             fmt::format("{} bytes for {}", wanted, curve_name(curve)));
        return false;
      }
      find("QR-0201", signature, "SEQUENCE of two INTEGER", "r||s");
      bytes = std::move(*plain);
    }
    code.signature_value = std::move(bytes);
    return true;
  }

  bool check_signature(const Code& code, crypto::SignatureAlgorithm used) {
    const auto named = time_kind_from(code.fields[time_format]);
    if (!named) {
      find("QR-0210", time_format, code.fields[time_format],
           "unixTime, utcTime, utcTimeWithSeconds, generalizedTime, "
           "generalizedTimeWithMilliseconds");
    }
    const FinishFacts facts{.client = code.fields[client],
                            .process_type = code.fields[process_type],
                            .process_data = code.fields[process_data],
                            .transaction = code.transaction_number,
                            .counter = code.signature_counter,
                            .end = code.end_at};
    const auto form = find_finish_form(facts, named.value_or(tse::TimeKind::unix), *code.key, used,
                                       code.signature_value);
    if (!form) {
      find("QR-0105", signature, code.fields[signature],
           "a signature of this transaction by this key");
      return false;
    }
    if (form->indefinite) find("QR-0207", process_data, "A2 80 ... 00 00", "82 length data");
    if (form->generation == 2) find("QR-0208", version, "version 3", "nothing tells it");
    if (named && form->time != *named) {
      find("QR-0209", time_format, time_kind_name(form->time), code.fields[time_format]);
    }
    return true;
  }

  std::size_t m_number;
  Report& m_report;
};

/// Compares codes with the messages of exports.
class LookUp {
 public:
  LookUp(const std::vector<Code>& codes, Report& report) : m_codes(codes), m_report(report) {
    for (std::size_t i = 0; i < codes.size(); ++i) {
      if (codes[i].readable) m_wanted.emplace(codes[i].transaction_number, i);
    }
    m_found.resize(codes.size());
  }

  Status run(const std::vector<tse::Input>& logs) {
    for (const tse::Input& log : logs) {
      SIEGEL_TRY_OK(tse::visit_logs(log, [this](const tse::LogFile& file) {
        message(file);
        return true;
      }));
    }
    for (std::size_t i = 0; i < m_codes.size(); ++i) {
      const Code& code = m_codes[i];
      if (!code.readable || m_found[i]) continue;
      find("QR-0301", i,
           fmt::format("transaction {}, counter {} of {}", code.transaction_number,
                       code.signature_counter, hex(code.key->point_hash())),
           "a FinishTransaction of both in the log");
    }
    return Ok{};
  }

 private:
  void find(std::string_view rule, std::size_t code, std::string_view found,
            std::string_view expected) {
    m_report.add(rule, fmt::format("code {}", code + 1), found, expected, code + 1);
  }

  void message(const tse::LogFile& file) {
    const tse::Message& message = file.message;
    if (!is_transaction(message.event)) return;
    const auto [first, last] = m_wanted.equal_range(message.transaction);
    for (auto at = first; at != last; ++at) {
      const std::size_t i = at->second;
      const Code& code = m_codes[i];
      const Hash256 serial = code.key->point_hash();
      if (!std::ranges::equal(message.serial, serial)) continue;
      if (message.event == tse::Event::start && code.start_at && *code.start_at != message.time) {
        find("QR-0303", i, code.fields[start], message.time.text());
      }
      if (message.event != tse::Event::finish || message.counter != code.signature_counter) {
        continue;
      }
      m_found[i] = true;
      compare(i, "client", code.fields[client], message.client);
      compare(i, "processType", code.fields[process_type], message.process_type);
      compare(i, "processData", code.fields[process_data], message.process_data());
      compare(i, "signature", hex(code.signature_value), hex(message.signature));
    }
  }

  void compare(std::size_t code, std::string_view name, std::string_view in_code,
               std::string_view in_log) {
    if (in_code == in_log) return;
    find("QR-0302", code, fmt::format("{} {}", name, in_code), in_log);
  }

  const std::vector<Code>& m_codes;
  Report& m_report;
  std::multimap<std::uint64_t, std::size_t> m_wanted;  // by transaction
  std::vector<bool> m_found;
};

}  // namespace

Result<Report> verify_codes(std::span<const std::string> texts, const Options& options) {
  Report report;
  std::vector<Code> codes(texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    report.signatures.count(CodeCheck(i + 1, report).run(texts[i], codes[i]));
  }
  if (!options.logs.empty()) SIEGEL_TRY_OK(LookUp(codes, report).run(options.logs));
  return report;
}

Result<Report> verify_picture(BytesView png, const Options& options) {
  SIEGEL_TRY(std::vector<std::string> texts, format::decode_qr_png(png));
  // A receipt may carry codes of other kinds, for payment or advertising.
  const auto is_ours = [](const std::string& text) { return text.starts_with("V0;"); };
  if (std::ranges::any_of(texts, is_ours)) {
    std::erase_if(texts, [&](const std::string& text) { return !is_ours(text); });
  }
  SIEGEL_TRY(Report report, verify_codes(texts, options));
  if (texts.empty()) report.add("QR-0107", "picture", "no QR code", "a code beginning with V0;");
  return report;
}

}  // namespace siegel::verify::qr
