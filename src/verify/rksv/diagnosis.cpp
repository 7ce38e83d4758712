#include "verify/rksv/diagnosis.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "crypto/hash.h"

namespace siegel::verify::rksv {

namespace {

constexpr std::size_t half = 32;
constexpr std::size_t plain_bytes = 2 * half;
constexpr std::string_view plain_expected = "64 bytes r || s";

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

/// Base64 of the alphabet of URLs or the standard one, padded or not.
std::string encoded(std::string_view payload, bool url, bool padded) {
  std::string out = url ? base64url(bytes_of(payload)) : base64(bytes_of(payload));
  if (url && padded) {
    while (out.size() % 4 != 0) out += '=';
  }
  if (!url && !padded) {
    while (out.ends_with('=')) out.pop_back();
  }
  return out;
}

/// One mistake: what would have been signed then, or how the signature would be stored.
struct Variant {
  std::string_view rule;
  std::string found;
};
struct DigestVariant : Variant {
  Hash256 digest;
};
struct SignatureVariant : Variant {
  Bytes signature;
};

class Diagnosis {
 public:
  Diagnosis(const Receipt& receipt, const Material& material)
      : m_receipt(receipt), m_material(material) {
    const std::string_view canonical = receipt.canonical;
    m_input = canonical.substr(0, canonical.rfind('.'));
    m_digest = crypto::sha256(bytes_of(m_input));
    m_device = material.find(receipt.fields[field_serial]);
  }

  Note run() {
    if (auto note = by_form()) return std::move(*note);
    const auto signatures = signature_variants();
    const auto digests = digest_variants();
    for (const SignatureVariant& one : signatures) {
      if (verifies(m_digest, one.signature)) return note_of(one);
    }
    for (const DigestVariant& one : digests) {
      if (verifies(one.digest, m_receipt.signature)) return note_of(one);
      for (const SignatureVariant& other : signatures) {
        if (verifies(one.digest, other.signature)) {
          Note note = note_of(one);
          note.found += "; " + other.found;
          return note;
        }
      }
    }
    if (auto note = by_other_key(signatures)) return std::move(*note);
    if (m_receipt.signature.size() != plain_bytes) {
      return {"RKS-0408", fmt::format("{} bytes", m_receipt.signature.size()),
              std::string(plain_expected)};
    }
    return {"RKS-0401", "field 11: " + std::string(m_receipt.fields[field_serial]),
            "a signature of this receipt by this key"};
  }

 private:
  static Note note_of(const Variant& variant) {
    return {variant.rule, variant.found, std::string(plain_expected) + " over the JWS"};
  }

  [[nodiscard]] bool verifies(const Hash256& digest, BytesView signature) const {
    return m_device != nullptr && m_device->key && signature.size() == plain_bytes &&
           m_device->key->verify_ecdsa_digest(digest, signature);
  }

  std::optional<Note> by_form() {
    const std::string_view text = text_of(m_receipt.signature);
    // As stored without Base64, the outage text decodes to something else.
    const std::string plain(text_of(decode_lenient(outage_text)));
    if (lower(text) == lower(outage_text) || text == plain ||
        (text.size() > half / 2 && lower(text).starts_with("sicherheitseinrichtung"))) {
      return Note{"RKS-0412", std::string(text == plain ? outage_text : text),
                  std::string(outage_text) + " in Base64"};
    }
    const auto is_zero = [](std::byte b) { return b == std::byte{0}; };
    const BytesView signature(m_receipt.signature);
    if (signature.size() == plain_bytes && (std::ranges::all_of(signature.first(half), is_zero) ||
                                            std::ranges::all_of(signature.last(half), is_zero))) {
      return Note{"RKS-0410", "r or s is zero", "numbers from 1 to n - 1"};
    }
    return {};
  }

  std::vector<SignatureVariant> signature_variants() {
    std::vector<SignatureVariant> out;
    const Bytes& given = m_receipt.signature;
    if (auto plain = crypto::plain_from_der(crypto::Curve::p256, given); plain.ok()) {
      out.push_back({{"RKS-0402", fmt::format("DER of {} bytes", given.size())}, *plain});
    }
    if (given.size() == plain_bytes) {
      Bytes swapped(given.begin() + half, given.end());
      swapped.insert(swapped.end(), given.begin(), given.begin() + half);
      out.push_back({{"RKS-0403", "s || r"}, std::move(swapped)});
      Bytes reversed = given;
      std::reverse(reversed.begin(), reversed.begin() + half);
      std::reverse(reversed.begin() + half, reversed.end());
      out.push_back({{"RKS-0414", "the lowest byte first"}, std::move(reversed)});
    }
    const std::string_view text = text_of(given);
    if (auto inner = from_hex(text); inner.ok()) {
      out.push_back({{"RKS-0411", "the hex text of the signature"}, *inner});
    }
    if (Bytes inner = decode_lenient(text); inner.size() == plain_bytes) {
      out.push_back({{"RKS-0411", "the Base64 text of the signature"}, std::move(inner)});
    }
    return out;
  }

  std::vector<DigestVariant> digest_variants() {
    std::vector<DigestVariant> out;
    const auto add = [&](std::string_view rule, std::string found, std::string_view input) {
      out.push_back({{rule, std::move(found)}, crypto::sha256(bytes_of(input))});
    };
    const std::string payload(m_receipt.payload());
    const std::string header(jws_header);
    add("RKS-0404", "the hash of the hash", text_of(m_digest));
    add("RKS-0404", "the hash of the hash in hex", hex(m_digest));
    add("RKS-0405", "payload with padding", header + "." + encoded(payload, true, true));
    add("RKS-0405", "payload in standard Base64", header + "." + encoded(payload, false, true));
    add("RKS-0405", "payload in standard Base64 without padding",
        header + "." + encoded(payload, false, false));
    add("RKS-0407", "the payload itself", payload);
    add("RKS-0407", "the payload with `_` behind it", payload + "_");
    add("RKS-0407", "the payload in Base64url", encoded(payload, true, false));
    add("RKS-0407", "header and payload, not encoded", R"({"alg":"ES256"}.)" + payload);
    if (!m_receipt.stored_input.empty()) {
      const std::string& stored = m_receipt.stored_input;
      add("RKS-0409", "header and payload as they are stored", stored);
      const std::size_t dot = stored.find('.');
      add("RKS-0409", "the header that is stored",
          stored.substr(0, dot) + "." + encoded(payload, true, false));
    }
    return out;
  }

  std::optional<Note> by_other_key(const std::vector<SignatureVariant>& signatures) {
    constexpr std::size_t keys_max = 64;
    std::size_t tried = 0;
    for (const auto& [serial, device] : m_material.devices) {
      if (&device == m_device || !device.key || ++tried > keys_max) continue;
      const auto fits = [&](BytesView signature) {
        return signature.size() == plain_bytes &&
               device.key->verify_ecdsa_digest(m_digest, signature);
      };
      const bool other_form = std::ranges::any_of(
          signatures, [&](const SignatureVariant& one) { return fits(one.signature); });
      if (fits(m_receipt.signature) || other_form) {
        return Note{"RKS-0406", "made with " + serial,
                    "made with " + std::string(m_receipt.fields[field_serial])};
      }
    }
    return {};
  }

  const Receipt& m_receipt;
  const Material& m_material;
  std::string_view m_input;
  Hash256 m_digest{};
  const DeviceKey* m_device = nullptr;
};

}  // namespace

Note diagnose_signature(const Receipt& receipt, const Material& material) {
  return Diagnosis(receipt, material).run();
}

}  // namespace siegel::verify::rksv
