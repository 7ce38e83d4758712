#pragma once

#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "crypto/secret.h"

// Writes XML that holds secrets. Not part of the module's promise.
namespace siegel::finanzonline {

/// Text goes straight into memory that is wiped; names are our own literals.
class XmlWriter {
 public:
  void raw(std::string_view markup);
  /// Character data and attribute values: `& < > "` are escaped.
  void text(std::string_view value);
  void open(std::string_view name) { tag("<", name); }
  void close(std::string_view name) { tag("</", name); }
  void element(std::string_view name, std::string_view value);
  [[nodiscard]] crypto::SecretBytes take() const;

 private:
  void tag(std::string_view begin, std::string_view name);
  std::vector<char, crypto::WipingAllocator<char>> m_bytes;
};

}  // namespace siegel::finanzonline
