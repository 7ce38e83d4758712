#include "device/atrust/answers.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "crypto/x509.h"
#include "crypto/x509_chain.h"
#include "format/json.h"

namespace siegel::device::atrust {
namespace {

constexpr std::size_t session_text_max = 512;
constexpr json::Limits limits{.bytes_max = answer_bytes_max, .depth_max = 8, .values_max = 2'000};

Error not_understood(std::string why) { return unavailable("E-SIG-105", std::move(why)); }

Result<json::Object> object_of(std::string_view body) {
  auto value = json::parse(body, limits);
  if (!value.ok()) {
    return not_understood(fmt::format("the service answered with something else than JSON ({}): {}",
                                      value.error().code, excerpt(body)));
  }
  if (value->object() == nullptr) {
    return not_understood("the service answered with JSON that is no object");
  }
  return std::move(*value->object());
}

Result<std::string> text_in(const json::Object& object, std::string_view name,
                            std::size_t size_max) {
  const json::Value* value = object.find(name);
  if (value == nullptr || value->string() == nullptr) {
    return not_understood(fmt::format("the service's answer has no text '{}'", name));
  }
  if (value->string()->size() > size_max) {
    return not_understood(
        fmt::format("'{}' in the service's answer is longer than {} bytes", name, size_max));
  }
  return *value->string();
}

Result<crypto::Certificate> certificate_of(std::string_view text) {
  const auto der = from_any_base64(text);
  if (!der) {
    return unavailable("E-SIG-108", "a certificate in the service's answer is not base64");
  }
  auto certificate = crypto::Certificate::parse(*der);
  if (!certificate.ok()) return unavailable("E-SIG-108", certificate.error().detail);
  return certificate;
}

Result<std::vector<crypto::Certificate>> certificates_in(const json::Object& object,
                                                         std::string_view name) {
  std::vector<crypto::Certificate> out;
  const json::Value* value = object.find(name);
  if (value == nullptr || value->is_null()) return out;
  const json::Array* list = value->array();
  if (list == nullptr || list->size() > answer_certificates_max) {
    return not_understood(fmt::format("'{}' in the service's answer is no list of at most {}", name,
                                      answer_certificates_max));
  }
  for (const json::Value& one : *list) {
    if (one.string() == nullptr) {
      return not_understood(fmt::format("'{}' in the service's answer is no list of texts", name));
    }
    SIEGEL_TRY(auto certificate, certificate_of(*one.string()));
    out.push_back(std::move(certificate));
  }
  return out;
}

}  // namespace

std::optional<Bytes> from_any_base64(std::string_view text) {
  std::string plain(text);
  while (plain.ends_with('=') && text.size() - plain.size() < 2) plain.pop_back();
  if (plain.size() != text.size() && text.size() % 4 != 0) return std::nullopt;
  std::ranges::replace(plain, '+', '-');
  std::ranges::replace(plain, '/', '_');
  auto bytes = from_base64url(plain);
  if (!bytes.ok()) return std::nullopt;
  return std::move(bytes).value();
}

Result<Bytes> signature_answer(std::string_view body) {
  SIEGEL_TRY(const auto object, object_of(body));
  SIEGEL_TRY(const auto text, text_in(object, "signature", session_text_max));
  auto bytes = from_any_base64(text);
  if (!bytes) return not_understood("the signature in the service's answer is not base64");
  return std::move(*bytes);
}

Result<SessionAnswer> session_answer(std::string_view body) {
  SIEGEL_TRY(const auto object, object_of(body));
  SIEGEL_TRY(auto id, text_in(object, "sessionid", session_text_max));
  SIEGEL_TRY(const auto key, text_in(object, "sessionkey", session_text_max));
  if (id.empty() || key.empty()) {
    return not_understood("the service opened a session without an id or key");
  }
  return SessionAnswer{std::move(id), crypto::SecretBytes::copy_of(bytes_of(key))};
}

Result<std::vector<Bytes>> certificate_answer(std::string_view body) {
  SIEGEL_TRY(const auto object, object_of(body));
  SIEGEL_TRY(const auto text, text_in(object, "Signaturzertifikat", answer_bytes_max));
  SIEGEL_TRY(const auto leaf, certificate_of(text));
  SIEGEL_TRY(const auto above, certificates_in(object, "Zertifizierungsstellen"));
  // Whatever order the service has them in.
  const auto found = crypto::check_chain(
      leaf, {.intermediates = above, .trust_anchors = {}, .crls = {}, .at = leaf.not_before()});
  std::vector<Bytes> chain;
  chain.reserve(found.path.size());
  for (const crypto::Certificate& one : found.path) chain.push_back(one.der());
  return chain;
}

Result<std::vector<Bytes>> certificates_answer(std::string_view body) {
  SIEGEL_TRY(const auto object, object_of(body));
  SIEGEL_TRY(const auto list, certificates_in(object, "Signaturzertifikate"));
  if (list.empty()) {
    return unavailable("E-SIG-108", "the service's answer has no 'Signaturzertifikate'");
  }
  std::vector<Bytes> out;
  out.reserve(list.size());
  for (const crypto::Certificate& one : list) out.push_back(one.der());
  return out;
}

Result<std::string> zda_answer(std::string_view body) {
  SIEGEL_TRY(const auto object, object_of(body));
  SIEGEL_TRY(auto zda, text_in(object, "zdaid", 16));
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (!zda.starts_with("AT") || zda.size() < 3 || zda.size() > 5 || zda[2] == '0' ||
      !std::all_of(zda.begin() + 2, zda.end(), is_digit)) {
    return not_understood(
        fmt::format("the service names its provider '{}', not AT1 or such", excerpt(zda)));
  }
  return zda;
}

}  // namespace siegel::device::atrust
