#include <fmt/format.h>

#include <algorithm>

#include "verify/dsfinvk/closing_check.h"
#include "verify/dsfinvk/vat_catalogue.h"

// Rules about the master data of a closing.

namespace siegel::verify::dsfinvk {

void ClosingCheck::check_register() {
  const auto one = [&](Table table, std::string_view what) {
    if (rows(table).size() == 1 || !has(table)) return;
    m_findings.add("K003", Spot{Table::cashpointclosing, m_state.closing->line},
                   fmt::format("{} rows in {}", rows(table).size(), info(table).file), what);
    for (std::size_t i = 1; i < rows(table).size(); ++i) {
      const Row a = rows(table)[0];
      const Row b = rows(table)[i];
      if (!std::equal(a.fields, a.fields + rows(table).columns, b.fields))
        m_findings.add("S025", Spot{table, b.line}, "other master data in the same closing",
                       "a closing before master data change");
    }
  };
  one(Table::location, "one location");
  one(Table::cashregister, "one register");
  if (rows(Table::vat).size() == 0 && has(Table::vat))
    m_findings.add("K004", Spot{Table::cashpointclosing, m_state.closing->line},
                   "no row in vat.csv", "the rates in force");
  if (rows(Table::cashregister).size() == 0) return;
  namespace c = cashregister_columns;
  const Row row = rows(Table::cashregister)[0];
  m_state.register_row = row;
  if (!row[c::kasse_basiswaeh_code].empty()) m_state.base_currency = row[c::kasse_basiswaeh_code];
  m_state.serial = row[c::kasse_seriennr];
  m_state.no_vat_flag = row[c::keine_ust_zuordnung] == "1";
  m_state.summary.software = row[c::kasse_sw_version];
  m_state.summary.register_line = row.line;
  if (m_gathered.clients.size() < 100'000) m_gathered.clients.insert(m_state.serial);
}

void ClosingCheck::check_vat_table() {
  namespace c = vat_columns;
  const std::int64_t day =
      m_state.closing->created ? m_state.closing->created->german_ms() / 86'400'000 : 0;
  bool has_1 = false;
  bool has_2 = false;
  for (const VatRate& rate : m_state.vat) {
    has_1 |= rate.key == 1;
    has_2 |= rate.key == 2;
    const std::string_view name = rate.row[c::ust_beschr];
    if (rate.key >= 1000 && rate.key != unreadable_key &&
        (name.size() < 4 || is_digits(name) || name == rate.row[c::ust_schluessel]))
      m_findings.add("U006", Spot{Table::vat, rate.row.line, c::ust_beschr}, name,
                     "what the key is for");
    for (const VatRate& other : m_state.vat) {
      if (other.key <= rate.key || other.key > 8 || rate.rate == other.rate) continue;
      if (is_rate(rate.key, other.rate, day) && is_rate(other.key, rate.rate, day) &&
          !is_rate(rate.key, rate.rate, day))
        m_findings.add("U007", Spot{Table::vat, rate.row.line, c::ust_satz},
                       fmt::format("{} at key {}, {} at key {}", number_text(rate.rate), rate.key,
                                   number_text(other.rate), other.key),
                       "the other way round");
    }
  }
  if (!m_state.vat.empty() && (!has_1 || !has_2))
    m_findings.add("U004", Spot{Table::vat, m_state.vat[0].row.line, c::ust_schluessel},
                   has_1   ? "no key 2"
                   : has_2 ? "no key 1"
                           : "neither key 1 nor key 2",
                   "keys 1 and 2");
}

void ClosingCheck::check_tses() {
  namespace c = tse_columns;
  for (std::size_t i = 0; i < std::min<std::size_t>(rows(Table::tse).size(), 1000); ++i) {
    const Row row = rows(Table::tse)[i];
    TseEntry& tse = m_state.tses.emplace_back();
    tse.row = row;
    tse.id = row[c::tse_id];
    tse.ascii = row[c::tse_pd_encoding] == "ASCII";
    std::string serial(row[c::tse_serial]);
    for (char& letter : serial)
      letter = letter >= 'A' && letter <= 'F' ? static_cast<char>(letter + 32) : letter;
    tse.index = m_input.tse_names.index_of(serial);
    if (m_gathered.tse_serials.size() < 100'000) m_gathered.tse_serials.insert(serial);
    tse.time_kind = qr::time_kind_from(row[c::tse_zeitformat]);
    if (auto algorithm = crypto::signature_algorithm_from_name(row[c::tse_sig_algo]);
        algorithm.ok())
      tse.algorithm = *algorithm;
    const auto bytes = from_base64(row[c::tse_public_key]);
    if (bytes.ok() && !bytes->empty()) {
      auto key = (*bytes)[0] == std::byte{0x30} ? crypto::PublicKey::from_spki(*bytes)
                                                : crypto::PublicKey::from_point(*bytes);
      if (key.ok()) {
        tse.key = std::move(*key);
      } else {
        m_findings.add("T007", Spot{Table::tse, row.line, c::tse_public_key}, key.error().detail,
                       "a point of a curve of TR-03111");
      }
    }
    if (tse.key) {
      const std::string hash = hex(tse.key->point_hash());
      const bool old_form = edition() <= 20 && row[c::tse_serial] == base64(tse.key->point_hash());
      if (serial != hash && !old_form)
        m_findings.add("T004", Spot{Table::tse, row.line, c::tse_serial}, row[c::tse_serial], hash);
    }
    std::string certificate(row[c::tse_zertifikat_i]);
    certificate += row[c::tse_zertifikat_ii];
    certificate += rows(Table::tse).certificates[i];
    check_certificate(tse, certificate);
  }
}

void ClosingCheck::check_certificate(TseEntry& tse, std::string_view text) {
  namespace c = tse_columns;
  const Spot place{Table::tse, tse.row.line, c::tse_zertifikat_i};
  if (text.empty()) return;
  std::string compact(text);
  const bool pem = compact.find("-----BEGIN") != std::string::npos;
  Bytes bytes;
  if (pem) {
    bytes = to_bytes(compact);
  } else {
    std::erase_if(compact,
                  [](char letter) { return letter == ' ' || letter == '\r' || letter == '\n'; });
    const std::size_t whole = compact.size() / 4 * 4;
    auto decoded = from_base64(compact);
    if (!decoded.ok()) decoded = from_base64(std::string_view(compact).substr(0, whole));
    if (!decoded.ok()) {
      m_findings.add("F017", place, decoded.error().detail, "Base64");
      return;
    }
    bytes = std::move(*decoded);
    // SEQUENCE with a length of two bytes: what the certificate itself says of its size.
    if (bytes.size() > 4 && bytes[0] == std::byte{0x30} && bytes[1] == std::byte{0x82}) {
      const std::size_t said = 4 + (std::to_integer<std::size_t>(bytes[2]) << 8U) +
                               std::to_integer<std::size_t>(bytes[3]);
      if (said > bytes.size()) {
        m_findings.add("T027", place, fmt::format("{} of {} bytes", bytes.size(), said),
                       "as many columns TSE_ZERTIFIKAT_n as it needs");
        return;
      }
      // PEM files joined before encoding, or a chain: the first one is the TSE's.
      if (said < bytes.size()) bytes.resize(said);
    }
  }
  auto parsed = crypto::Certificate::parse_all(bytes);
  if (!parsed.ok()) {
    m_findings.add("T006", place, parsed.error().detail, "an X.509 certificate");
    return;
  }
  const crypto::Certificate& certificate = parsed->front();
  const auto key = certificate.public_key();
  if (!key.ok()) {
    m_findings.add("T007", place, key.error().detail, "a key on a curve of TR-03111");
  } else if (tse.key && !(*key == *tse.key)) {
    m_findings.add("T005", Spot{Table::tse, tse.row.line, c::tse_public_key},
                   hex(tse.key->point_hash()), hex(key->point_hash()));
  }
  tse.certificate = certificate.fingerprint();
  tse.valid_from = certificate.not_before();
  tse.valid_until = certificate.not_after();
  if (m_gathered.certificates.size() < 10'000)
    m_gathered.certificates.emplace(*tse.certificate,
                                    SeenCertificate{certificate, 0, tse.row.line});
}

}  // namespace siegel::verify::dsfinvk
