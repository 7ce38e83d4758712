#include "finanzonline/xml.h"

namespace siegel::finanzonline {

void XmlWriter::raw(std::string_view markup) {
  m_bytes.insert(m_bytes.end(), markup.begin(), markup.end());
}

void XmlWriter::text(std::string_view value) {
  for (const char c : value) {
    if (c == '&') {
      raw("&amp;");
    } else if (c == '<') {
      raw("&lt;");
    } else if (c == '>') {
      raw("&gt;");
    } else if (c == '"') {
      raw("&quot;");
    } else {
      m_bytes.push_back(c);
    }
  }
}

void XmlWriter::tag(std::string_view begin, std::string_view name) {
  raw(begin);
  raw(name);
  raw(">");
}

void XmlWriter::element(std::string_view name, std::string_view value) {
  open(name);
  text(value);
  close(name);
}

crypto::SecretBytes XmlWriter::take() const {
  return crypto::SecretBytes::copy_of(bytes_of(std::string_view(m_bytes.data(), m_bytes.size())));
}

}  // namespace siegel::finanzonline
