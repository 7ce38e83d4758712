#include "verify/rksv/material.h"

#include <fmt/format.h>

#include <algorithm>

#include "format/json.h"

namespace siegel::verify::rksv {

namespace {

constexpr std::string_view place = "container";

/// `digits` in decimal as upper-case hex without leading zeros; empty if it is no number of at most
/// 60 digits.
std::string hex_of_decimal(std::string_view digits) {
  constexpr std::size_t digits_max = 60;
  if (digits.empty() || digits.size() > digits_max) return {};
  std::string value;  // hex digits, the lowest first
  for (const char c : digits) {
    if (c < '0' || c > '9') return {};
    auto carry = static_cast<unsigned>(c - '0');
    for (char& digit : value) {
      const unsigned now = static_cast<unsigned>(digit) * 10 + carry;
      digit = static_cast<char>(now % 16);
      carry = now / 16;
    }
    for (; carry > 0; carry /= 16) value += static_cast<char>(carry % 16);
  }
  constexpr std::string_view letters = "0123456789ABCDEF";
  std::ranges::reverse(value);
  std::ranges::transform(value, value.begin(),
                         [&](char digit) { return letters[static_cast<std::size_t>(digit)]; });
  return value.empty() ? "0" : value;
}

DeviceKey read_device(const std::string& serial, const json::Object& entry, Report& report) {
  DeviceKey out;
  const json::Value* type = entry.find("signatureDeviceType");
  const json::Value* value = entry.find("signatureCertificateOrPublicKey");
  const auto where = fmt::format("{}, {}", place, serial);
  const std::string* kind = type == nullptr ? nullptr : type->string();
  out.is_certificate = kind != nullptr && *kind == "CERTIFICATE";
  if (kind == nullptr || (!out.is_certificate && *kind != "PUBLIC_KEY")) {
    report.add("RKS-0109", where, "signatureDeviceType", "CERTIFICATE or PUBLIC_KEY");
    return out;
  }
  const std::string* encoded = value == nullptr ? nullptr : value->string();
  const auto der = encoded != nullptr ? from_base64(*encoded) : Result<Bytes>(Bytes{});
  if (!der.ok() || der->empty()) {
    report.add("RKS-0109", where, "no Base64", "DER in Base64");
    return out;
  }
  if (out.is_certificate) {
    auto certificate = crypto::Certificate::parse(*der);
    if (!certificate.ok()) {
      report.add("RKS-0109", where, certificate.error().detail, "an X.509 certificate");
      return out;
    }
    if (auto key = certificate->public_key(); key.ok()) out.key = std::move(*key);
    out.certificate = std::move(*certificate);
  } else if (auto key = crypto::PublicKey::from_spki(*der); key.ok()) {
    out.key = std::move(*key);
  }
  if (!out.key || out.key->curve() != crypto::Curve::p256) {
    out.key.reset();
    report.add("RKS-0109", where, "no key on P-256", "a public key on P-256");
  }
  return out;
}

void compare_number(const std::string& serial, const DeviceKey& device, Report& report) {
  if (!device.certificate) return;
  const auto where = fmt::format("{}, {}", place, serial);
  const std::string number = device.certificate->serial_hex();
  switch (compare_serial(serial, *device.certificate)) {
    case SerialMatch::same:
      return;
    case SerialMatch::decimal:
      report.add("RKS-0111", where, "the number in decimal", number);
      return;
    case SerialMatch::complement:
      report.add("RKS-0111", where, "the negative number in two's complement", number);
      return;
    case SerialMatch::different:
      report.add("RKS-0110", where, serial, number);
      return;
  }
}

}  // namespace

std::string normal_hex(std::string_view hex) {
  while (hex.size() > 1 && hex.front() == '0') hex.remove_prefix(1);
  std::string out(hex);
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return out;
}

SerialMatch compare_serial(std::string_view text, const crypto::Certificate& of) {
  std::string number = of.serial_hex();
  if (number.starts_with('-')) number.erase(0, 1);
  number = normal_hex(number);
  const std::string given = normal_hex(text);
  if (given == number) return SerialMatch::same;
  if (hex_of_decimal(text) == number) return SerialMatch::decimal;
  // What a program prints that takes 8 bytes of chance for a signed number.
  constexpr std::size_t digits_max = 16;
  const auto value_of = [](const std::string& hex) {
    std::uint64_t value = 0;
    for (const char c : hex) {
      const bool digit = c >= '0' && c <= '9';
      value = value * 16 + static_cast<std::uint64_t>(digit ? c - '0' : c - 'A' + 10);
    }
    return value;
  };
  const bool is_hex =
      !given.empty() && given.find_first_not_of("0123456789ABCDEF") == std::string::npos;
  if (is_hex && given.size() <= digits_max && number.size() <= digits_max &&
      value_of(given) == ~value_of(number) + 1) {
    return SerialMatch::complement;
  }
  return SerialMatch::different;
}

const DeviceKey* Material::find(std::string_view serial) const {
  const auto found = devices.find(serial);
  return found == devices.end() ? nullptr : &found->second;
}

Material read_material(std::string_view text, Report& report) {
  Material out;
  constexpr std::size_t values_max = 1'000'000;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  const auto parsed =
      json::parse(text, {.bytes_max = container_bytes_max, .values_max = values_max});
  if (!parsed.ok() || parsed->object() == nullptr) {
    // Only where, not what: the text holds a key.
    report.add("RKS-0107", place,
               parsed.ok() ? "no JSON object" : parsed.error().code + " " + parsed.error().place,
               "a JSON object");
    return out;
  }
  const json::Object& root = *parsed->object();
  const json::Value* map = root.find("certificateOrPublicKeyMap");
  if (map != nullptr && map->object() == nullptr) {
    report.add("RKS-0107", place, "certificateOrPublicKeyMap is no object", "an object");
    return out;
  }
  out.readable = true;
  const json::Value* aes = root.find("base64AESKey");
  const std::string* aes_text = aes == nullptr ? nullptr : aes->string();
  out.has_aes_text = aes_text != nullptr && !aes_text->empty();
  if (out.has_aes_text) {
    if (auto bytes = from_base64(*aes_text); bytes.ok() && bytes->size() == 32) {
      out.aes = crypto::SecretBytes::copy_of(*bytes);
      crypto::wipe(*bytes);
    }
  }
  if (!out.aes) {
    report.add("RKS-0108", place, out.has_aes_text ? "no key of 32 bytes" : "no base64AESKey",
               "32 bytes in Base64");
  }
  if (map == nullptr) return out;
  for (const json::Member& member : *map->object()) {
    const json::Object* entry = member.value.object();
    if (entry == nullptr) {
      report.add("RKS-0109", fmt::format("{}, {}", place, member.key), "no object", "an object");
      continue;
    }
    DeviceKey device = read_device(member.key, *entry, report);
    compare_number(member.key, device, report);
    out.devices.emplace(member.key, std::move(device));
  }
  return out;
}

}  // namespace siegel::verify::rksv
