#include "vault/tpm/chip.h"

#include <fmt/format.h>
#include <tss2/tss2_esys.h>
#include <tss2/tss2_mu.h>
#include <tss2/tss2_rc.h>
#include <tss2/tss2_tctildr.h>

#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

// [TPM 2.0 Library 1.59, part 3] through ESYS [TSS 2.0 Enhanced System API].

namespace siegel::vault::tpm {
namespace {

constexpr std::string_view device_prefix = "device:";

Error refused(TSS2_RC code, std::string_view step) {
  return unavailable("E-VLT-202",
                     fmt::format("the TPM refuses to {}: {}", step, Tss2_RC_Decode(code)));
}

/// What ESYS hands out and wants freed.
template <class T>
struct EsysFree {
  void operator()(T* memory) const { Esys_Free(memory); }
};
template <class T>
using EsysPtr = std::unique_ptr<T, EsysFree<T>>;

/// TPM2B_SENSITIVE_DATA as ESYS returns it: wiped before it is freed.
struct SensitiveFree {
  void operator()(TPM2B_SENSITIVE_DATA* memory) const {
    crypto::wipe(std::as_writable_bytes(std::span(memory, 1)));
    Esys_Free(memory);
  }
};

/// A transient object or session: a TPM has room for three of each.
class Loaded {
 public:
  explicit Loaded(ESYS_CONTEXT* context) : m_context(context) {}
  Loaded(const Loaded&) = delete;
  Loaded& operator=(const Loaded&) = delete;
  ~Loaded() {
    if (handle != ESYS_TR_NONE) Esys_FlushContext(m_context, handle);
  }
  ESYS_TR handle = ESYS_TR_NONE;

 private:
  ESYS_CONTEXT* m_context;
};

/// A storage key of P-256: the same inputs give the same key as long as the owner's seed lives,
/// which a clearing of the TPM ends [TCG EK Credential Profile, storage root key template].
TPM2B_PUBLIC storage_key() {
  TPM2B_PUBLIC out{};
  out.publicArea.type = TPM2_ALG_ECC;
  out.publicArea.nameAlg = TPM2_ALG_SHA256;
  out.publicArea.objectAttributes = TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT |
                                    TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                                    TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_USERWITHAUTH |
                                    TPMA_OBJECT_NODA;
  TPMS_ECC_PARMS& ecc = out.publicArea.parameters.eccDetail;
  ecc.symmetric.algorithm = TPM2_ALG_AES;
  ecc.symmetric.keyBits.aes = 128;
  ecc.symmetric.mode.aes = TPM2_ALG_CFB;
  ecc.scheme.scheme = TPM2_ALG_NULL;
  ecc.curveID = TPM2_ECC_NIST_P256;
  ecc.kdf.scheme = TPM2_ALG_NULL;
  return out;
}

/// A secret that never leaves this TPM but by unsealing. Not bound to what was booted: an update of
/// the firmware must not close a shop (docs/decisions/0031-tpm.md).
TPM2B_PUBLIC sealed_object() {
  TPM2B_PUBLIC out{};
  out.publicArea.type = TPM2_ALG_KEYEDHASH;
  out.publicArea.nameAlg = TPM2_ALG_SHA256;
  out.publicArea.objectAttributes =
      TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_NODA;
  out.publicArea.parameters.keyedHashDetail.scheme.scheme = TPM2_ALG_NULL;
  return out;
}

/// Four characters of a property, zeros and control characters left out.
std::string text_of_property(UINT32 value) {
  std::string out;
  for (unsigned shift = 32; shift > 0;) {
    shift -= 8;
    const auto c = static_cast<char>((value >> shift) & 0xFFU);
    if (c > ' ' && c < 0x7F) out += c;
  }
  return out;
}

Bytes copy_of(const BYTE* bytes, std::size_t size) {
  const auto view = std::as_bytes(std::span(bytes, size));
  return {view.begin(), view.end()};
}

const BYTE* raw(BytesView bytes) { return reinterpret_cast<const BYTE*>(bytes.data()); }

/// A device file that is not there or not ours is said in plain words, before tss2 says it on
/// stderr.
Status check_device(std::string_view tpm) {
  if (!tpm.starts_with(device_prefix)) return Ok{};
  const std::string path(tpm.substr(device_prefix.size()));
  if (access(path.c_str(), R_OK | W_OK) == 0) return Ok{};
  if (errno == EACCES || errno == EPERM)
    return unavailable("E-VLT-201",
                       fmt::format("this user may not use {}; run: usermod -a -G tss <user>", path),
                       path);
  return unavailable("E-VLT-201", fmt::format("there is no TPM {}: {}", path, std::strerror(errno)),
                     path);
}

}  // namespace

struct Chip::Impl {
  TSS2_TCTI_CONTEXT* tcti = nullptr;
  ESYS_CONTEXT* esys = nullptr;

