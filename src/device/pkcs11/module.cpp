#include "device/pkcs11/module.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <array>

#include "base/thread.h"

namespace siegel::device::pkcs11 {
namespace {

constexpr CK_ULONG slots_max = 256;

struct Name {
  CK_RV rv;
  std::string_view name;
};
constexpr std::array names = {
    Name{CKR_OK, "CKR_OK"},
    Name{CKR_HOST_MEMORY, "CKR_HOST_MEMORY"},
    Name{CKR_SLOT_ID_INVALID, "CKR_SLOT_ID_INVALID"},
    Name{CKR_GENERAL_ERROR, "CKR_GENERAL_ERROR"},
    Name{CKR_FUNCTION_FAILED, "CKR_FUNCTION_FAILED"},
    Name{CKR_ARGUMENTS_BAD, "CKR_ARGUMENTS_BAD"},
    Name{CKR_CANT_LOCK, "CKR_CANT_LOCK"},
    Name{CKR_ATTRIBUTE_SENSITIVE, "CKR_ATTRIBUTE_SENSITIVE"},
    Name{CKR_ATTRIBUTE_TYPE_INVALID, "CKR_ATTRIBUTE_TYPE_INVALID"},
    Name{CKR_DATA_INVALID, "CKR_DATA_INVALID"},
    Name{CKR_DATA_LEN_RANGE, "CKR_DATA_LEN_RANGE"},
    Name{CKR_DEVICE_ERROR, "CKR_DEVICE_ERROR"},
    Name{CKR_DEVICE_MEMORY, "CKR_DEVICE_MEMORY"},
    Name{CKR_DEVICE_REMOVED, "CKR_DEVICE_REMOVED"},
    Name{CKR_FUNCTION_CANCELED, "CKR_FUNCTION_CANCELED"},
    Name{CKR_FUNCTION_NOT_SUPPORTED, "CKR_FUNCTION_NOT_SUPPORTED"},
    Name{CKR_KEY_HANDLE_INVALID, "CKR_KEY_HANDLE_INVALID"},
    Name{CKR_KEY_TYPE_INCONSISTENT, "CKR_KEY_TYPE_INCONSISTENT"},
    Name{CKR_KEY_FUNCTION_NOT_PERMITTED, "CKR_KEY_FUNCTION_NOT_PERMITTED"},
    Name{CKR_MECHANISM_INVALID, "CKR_MECHANISM_INVALID"},
    Name{CKR_MECHANISM_PARAM_INVALID, "CKR_MECHANISM_PARAM_INVALID"},
    Name{CKR_OBJECT_HANDLE_INVALID, "CKR_OBJECT_HANDLE_INVALID"},
    Name{CKR_OPERATION_ACTIVE, "CKR_OPERATION_ACTIVE"},
    Name{CKR_OPERATION_NOT_INITIALIZED, "CKR_OPERATION_NOT_INITIALIZED"},
    Name{CKR_PIN_INCORRECT, "CKR_PIN_INCORRECT"},
    Name{CKR_PIN_INVALID, "CKR_PIN_INVALID"},
    Name{CKR_PIN_LEN_RANGE, "CKR_PIN_LEN_RANGE"},
    Name{CKR_PIN_EXPIRED, "CKR_PIN_EXPIRED"},
    Name{CKR_PIN_LOCKED, "CKR_PIN_LOCKED"},
    Name{CKR_SESSION_CLOSED, "CKR_SESSION_CLOSED"},
    Name{CKR_SESSION_COUNT, "CKR_SESSION_COUNT"},
    Name{CKR_SESSION_HANDLE_INVALID, "CKR_SESSION_HANDLE_INVALID"},
    Name{CKR_SIGNATURE_LEN_RANGE, "CKR_SIGNATURE_LEN_RANGE"},
    Name{CKR_TOKEN_NOT_PRESENT, "CKR_TOKEN_NOT_PRESENT"},
    Name{CKR_TOKEN_NOT_RECOGNIZED, "CKR_TOKEN_NOT_RECOGNIZED"},
    Name{CKR_USER_ALREADY_LOGGED_IN, "CKR_USER_ALREADY_LOGGED_IN"},
    Name{CKR_USER_NOT_LOGGED_IN, "CKR_USER_NOT_LOGGED_IN"},
    Name{CKR_USER_PIN_NOT_INITIALIZED, "CKR_USER_PIN_NOT_INITIALIZED"},
    Name{CKR_USER_TYPE_INVALID, "CKR_USER_TYPE_INVALID"},
    Name{CKR_USER_ANOTHER_ALREADY_LOGGED_IN, "CKR_USER_ANOTHER_ALREADY_LOGGED_IN"},
    Name{CKR_USER_TOO_MANY_TYPES, "CKR_USER_TOO_MANY_TYPES"},
    Name{CKR_BUFFER_TOO_SMALL, "CKR_BUFFER_TOO_SMALL"},
    Name{CKR_CRYPTOKI_NOT_INITIALIZED, "CKR_CRYPTOKI_NOT_INITIALIZED"},
};

bool is_gone(CK_RV rv) {
  return rv == CKR_DEVICE_REMOVED || rv == CKR_TOKEN_NOT_PRESENT ||
         rv == CKR_TOKEN_NOT_RECOGNIZED || rv == CKR_SLOT_ID_INVALID || rv == CKR_SESSION_CLOSED ||
         rv == CKR_SESSION_HANDLE_INVALID;
}

/// C_Initialize is called by one thread at a time [PKCS#11 5.4], and modules that look for new
/// slots build their list anew: lanes of two tokens behind one module take turns. One for all
/// modules: one library may have two paths.
Mutex& turn() {
  static Mutex mutex;
  return mutex;
}

}  // namespace

std::string rv_name(CK_RV rv) {
  for (const Name& one : names) {
    if (one.rv == rv) return std::string(one.name);
  }
  return fmt::format("CKR 0x{:08X}", rv);
}

Error failed(CK_RV rv, std::string_view doing) {
  return unavailable(is_gone(rv) ? "E-SIG-101" : "E-SIG-104",
                     fmt::format("the token failed while {}: {}", doing, rv_name(rv)), rv_name(rv));
}

std::string text_of_field(const unsigned char* field, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(field), size);
  // Some modules end the text with a zero byte instead of blanks.
  text = text.substr(0, text.find('\0'));
  const std::size_t last = text.find_last_not_of(' ');
  text = last == std::string_view::npos ? std::string_view() : text.substr(0, last + 1);
  return excerpt(text, size);
}

