#include "model/rksv.h"

#include <algorithm>

#include "crypto/hash.h"
#include "format/jws.h"

namespace siegel::rksv {
namespace {

constexpr std::size_t chaining_bytes = 8;

std::string chaining(std::string_view text) {
  const Hash256 hash = crypto::sha256(bytes_of(text));
  return base64(BytesView(hash).first(chaining_bytes));
}

BytesView signature_or_outage(BytesView signature) {
  return signature.empty() ? bytes_of(outage_text) : signature;
}

}  // namespace

Hash256 digest(std::string_view payload) {
  return crypto::sha256(bytes_of(format::jws_signing_input(bytes_of(payload))));
}

std::string jws(std::string_view payload, BytesView signature) {
  return format::join_jws(format::jws_signing_input(bytes_of(payload)),
                          signature_or_outage(signature));
}

std::string code(std::string_view payload, BytesView signature) {
  std::string out(payload);
  out += '_';
  out += base64(signature_or_outage(signature));
  return out;
}

std::string ocr_code(std::string_view payload, BytesView signature) {
  constexpr std::size_t turnover_field = 10;
  constexpr std::size_t chaining_field = 12;
  std::string out;
  std::size_t field = 0;
  // The payload begins with '_', so the first piece is empty and the others count from 1.
  for (std::size_t from = 0; from <= payload.size(); ++field) {
    const std::size_t to = std::min(payload.find('_', from), payload.size());
    const std::string_view piece = payload.substr(from, to - from);
    if (field != 0) out += '_';
    const auto bytes = field == turnover_field || field == chaining_field ? from_base64(piece)
                                                                          : Result<Bytes>(Bytes());
    out += bytes.ok() && !bytes->empty() ? base32(*bytes) : std::string(piece);
    from = to + 1;
  }
  return out + '_' + base32(signature_or_outage(signature));
}

std::string link_token(std::string_view code) {
  const Hash256 hash = crypto::sha256(bytes_of(code));
  return base64url(BytesView(hash).first(8));
}

std::string aes_check(std::string_view key_base64) {
  const Hash256 hash = crypto::sha256(bytes_of(key_base64));
  return base64(BytesView(hash).first(3));  // three bytes need no padding
}

std::string chaining_of_first(std::string_view cash_box_id) { return chaining(cash_box_id); }

std::string chaining_after(std::string_view jws) { return chaining(jws); }

}  // namespace siegel::rksv