  Impl() = default;
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() {
    if (esys != nullptr) Esys_Finalize(&esys);
    if (tcti != nullptr) Tss2_TctiLdr_Finalize(&tcti);
  }

  /// The storage key; returns its name.
  Result<Bytes> make_parent(Loaded& parent) const {
    const TPM2B_SENSITIVE_CREATE nothing{};
    const TPM2B_PUBLIC wanted = storage_key();
    const TPM2B_DATA outside{};
    const TPML_PCR_SELECTION no_registers{};
    TSS2_RC code = Esys_CreatePrimary(esys, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                      ESYS_TR_NONE, &nothing, &wanted, &outside, &no_registers,
                                      &parent.handle, nullptr, nullptr, nullptr, nullptr);
    if (code != TSS2_RC_SUCCESS)
      return refused(code, "make its storage key (has its owner hierarchy a password?)");
    TPM2B_NAME* name = nullptr;
    code = Esys_TR_GetName(esys, parent.handle, &name);
    if (code != TSS2_RC_SUCCESS) return refused(code, "name its storage key");
    const EsysPtr<TPM2B_NAME> owned(name);
    return copy_of(name->name, name->size);
  }

  /// A session whose key only the holder of the storage key knows: nobody on the bus between
  /// processor and TPM reads what is sealed or unsealed.
  Status start_session(const Loaded& parent, Loaded& session) const {
    TPMT_SYM_DEF cipher{};
    cipher.algorithm = TPM2_ALG_AES;
    cipher.keyBits.aes = 128;
    cipher.mode.aes = TPM2_ALG_CFB;
    TSS2_RC code = Esys_StartAuthSession(esys, parent.handle, ESYS_TR_NONE, ESYS_TR_NONE,
                                         ESYS_TR_NONE, ESYS_TR_NONE, nullptr, TPM2_SE_HMAC, &cipher,
                                         TPM2_ALG_SHA256, &session.handle);
    if (code != TSS2_RC_SUCCESS) return refused(code, "start a session");
    constexpr TPMA_SESSION attributes =
        TPMA_SESSION_DECRYPT | TPMA_SESSION_ENCRYPT | TPMA_SESSION_CONTINUESESSION;
    code = Esys_TRSess_SetAttributes(esys, session.handle, attributes, 0xFF);
    if (code != TSS2_RC_SUCCESS) return refused(code, "start a session");
    return Ok{};
  }
};

Chip::Chip(std::unique_ptr<Impl> impl) : m_impl(std::move(impl)) {}
Chip::Chip(Chip&&) noexcept = default;
Chip::~Chip() = default;

Result<Chip> Chip::connect(const std::string& tpm) {
  SIEGEL_TRY_OK(check_place(tpm));
  SIEGEL_TRY_OK(check_device(tpm));
  auto impl = std::make_unique<Impl>();
  const auto unreachable = [&](TSS2_RC code) {
    return unavailable(
        "E-VLT-201", fmt::format("the TPM {} does not answer: {}", tpm, Tss2_RC_Decode(code)), tpm);
  };
  TSS2_RC code = Tss2_TctiLdr_Initialize(tpm.c_str(), &impl->tcti);
  if (code != TSS2_RC_SUCCESS) return unreachable(code);
  code = Esys_Initialize(&impl->esys, impl->tcti, nullptr);
  if (code != TSS2_RC_SUCCESS) return unreachable(code);
  return Chip(std::move(impl));
}

Result<Identity> Chip::identity() {
  TPMI_YES_NO more = TPM2_NO;
  TPMS_CAPABILITY_DATA* data = nullptr;
  const TSS2_RC code = Esys_GetCapability(m_impl->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                          TPM2_CAP_TPM_PROPERTIES, TPM2_PT_FAMILY_INDICATOR,
                                          TPM2_MAX_TPM_PROPERTIES, &more, &data);
  if (code != TSS2_RC_SUCCESS) return refused(code, "say what it is");
  const EsysPtr<TPMS_CAPABILITY_DATA> owned(data);
  Identity out;
  const TPML_TAGGED_TPM_PROPERTY& list = data->data.tpmProperties;
  for (const TPMS_TAGGED_PROPERTY& item :
       std::span(list.tpmProperty, std::min<std::size_t>(list.count, TPM2_MAX_TPM_PROPERTIES))) {
    if (item.property == TPM2_PT_FAMILY_INDICATOR) out.family = text_of_property(item.value);
    if (item.property == TPM2_PT_REVISION)
      out.revision = fmt::format("{}.{:02}", item.value / 100, item.value % 100);
    if (item.property == TPM2_PT_MANUFACTURER) out.manufacturer = text_of_property(item.value);
    if (item.property >= TPM2_PT_VENDOR_STRING_1 && item.property <= TPM2_PT_VENDOR_STRING_4)
      out.model += text_of_property(item.value);
    if (item.property == TPM2_PT_FIRMWARE_VERSION_1)
      out.firmware = fmt::format("{}.{}", item.value >> 16U, item.value & 0xFFFFU);
  }
  return out;
}

Result<SealedBlob> Chip::seal(const crypto::SecretBytes& secret) {
  ESYS_CONTEXT* esys = m_impl->esys;
  Loaded parent(esys);
  Loaded session(esys);
  SealedBlob out;
  SIEGEL_TRY(out.parent_name, m_impl->make_parent(parent));
  SIEGEL_TRY_OK(m_impl->start_session(parent, session));

  TPM2B_SENSITIVE_CREATE sensitive{};
  SIEGEL_CHECK(secret.size() <= 128);
  sensitive.sensitive.data.size = static_cast<UINT16>(secret.size());
  std::memcpy(sensitive.sensitive.data.buffer, secret.reveal().data(), secret.size());
  const TPM2B_PUBLIC wanted = sealed_object();
  const TPM2B_DATA outside{};
  const TPML_PCR_SELECTION no_registers{};
  TPM2B_PRIVATE* private_part = nullptr;
  TPM2B_PUBLIC* public_part = nullptr;
  const TSS2_RC code = Esys_Create(esys, parent.handle, session.handle, ESYS_TR_NONE, ESYS_TR_NONE,
                                   &sensitive, &wanted, &outside, &no_registers, &private_part,
                                   &public_part, nullptr, nullptr, nullptr);
  crypto::wipe(std::as_writable_bytes(std::span(&sensitive, 1)));
  if (code != TSS2_RC_SUCCESS) return refused(code, "seal the key");
  const EsysPtr<TPM2B_PRIVATE> owned_private(private_part);
  const EsysPtr<TPM2B_PUBLIC> owned_public(public_part);

  std::array<BYTE, sizeof(TPM2B_PUBLIC)> buffer{};
  std::size_t size = 0;
  TSS2_RC written = Tss2_MU_TPM2B_PUBLIC_Marshal(public_part, buffer.data(), buffer.size(), &size);
  if (written != TSS2_RC_SUCCESS) return refused(written, "seal the key");
  out.public_part = copy_of(buffer.data(), size);
  size = 0;
  written = Tss2_MU_TPM2B_PRIVATE_Marshal(private_part, buffer.data(), buffer.size(), &size);
  if (written != TSS2_RC_SUCCESS) return refused(written, "seal the key");
  out.private_part = copy_of(buffer.data(), size);
  return out;
}

Result<crypto::SecretBytes> Chip::unseal(const SealedBlob& blob) {
  const auto damaged = [] { return corrupt("E-VLT-204", "the sealed key is damaged"); };
  TPM2B_PUBLIC public_part{};
  TPM2B_PRIVATE private_part{};
  std::size_t public_read = 0;
  std::size_t private_read = 0;
  if (Tss2_MU_TPM2B_PUBLIC_Unmarshal(raw(blob.public_part), blob.public_part.size(), &public_read,
                                     &public_part) != TSS2_RC_SUCCESS ||
      Tss2_MU_TPM2B_PRIVATE_Unmarshal(raw(blob.private_part), blob.private_part.size(),
                                      &private_read, &private_part) != TSS2_RC_SUCCESS ||
      public_read != blob.public_part.size() || private_read != blob.private_part.size())
    return damaged();

  ESYS_CONTEXT* esys = m_impl->esys;
  Loaded parent(esys);
  Loaded session(esys);
  Loaded object(esys);
  SIEGEL_TRY(const Bytes name, m_impl->make_parent(parent));
  if (name != blob.parent_name)
    return conflict("E-VLT-203",
                    "the vault was sealed by the TPM of another machine, or this TPM was cleared");
  SIEGEL_TRY_OK(m_impl->start_session(parent, session));
  TSS2_RC code = Esys_Load(esys, parent.handle, session.handle, ESYS_TR_NONE, ESYS_TR_NONE,
                           &private_part, &public_part, &object.handle);
  // The TPM checks its own seal over the blob: whatever it dislikes about it is damage.
  constexpr TSS2_RC about_parameter = TPM2_RC_FMT1 | TPM2_RC_P;
  if ((code & about_parameter) == about_parameter) return damaged();
  if (code != TSS2_RC_SUCCESS) return refused(code, "load the sealed key");
  TPM2B_SENSITIVE_DATA* data = nullptr;
  code = Esys_Unseal(esys, object.handle, session.handle, ESYS_TR_NONE, ESYS_TR_NONE, &data);
  if (code != TSS2_RC_SUCCESS) return refused(code, "unseal the key");
  const std::unique_ptr<TPM2B_SENSITIVE_DATA, SensitiveFree> owned(data);
  return crypto::SecretBytes::copy_of(std::as_bytes(std::span(data->buffer, data->size)));
}

}  // namespace siegel::vault::tpm
