#include "base/bytes.h"

#include <cstdint>
#include <cstring>

namespace siegel {
namespace {

constexpr std::string_view alphabet_std =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view alphabet_32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr std::string_view alphabet_url =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::string encode64(BytesView bytes, std::string_view alphabet, bool padded) {
  std::string out((bytes.size() + 2) / 3 * 4, '=');
  const auto byte = [&](std::size_t i) { return std::to_integer<std::uint32_t>(bytes[i]); };
  std::size_t from = 0;
  std::size_t to = 0;
  for (; from + 3 <= bytes.size(); from += 3, to += 4) {
    const std::uint32_t bits = (byte(from) << 16) | (byte(from + 1) << 8) | byte(from + 2);
    out[to] = alphabet[bits >> 18];
    out[to + 1] = alphabet[(bits >> 12) & 63U];
    out[to + 2] = alphabet[(bits >> 6) & 63U];
    out[to + 3] = alphabet[bits & 63U];
  }
  const std::size_t rest = bytes.size() - from;
  if (rest == 0) return out;
  const std::uint32_t bits = (byte(from) << 16) | (rest == 2 ? byte(from + 1) << 8 : 0U);
  out[to] = alphabet[bits >> 18];
  out[to + 1] = alphabet[(bits >> 12) & 63U];
  if (rest == 2) out[to + 2] = alphabet[(bits >> 6) & 63U];
  if (!padded) out.resize(to + rest + 1);
  return out;
}

std::array<std::int8_t, 256> reverse(std::string_view alphabet) {
  std::array<std::int8_t, 256> table{};
  table.fill(-1);
  for (std::size_t i = 0; i < alphabet.size(); ++i)
    table[static_cast<unsigned char>(alphabet[i])] = static_cast<std::int8_t>(i);
  return table;
}

Result<Bytes> decode64(std::string_view text, std::string_view alphabet, bool padded) {
  const auto bad = [] { return invalid("E-ENC-002", "not valid Base64"); };
  if (padded) {
    if (text.size() % 4 != 0) return bad();
    for (int i = 0; i < 2 && !text.empty() && text.back() == '='; ++i) text.remove_suffix(1);
  }
  if (text.size() % 4 == 1) return bad();
  const auto table = reverse(alphabet);
  Bytes out;
  out.reserve(text.size() * 3 / 4);
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : text) {
    const std::int8_t value = table[static_cast<unsigned char>(c)];
    if (value < 0) return bad();
    bits = (bits << 6) | static_cast<std::uint32_t>(value);
    held += 6;
    if (held >= 8) {
      held -= 8;
      out.push_back(static_cast<std::byte>((bits >> held) & 255U));
    }
  }
  if ((bits & ((1U << held) - 1U)) != 0) return bad();
  return out;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Length of the well-formed sequence at the front of `s`, 0 if there is none.
std::size_t utf8_sequence(std::string_view s) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(s[i]); };
  const auto tail = [&](std::size_t i) { return i < s.size() && (at(i) & 0xC0U) == 0x80U; };
  const unsigned char lead = at(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return tail(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    if (!tail(1) || !tail(2)) return 0;
    if (lead == 0xE0 && at(1) < 0xA0) return 0;
    if (lead == 0xED && at(1) > 0x9F) return 0;
    return 3;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    if (!tail(1) || !tail(2) || !tail(3)) return 0;
    if (lead == 0xF0 && at(1) < 0x90) return 0;
    if (lead == 0xF4 && at(1) > 0x8F) return 0;
    return 4;
  }
  return 0;
}

}  // namespace

BytesView bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

std::string_view text_of(BytesView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Bytes to_bytes(std::string_view text) {
  const BytesView view = bytes_of(text);
  return {view.begin(), view.end()};
}

void append(Bytes& to, BytesView more) { to.insert(to.end(), more.begin(), more.end()); }

std::string hex(BytesView bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const std::byte b : bytes) {
    out += digits[std::to_integer<std::size_t>(b >> 4)];
    out += digits[std::to_integer<std::size_t>(b & std::byte{15})];
  }
  return out;
}

Result<Bytes> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return invalid("E-ENC-001", "hex text has an odd length");
  Bytes out;
  out.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = hex_digit(text[i]);
    const int low = hex_digit(text[i + 1]);
    if (high < 0 || low < 0) return invalid("E-ENC-001", "not a hex digit");
    out.push_back(static_cast<std::byte>(high * 16 + low));
  }
  return out;
}

