#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/random.h"
#include "base/stream.h"
#include "base/time.h"
#include "country/at/export/dep131.h"
#include "crypto/secret.h"
#include "journal/journal.h"
#include "model/master.h"

// Austrian exports made from the journal while it grows: each walks a reader of its own in chunks,
// up to the head it finds when it begins, so that a second run over the same period gives the same
// bytes. Memory is flat. Errors of all: E-JRN-1xx, E-MOD-101 (corrupt), of the sink, and E-RKX-101
// (corrupt): a receipt names a device that the journal does not know.

namespace siegel::views {

/// Receipts of one register (Kassen-ID: one export never mixes two) by the day of field 4, both
/// ends inclusive; without ends: all.
struct RksvSelection {
  std::string register_id;
  std::optional<Date> first;
  std::optional<Date> last;
};

struct RksvExported {
  std::uint64_t receipts = 0;
  std::uint64_t unsigned_receipts = 0;
  std::string first_receipt;  ///< Belegnummer; empty: none
  std::string last_receipt;
  std::uint64_t bytes = 0;
  Hash256 sha256{};    ///< of the bytes written
  journal::Head head;  ///< of the journal when it began
};

/// DEP7 [RKSV Anlage Z 3 to 6]: signed receipts and those of an outage.
[[nodiscard]] Result<RksvExported> export_dep7(journal::Reader& reader,
                                               const RksvSelection& selection, Sink& sink);

/// The full receipts (DEP 131), money movements, aborts and memos too.
[[nodiscard]] Result<RksvExported> export_dep131(journal::Reader& reader,
                                                 const RksvSelection& selection,
                                                 country::at::Dep131Form form, Sink& sink);

enum class CodeForm { qr, ocr };
/// A JSON list of the codes, as check tools read it.
[[nodiscard]] Result<RksvExported> export_codes(journal::Reader& reader,
                                                const RksvSelection& selection, CodeForm form,
                                                Sink& sink);

/// Every device ever put into operation, in that order: what container_json() is given.
[[nodiscard]] Result<std::vector<SignerInfo>> rksv_signers(journal::Reader& reader);

struct RksvBackupOptions {
  Instant at;                                       ///< stands in the manifest
  const crypto::SecretBytes* passphrase = nullptr;  ///< encrypts the files; null: in clear
  Random* random = nullptr;                         ///< salts; needed with a passphrase
};
struct RksvBackup {
  RksvExported dep7;
  RksvExported dep131;
  Hash256 manifest_sha256{};
};
/// Saves both logs into the new folder `folder` with a manifest of SHA-256 sums, period and head of
/// the chain [RKSV 7 (3)]; docs/formats/rksv-backup.md. The folder appears under its name only when
/// everything in it is durable. Encrypted files can be opened with `openssl enc`, as the manifest
/// says. Errors besides: E-RKX-111 (conflict) the folder exists, E-RKX-112 (invalid) no
/// passphrase of at least 8 bytes, E-FIL-004.
[[nodiscard]] Result<RksvBackup> backup_rksv(journal::Reader& reader,
                                             const RksvSelection& selection,
                                             const std::filesystem::path& folder,
                                             const RksvBackupOptions& options);

/// Reads a backup again and compares every file with the manifest. Errors: E-RKX-113 (corrupt) a
/// file is missing, has another size or other bytes; E-RKX-114 (corrupt) the manifest cannot be
/// read.
[[nodiscard]] Status check_rksv_backup(const std::filesystem::path& folder);

}  // namespace siegel::views
