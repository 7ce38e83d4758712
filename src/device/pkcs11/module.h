#pragma once

// Private to this module: what PKCS#11 functions are called through.
#include <p11-kit/pkcs11.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace siegel::device::pkcs11 {

/// A loaded PKCS#11 library. A value: it stays loaded and initialized for the life of the process,
/// because other users of the same library in this process share both.
class Module {
 public:
  /// Error E-SIG-101: the file is not there, cannot be loaded or is no PKCS#11 module.
  static Result<Module> load(const std::filesystem::path& path);
  /// `functions` outlives the process's use of it.
  explicit Module(const CK_FUNCTION_LIST& functions) : m_functions(&functions) {}

  /// C_Initialize with the system's locks; harmless if somebody has done so. Error E-SIG-104.
  [[nodiscard]] Status initialize() const;
  /// Slots with a token in them, at most 256. Errors E-SIG-101, E-SIG-104.
  [[nodiscard]] Result<std::vector<CK_SLOT_ID>> slots() const;
  [[nodiscard]] const CK_FUNCTION_LIST& call() const { return *m_functions; }

 private:
  const CK_FUNCTION_LIST* m_functions;
};

/// "CKR_DEVICE_REMOVED"; the number in hex if it has no name here.
[[nodiscard]] std::string rv_name(CK_RV rv);
/// E-SIG-101 if the token or its session is gone, else E-SIG-104; `place` is rv_name().
[[nodiscard]] Error failed(CK_RV rv, std::string_view doing);
/// A text field of PKCS#11, padded with blanks, as UTF-8 on one line.
[[nodiscard]] std::string text_of_field(const unsigned char* field, std::size_t size);

}  // namespace siegel::device::pkcs11
