#include "model/rksv.h"

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

std::string chaining_of_first(std::string_view cash_box_id) { return chaining(cash_box_id); }

std::string chaining_after(std::string_view jws) { return chaining(jws); }

}  // namespace siegel::rksv
