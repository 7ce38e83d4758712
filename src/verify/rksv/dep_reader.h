#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/stream.h"

// Reads the JSON of a DEP or of a list of codes as a stream. Not part of the module's contract.

namespace siegel::verify::rksv {

/// Largest receipt and largest certificate that is looked at, in characters.
inline constexpr std::size_t receipt_text_max = 8192;
inline constexpr std::size_t certificate_text_max = 128 * 1024;
/// Certificates named for one group.
inline constexpr std::size_t issuers_max = 32;

/// What a DEP consists of, in the order in which it is written. Texts are valid for the call.
class DepEvents {
 public:
  virtual ~DepEvents() = default;
  virtual void group_begin() {}
  /// The signing certificate of the group, as it is written.
  virtual void certificate(std::string_view /*text*/) {}
  virtual void issuer(std::string_view /*text*/) {}
  /// One entry of the receipts; no text if it is something else or longer than the limit.
  virtual void receipt(std::optional<std::string_view> text) = 0;
  struct GroupEnd {
    bool has_receipts = false;     ///< the list of receipts is there (perhaps empty)
    bool has_certificate = false;  ///< one of the two spellings is there
    bool has_issuers = false;
  };
  virtual void group_end(const GroupEnd& /*end*/) {}
  /// A member nobody knows: `pointer` names the object it stands in.
  virtual void unknown_key(std::string_view /*key*/) {}
  /// Now and then: bytes read so far.
  virtual void progress(std::uint64_t /*bytes*/) {}
};

/// How far the reading came.
struct Reading {
  bool complete = false;     ///< the document was read to its end
  bool is_dep = false;       ///< the list of groups (or codes) was there
  std::uint64_t offset = 0;  ///< of the byte where it went wrong
  std::string problem = {};  ///< empty if nothing did
  bool rest = false;         ///< something follows the document
};

/// `{"Belege-Gruppe": [...]}`; a byte order mark is passed over. JSON that is not well-formed, is
/// nested deeper than 64 or has another form ends the reading, which is no error.
/// Errors: those of the source.
[[nodiscard]] Result<Reading> read_dep(Source& source, DepEvents& events);
/// `["...", ...]`: each text is a receipt().
[[nodiscard]] Result<Reading> read_list(Source& source, DepEvents& events);

}  // namespace siegel::verify::rksv
