#include "country/at/export/dep7.h"

#include "model/rksv.h"

namespace siegel::country::at {
namespace {

constexpr std::size_t piece_bytes = std::size_t{64} << 10;

/// What tells one device from another; borrowed from the argument.
std::string_view identity_of(const SignerInfo& signer) {
  return signer.certificates.empty() ? std::string_view(signer.serial)
                                     : text_of(signer.certificates.front());
}

}  // namespace

Status Dep7Writer::flush() {
  if (m_buffer.empty()) return Ok{};
  Status written = m_sink.write(bytes_of(m_buffer));
  m_buffer.clear();
  return written;
}

void Dep7Writer::begin_group(const SignerInfo& signer) {
  m_buffer += m_has_groups ? ",{\"Belege-kompakt\":[" : "{\"Belege-Gruppe\":[{\"Belege-kompakt\":[";
  m_identity = identity_of(signer);
  // Leaf, then each issuer; a closed system has neither [RKSV Anlage Z 6].
  m_end_of_group = "],\"Signaturzertifikat\":\"";
  if (!signer.certificates.empty()) m_end_of_group += base64(signer.certificates.front());
  m_end_of_group += "\",\"Zertifizierungsstellen\":[";
  for (std::size_t i = 1; i < signer.certificates.size(); ++i) {
    if (i > 1) m_end_of_group += ',';
    m_end_of_group += '"' + base64(signer.certificates[i]) + '"';
  }
  m_end_of_group += "]}";
  m_has_groups = true;
  m_in_group = true;
}

void Dep7Writer::end_group() {
  if (m_in_group) m_buffer += m_end_of_group;
  m_in_group = false;
}

Status Dep7Writer::add(const SignerInfo& signer, std::string_view payload, BytesView signature) {
  if (m_in_group && m_identity == identity_of(signer)) {
    m_buffer += ',';
  } else {
    end_group();
    begin_group(signer);
  }
  // The three parts of a JWS are of the base64url alphabet: nothing to escape.
  m_buffer += '"';
  m_buffer += rksv::jws(payload, signature);
  m_buffer += '"';
  return m_buffer.size() < piece_bytes ? Status(Ok{}) : flush();
}

Status Dep7Writer::finish() {
  end_group();
  m_buffer += m_has_groups ? "]}" : "{\"Belege-Gruppe\":[]}";
  return flush();
}

}  // namespace siegel::country::at
