#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "app/shop/shop.h"
#include "finanzonline/client.h"
#include "finanzonline/sheet.h"
#include "model/entries.h"
#include "recorder/state.h"

// What a shop and FinanzOnline say to each other: access data, transmissions and their record.

namespace siegel::app::at {

/// Access data of the web service from a file that only its owner may read
/// (docs/reference/finanzonline.md):
///   {"participant": "...", "user": "...", "pin": "..." or "pin_file": "...", "maker": "ATU..."}
/// `url` and `ca_file` are for other servers than the ministry's. They are stored nowhere.
struct Access {
  finanzonline::Credentials credentials;
  std::string url;
  std::filesystem::path ca_file;
};
/// Errors E-AUT-131 to -133, E-JSN-0xx, E-FON-001; place = JSON pointer.
[[nodiscard]] Result<Access> read_access(const std::filesystem::path& file);

[[nodiscard]] Result<finanzonline::Client> make_client(Access access, finanzonline::Mode mode,
                                                       Environment environment);

[[nodiscard]] finanzonline::SignerKind signer_kind(const SignerInfo& info);

/// The devices of a register whose registration is not on record, then the register itself unless
/// it is.
[[nodiscard]] Result<std::vector<finanzonline::Item>> registration_items(
    Shop& shop, const recorder::State& state, const RegisterInfo& info);

/// What became of a transmission, as it is recorded: code "0" when FinanzOnline has it, now or from
/// an earlier time. A test transmission is recorded under "test_" and its name.
[[nodiscard]] AuthorityReport report_of(const finanzonline::Item& item,
                                        const finanzonline::Outcome& outcome,
                                        finanzonline::Mode mode, Instant at);
/// Items move, because one of them holds an AES key; this makes a second one knowingly.
[[nodiscard]] finanzonline::Item copy_of(const finanzonline::Item& item);
/// The same for what a person did in the browser or on paper.
[[nodiscard]] AuthorityReport done_by_hand(const finanzonline::Item& item, Instant at);

/// Copy list of a register, with its AES key in clear: for the owner's eyes, now.
[[nodiscard]] Result<std::vector<finanzonline::SheetSection>> sheet_of(Shop& shop,
                                                                       const recorder::State& state,
                                                                       const RegisterInfo& info,
                                                                       Language language);
/// The key so that no font can mix up its characters: groups of four, below each character whether
/// it is a small letter (a), a capital (A), a digit (9) or a sign (.).
[[nodiscard]] std::string spelled_key(std::string_view key_base64, Language language);

/// Files for the upload in the browser, one a kind of message. Returns their names.
[[nodiscard]] Result<std::vector<std::filesystem::path>> write_upload_files(
    const std::filesystem::path& folder, std::vector<finanzonline::Item> items, Instant now,
    Random& random);

}  // namespace siegel::app::at
