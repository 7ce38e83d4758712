#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "crypto/aes.h"
#include "crypto/ec.h"
#include "crypto/hash.h"
#include "crypto/x509_make.h"
#include "verify/rksv/receipt.h"
#include "verify/rksv/rksv.h"

// A register for tests, which can be told to misbehave anywhere. Shares nothing with the register
// that sells.

namespace siegel::verify::rksv::testing {

enum class As { start, standard, null, training, storno };

/// One receipt before it is written; a test changes what it likes.
struct Draft {
  std::string suite = "R1-AT1";
  std::string register_id;
  std::string number;
  std::string time;
  std::array<std::string, 5> amounts = {"0,00", "0,00", "0,00", "0,00", "0,00"};
  std::optional<std::int64_t> counter;  ///< encrypted into field 10
  std::string field_10;                 ///< instead of it, if not empty or `replace_10`
  bool replace_10 = false;
  std::size_t counter_bytes = 8;
  std::string serial;
  std::string chain;
  std::string header = R"({"alg":"ES256"})";
  bool outage = false;
  std::size_t device = 0;  ///< who signs
};

struct Device {
  std::string serial;
  crypto::PrivateKey key;
  std::optional<crypto::Certificate> certificate;  ///< none: a public key of a closed system
};

inline std::string pad(std::string text) {
  while (text.size() % 4 != 0) text += '=';
  return text;
}

inline crypto::PrivateKey new_key() {
  return crypto::PrivateKey::generate(crypto::Curve::p256).value();
}

inline std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

inline crypto::CertificateSpec spec(const std::string& name, crypto::CertificateRole role) {
  return {.subject = {.country = "AT", .common_name = name},
          .role = role,
          .not_before = Instant::from_unix(1'400'000'000),
          .not_after = Instant::from_unix(2'400'000'000)};
}

/// An issuer of certificates.
struct Issuer {
  explicit Issuer(const std::string& name, std::uint64_t seed = 1) : key(new_key()), random(seed) {
    certificate = crypto::make_root(spec(name, crypto::CertificateRole::ca), key, random).value();
  }
  crypto::Certificate issue(const std::string& name, const crypto::PublicKey& of) {
    return crypto::make_certificate(spec(name, crypto::CertificateRole::leaf), of,
                                    {.certificate = *certificate, .key = key}, random)
        .value();
  }

  crypto::PrivateKey key;
  SeededRandom random;
  std::optional<crypto::Certificate> certificate;
};

class Till {
 public:
  explicit Till(std::string id = "KASSE-1", bool is_closed = false)
      : m_id(std::move(id)), m_is_closed(is_closed) {
    m_key.resize(32);
    for (std::size_t i = 0; i < m_key.size(); ++i) m_key[i] = static_cast<std::byte>(i * 7 + 1);
    add_device();
  }

  std::size_t add_device() {
    auto key = new_key();
    if (m_is_closed) {
      const std::string serial = fmt::format("U:ATU12345678-K{}", devices.size());
      devices.push_back({serial, std::move(key), {}});
    } else {
      auto certificate = issuer.issue("signer", key.public_key());
      std::string serial = lower(certificate.serial_hex());
      devices.push_back({serial, std::move(key), std::move(certificate)});
    }
    return devices.size() - 1;
  }

  /// The next receipt as it should be.
  Draft next(As as, std::array<std::int64_t, 5> cents = {}) {
    Draft draft;
    draft.suite = m_is_closed ? "R1-AT0" : "R1-AT1";
    draft.register_id = m_id;
    draft.number = fmt::format("{}", ++m_number);
    m_time += 60;
    draft.time = civil_text(m_time);
    for (std::size_t i = 0; i < cents.size(); ++i) draft.amounts[i] = cents_text(cents[i]);
    if (as != As::training) {
      for (const std::int64_t amount : cents) m_counter += amount;
    }
    if (as == As::training) {
      draft.field_10 = "VFJB";
    } else if (as == As::storno) {
      draft.field_10 = "U1RP";
    } else {
      draft.counter = m_counter;
    }
    draft.serial = devices.front().serial;
    draft.chain = m_last.empty() ? chain_of(m_id) : chain_of(m_last);
    return draft;
  }
  static std::string chain_of(std::string_view text) {
    return base64(BytesView(crypto::sha256(bytes_of(text))).first(8));
  }

  std::string field_10(const Draft& draft) const {
    if (draft.replace_10 || !draft.field_10.empty()) return draft.field_10;
    const Hash256 hash = crypto::sha256(bytes_of(draft.register_id + draft.number));
    Bytes iv(hash.begin(), hash.begin() + 16);
    return encrypt(*draft.counter, draft.counter_bytes, iv);
  }
  std::string encrypt(std::int64_t value, std::size_t size, BytesView iv) const {
    Bytes plain(size, value < 0 ? std::byte{0xFF} : std::byte{0});
    auto rest = static_cast<std::uint64_t>(value);
    for (std::size_t i = 0; i < std::min<std::size_t>(size, 8); ++i, rest >>= 8U) {
      plain[size - 1 - i] = static_cast<std::byte>(rest & 255U);
    }
    return base64(crypto::aes256_ctr(crypto::SecretBytes::copy_of(m_key),
                                     std::span<const std::byte, 16>(iv.data(), 16), plain)
                      .value());
  }

  std::string payload(const Draft& draft) const {
    return fmt::format("_{}_{}_{}_{}_{}_{}_{}_{}", draft.suite, draft.register_id, draft.number,
                       draft.time, fmt::join(draft.amounts, "_"), field_10(draft), draft.serial,
                       draft.chain);
  }
  Bytes sign(const Draft& draft, std::string_view input) const {
    return devices[draft.device]
        .key.sign_ecdsa(crypto::HashAlgorithm::sha256, bytes_of(input))
        .value();
  }
  std::string input(const Draft& draft) const {
    return base64url(bytes_of(draft.header)) + "." + base64url(bytes_of(payload(draft)));
  }
  std::string jws(const Draft& draft) const {
    const std::string text = input(draft);
    if (draft.outage) return text + "." + base64url(bytes_of(outage_text));
    return text + "." + base64url(sign(draft, text));
  }
  /// The text of the QR code.
  std::string code(const std::string& jws) const {
    const std::size_t first = jws.find('.');
    const std::size_t second = jws.rfind('.');
    return std::string(text_of(from_base64url(jws.substr(first + 1, second - first - 1)).value())) +
           "_" + base64(from_base64url(jws.substr(second + 1)).value());
  }

  /// Into the DEP; the next receipt is chained to it.
  void write(std::string jws) {
    m_last = jws;
    receipts.push_back(std::move(jws));
  }
  void write(const Draft& draft) { write(jws(draft)); }
  void start() { write(next(As::start)); }
  void sale(std::int64_t cents = 1250) { write(next(As::standard, {cents, 0, 0, 0, 0})); }
  void null_receipt() { write(next(As::null)); }
  void outage_sale(std::int64_t cents = 100) {
    Draft draft = next(As::standard, {cents, 0, 0, 0, 0});
    draft.outage = true;
    write(draft);
  }
  void at(std::string_view time) { m_time = *parse_civil(time) - 60; }
  void skip_number() { ++m_number; }

  /// One group; certificates of the first device if wanted.
  std::string dep(bool with_certificates = false) const {
    std::string out = "{\n \"Belege-Gruppe\": [\n" + group(receipts, with_certificates) + " ]\n}\n";
    return out;
  }
  std::string group(const std::vector<std::string>& of, bool with_certificates) const {
    std::string certificate;
    std::string issuers;
    if (with_certificates && devices.front().certificate) {
      certificate = base64(devices.front().certificate->der());
      issuers = fmt::format("\"{}\"", base64(issuer.certificate->der()));
    }
    return group(of, certificate, issuers);
  }
  static std::string group(const std::vector<std::string>& of, const std::string& certificate,
                           const std::string& issuers) {
    std::string out = fmt::format(
        "  {{ \"Signaturzertifikat\": \"{}\",\n    \"Zertifizierungsstellen\": [{}],\n"
        "    \"Belege-kompakt\": [\n",
        certificate, issuers);
    for (std::size_t i = 0; i < of.size(); ++i) {
      out += fmt::format("     \"{}\"{}\n", of[i], i + 1 < of.size() ? "," : "");
    }
    return out + "    ] }\n";
  }

  std::string container() const {
    std::string out =
        fmt::format("{{\"base64AESKey\":\"{}\",\"certificateOrPublicKeyMap\":{{", base64(m_key));
    bool first = true;
    const auto add = [&](const std::string& serial, bool is_certificate, const Bytes& der) {
      out += fmt::format(
          "{}\"{}\":{{\"id\":\"{}\",\"signatureDeviceType\":\"{}\","
          "\"signatureCertificateOrPublicKey\":\"{}\"}}",
          first ? "" : ",", serial, serial, is_certificate ? "CERTIFICATE" : "PUBLIC_KEY",
          base64(der));
      first = false;
    };
    for (const Device& device : devices) {
      add(device.serial, device.certificate.has_value(),
          device.certificate ? device.certificate->der() : device.key.public_key().spki_der());
    }
    for (const auto& [serial, index] : also_as_public_key) {
      add(serial, false, devices[index].key.public_key().spki_der());
    }
    return out + "}}";
  }

  Bytes& aes_key() { return m_key; }
  [[nodiscard]] const std::string& last() const { return m_last; }

  Issuer issuer{"issuer"};
  std::deque<Device> devices;
  std::map<std::string, std::size_t> also_as_public_key;
  std::vector<std::string> receipts;

 private:
  std::string m_id;
  bool m_is_closed;
  Bytes m_key;
  std::int64_t m_counter = 0;
  std::uint64_t m_number = 0;
  std::int64_t m_time = *parse_civil("2026-03-02T08:00:00");
  std::string m_last;
};

inline Options at_noon() {
  return {.now = Instant::parse("2026-11-21T12:00:00Z").value(), .threads = 1};
}

inline Result<Outcome> verify(const std::string& dep, const std::string& container,
                              const Options& options = at_noon()) {
  return verify_dep({.bytes = bytes_of(dep)}, {.bytes = bytes_of(container)}, options);
}
inline Outcome verify(const Till& till, const Options& options = at_noon()) {
  return verify(till.dep(), till.container(), options).value();
}

/// One finding a line, for messages.
inline std::string findings_text(const Report& report) {
  std::string out;
  for (const Finding& one : report.findings()) {
    out += fmt::format("  {} {} {}: {} / {}\n", severity_name(one.severity), one.rule, one.place,
                       one.found, one.expected);
  }
  return out;
}
/// The rules of severity violation, sorted, each once.
inline std::vector<std::string> violations(const Report& report) {
  std::vector<std::string> out;
  for (const Finding& one : report.findings()) {
    if (one.severity == Severity::violation) out.push_back(one.rule);
  }
  std::ranges::sort(out);
  const auto rest = std::ranges::unique(out);
  out.erase(rest.begin(), rest.end());
  return out;
}

}  // namespace siegel::verify::rksv::testing