std::string base64(BytesView bytes) { return encode64(bytes, alphabet_std, true); }
Result<Bytes> from_base64(std::string_view text) { return decode64(text, alphabet_std, true); }
std::string base64url(BytesView bytes) { return encode64(bytes, alphabet_url, false); }
Result<Bytes> from_base64url(std::string_view text) { return decode64(text, alphabet_url, false); }

std::string base32(BytesView bytes) {
  std::string out;
  out.reserve((bytes.size() + 4) / 5 * 8);
  std::uint32_t held = 0;
  unsigned bits = 0;
  for (const std::byte b : bytes) {
    held = (held << 8) | std::to_integer<std::uint32_t>(b);
    for (bits += 8; bits >= 5; bits -= 5) out += alphabet_32[(held >> (bits - 5)) & 31U];
    held &= (1U << bits) - 1U;
  }
  if (bits != 0) out += alphabet_32[(held << (5 - bits)) & 31U];
  out.append((8 - out.size() % 8) % 8, '=');
  return out;
}

Result<Bytes> from_base32(std::string_view text) {
  const auto bad = [](std::string_view why) {
    return invalid("E-ENC-003", "not Base32: " + std::string(why));
  };
  if (text.size() % 8 != 0) return bad("the length is no multiple of 8");
  const std::size_t digits = std::min(text.find('='), text.size());
  if (text.find_first_not_of('=', digits) != std::string_view::npos) {
    return bad("a digit after the padding");
  }
  Bytes out;
  out.reserve(digits * 5 / 8);
  std::uint32_t held = 0;
  unsigned bits = 0;
  for (const char c : text.substr(0, digits)) {
    const std::size_t value = alphabet_32.find(c);
    if (value == std::string_view::npos) return bad("a character outside A-Z, 2-7");
    held = (held << 5) | static_cast<std::uint32_t>(value);
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    out.push_back(static_cast<std::byte>(held >> bits));
    held &= (1U << bits) - 1U;
  }
  // A rest of 5 bits or more is a digit too many, and as little padding as possible is demanded.
  if (bits >= 5 || held != 0 || text.size() - digits >= 8) return bad("surplus bits");
  return out;
}

std::uint64_t load_be64(std::span<const std::byte, 8> bytes) {
  std::uint64_t value = 0;
  for (const std::byte b : bytes) value = (value << 8) | std::to_integer<std::uint64_t>(b);
  return value;
}

void store_be64(std::span<std::byte, 8> to, std::uint64_t value) {
  for (std::size_t i = 8; i-- > 0; value >>= 8) to[i] = static_cast<std::byte>(value & 255U);
}

bool valid_utf8(std::string_view text) {
  while (!text.empty()) {
    // Eight bytes at once while they are ASCII, as most are.
    std::uint64_t eight = 0;
    while (text.size() >= sizeof(eight)) {
      std::memcpy(&eight, text.data(), sizeof(eight));
      if ((eight & 0x8080808080808080U) != 0) break;
      text.remove_prefix(sizeof(eight));
    }
    if (text.empty()) break;
    const std::size_t n = utf8_sequence(text);
    if (n == 0) return false;
    text.remove_prefix(n);
  }
  return true;
}

std::size_t utf8_length(std::string_view text) {
  std::size_t n = 0;
  for (const char c : text)
    if ((static_cast<unsigned char>(c) & 0xC0U) != 0x80U) ++n;
  return n;
}

std::string excerpt(std::string_view text, std::size_t length_max) {
  std::string out;
  for (std::size_t length = 0; !text.empty(); ++length) {
    if (length == length_max) return out + "...";
    const std::size_t n = utf8_sequence(text);
    const auto first = static_cast<unsigned char>(text.front());
    // C0, DEL and, as two bytes from C2 80, C1.
    const bool control = first < 0x20 || first == 0x7F ||
                         (n == 2 && first == 0xC2 && static_cast<unsigned char>(text[1]) < 0xA0);
    if (n == 0 || control)
      out += '?';
    else
      out += text.substr(0, n);
    text.remove_prefix(n == 0 ? 1 : n);
  }
  return out;
}

}  // namespace siegel
