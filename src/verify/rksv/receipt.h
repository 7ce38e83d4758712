#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "verify/rksv/material.h"
#include "verify/rksv/official.h"

// One receipt by itself: its fields, its signature, its counter. Not part of the module's contract.

namespace siegel::verify::rksv {

/// The 13 elements of the code, from 0.
enum Field : std::size_t {
  field_suite = 0,
  field_register = 1,
  field_number = 2,
  field_time = 3,
  field_amounts = 4,  ///< five of them
  field_counter = 9,
  field_serial = 10,
  field_chain = 11,
  field_signature = 12,
};
inline constexpr std::size_t field_count = 13;

/// A finding of the receipt by itself.
struct Note {
  std::string_view rule;
  std::string found;
  std::string expected;
};

enum class SignatureState : std::uint8_t {
  not_readable,  ///< there is none to check
  valid,
  wrong,
  outage,       ///< "Sicherheitseinrichtung ausgefallen"
  key_unknown,  ///< the container does not name the key
  key_unusable,
};

enum class System : std::uint8_t { unknown, open, closed };

/// An entry and what was found out about it. Views point into it: it is neither copied nor moved
/// while they are used.
struct Receipt {
  Receipt() = default;
  Receipt(const Receipt&) = delete;
  Receipt& operator=(const Receipt&) = delete;

  bool is_text = false;
  std::uint32_t group = 0;
  std::string text;  ///< as it stands in the input

  /// A payload and a signature could be taken out of it; all below is empty if not.
  bool readable = false;
  std::string code;  ///< what the QR code says; the payload is its beginning
  std::size_t payload_size = 0;
  std::array<std::string_view, field_count> fields{};
  bool has_fields = false;  ///< exactly 13
  Bytes signature;
  std::string canonical;     ///< the compact JWS as it must have been written
  std::string stored_input;  ///< header and payload as stored, if they differ from the canonical

  std::vector<Note> notes;
  SignatureState signature_state = SignatureState::not_readable;
  System system = System::unknown;
  bool serial_form = false;  ///< field 11 fits the system

  bool has_time = false;
  std::int64_t time = 0;  ///< seconds of the civil calendar since 1970
  bool in_future = false;
  bool has_amounts = false;
  std::array<std::int64_t, 5> amounts{};  ///< cents
  bool all_zero = false;

  CounterState counter_state = CounterState::none;
  bool counter_form = false;  ///< field 10 is base64 of a possible length, or TRA or STO
  std::int64_t counter = 0;   ///< decrypted, low 64 bits
  std::size_t counter_bytes = 0;
  ByteArray<16> counter_cipher{};
  std::uint64_t number_hash = 0;  ///< of Kassen-ID and Belegnummer: the beginning of the IV
  bool has_chain = false;
  std::uint64_t chain = 0;          ///< field 12
  std::uint64_t own_hash = 0;       ///< what the next receipt must carry
  std::uint64_t register_hash = 0;  ///< what a Startbeleg must carry

  // As the official tool sees it, but for the state of the register (see Sequence).
  Failing<Check> cashbox;
  Kind kind = Kind::none;

  [[nodiscard]] std::string_view payload() const {
    return std::string_view(code).substr(0, payload_size);
  }
  [[nodiscard]] bool is_signed() const { return signature_state != SignatureState::outage; }
  [[nodiscard]] bool is_marked() const {
    return counter_state == CounterState::training || counter_state == CounterState::storno;
  }
};

/// What all receipts of a run have in common; borrowed for the run.
struct ReceiptRules {
  const Material& material;
  std::int64_t now = 0;  ///< civil seconds in Austria
  bool accept_future = false;
};

/// Civil seconds of `yyyy-MM-ddThh:mm:ss`, an existing time; nothing otherwise.
[[nodiscard]] std::optional<std::int64_t> parse_civil(std::string_view text);
/// `2026-11-20T18:42:17`.
[[nodiscard]] std::string civil_text(std::int64_t seconds);

struct Amount {
  bool readable = false;   ///< the official tool reads it
  bool canonical = false;  ///< as the law writes it
  std::int64_t cents = 0;
};
[[nodiscard]] Amount parse_amount(std::string_view text);
/// "12,30"
[[nodiscard]] std::string cents_text(std::int64_t cents);

/// Base64 of either alphabet as lenient programs read it: other characters are passed over, `=` is
/// the end, bits left over are dropped.
[[nodiscard]] Bytes decode_lenient(std::string_view text);

/// Checks the text of `receipt` (an entry of a DEP: a compact JWS) and fills the rest.
void check_entry(const ReceiptRules& rules, Receipt& receipt);
/// The same for the text of a code: QR, OCR or compact JWS.
void check_code(const ReceiptRules& rules, Receipt& receipt);

/// The 64-bit beginning of a hash, as chain and numbers use it.
[[nodiscard]] std::uint64_t first_8(const Hash256& hash);
/// Decrypts `cipher` with the key and IV; the low 64 bits, sign-extended.
[[nodiscard]] std::int64_t decrypt_counter(const crypto::SecretBytes& key, BytesView cipher,
                                           std::span<const std::byte, 16> iv);

inline constexpr std::string_view jws_header = "eyJhbGciOiJFUzI1NiJ9";
inline constexpr std::string_view outage_text = "Sicherheitseinrichtung ausgefallen";

}  // namespace siegel::verify::rksv