Result<Module> Module::load(const std::filesystem::path& path) {
  // RTLD_NODELETE: modules start threads and register exit handlers; unloading them ends badly.
  void* library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (library == nullptr) {
    const char* why = ::dlerror();  // NOLINT(concurrency-mt-unsafe): glibc keeps it per thread
    return unavailable("E-SIG-101", fmt::format("the PKCS#11 module cannot be loaded: {}",
                                                excerpt(why == nullptr ? "" : why, 200)));
  }
  void* symbol = ::dlsym(library, "C_GetFunctionList");
  const auto get_list = reinterpret_cast<CK_C_GetFunctionList>(symbol);
  CK_FUNCTION_LIST* functions = nullptr;
  if (get_list == nullptr || get_list(&functions) != CKR_OK || functions == nullptr) {
    return unavailable("E-SIG-101",
                       fmt::format("{} is no PKCS#11 module", excerpt(path.string(), 200)));
  }
  return Module(*functions);
}

Status Module::initialize() const {
  CK_C_INITIALIZE_ARGS arguments{};
  arguments.flags = CKF_OS_LOCKING_OK;
  const Lock lock(turn());
  const CK_RV rv = m_functions->C_Initialize(&arguments);
  if (rv == CKR_OK || rv == CKR_CRYPTOKI_ALREADY_INITIALIZED) return Ok{};
  return failed(rv, "initializing its module");
}

Result<std::vector<CK_SLOT_ID>> Module::slots() const {
  // Without a list first: only this call makes a module look for new slots.
  const Lock lock(turn());
  CK_ULONG count = 0;
  CK_RV rv = m_functions->C_GetSlotList(CK_TRUE, nullptr, &count);
  if (rv != CKR_OK) return failed(rv, "looking for tokens");
  std::vector<CK_SLOT_ID> out(slots_max);
  count = slots_max;
  rv = m_functions->C_GetSlotList(CK_TRUE, out.data(), &count);
  if (rv != CKR_OK) return failed(rv, "looking for tokens");
  out.resize(std::min(count, slots_max));
  return out;
}

}  // namespace siegel::device::pkcs11
