#include "app/at/authority.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "app/at/secret_file.h"
#include "base/file.h"
#include "format/json.h"
#include "format/json_fields.h"

namespace siegel::app::at {
namespace {

namespace fs = std::filesystem;
using finanzonline::Item;
using finanzonline::Mode;

constexpr std::size_t text_max = 200;

std::string subject_of(const Item& item) {
  struct Subject {
    std::string operator()(const finanzonline::RegisterSigner& i) const { return i.serial.text(); }
    std::string operator()(const finanzonline::RegisterRegister& i) const { return i.id.text(); }
    std::string operator()(const finanzonline::SignerOutage& i) const { return i.serial.text(); }
    std::string operator()(const finanzonline::RegisterOutage& i) const { return i.id.text(); }
    std::string operator()(const finanzonline::SignerEnd& i) const { return i.serial.text(); }
    std::string operator()(const finanzonline::RegisterEnd& i) const { return i.id.text(); }
    std::string operator()(const finanzonline::SignerRecovery& i) const { return i.serial.text(); }
    std::string operator()(const finanzonline::RegisterRecovery& i) const { return i.id.text(); }
    std::string operator()(const finanzonline::ReceiptCheck& /*i*/) const { return {}; }
  };
  return std::visit(Subject{}, item);
}

/// An end for good is sent in the element of an outage; on record it has a name of its own.
std::string name_of(const Item& item) {
  if (std::holds_alternative<finanzonline::SignerEnd>(item)) return "ausserbetriebnahme_se";
  if (std::holds_alternative<finanzonline::RegisterEnd>(item)) return "ausserbetriebnahme_kasse";
  return std::string(finanzonline::element_name(item));
}

/// Whether the state FinanzOnline names is the one the item wanted.
bool wanted(const Item& item, finanzonline::State state) {
  using finanzonline::State;
  if (std::holds_alternative<finanzonline::RegisterSigner>(item))
    return state == State::activated || state == State::in_operation;
  if (std::holds_alternative<finanzonline::RegisterRegister>(item))
    return state == State::registered || state == State::in_operation;
  if (std::holds_alternative<finanzonline::SignerOutage>(item) ||
      std::holds_alternative<finanzonline::RegisterOutage>(item))
    return state == State::outage;
  if (std::holds_alternative<finanzonline::SignerRecovery>(item) ||
      std::holds_alternative<finanzonline::RegisterRecovery>(item))
    return state == State::activated || state == State::in_operation || state == State::registered;
  return false;
}

bool on_record(const recorder::State& state, std::string_view what, std::string_view subject) {
  const auto found = state.reports.find(recorder::scoped(what, subject));
  return found != state.reports.end() && found->second.code == "0";
}

}  // namespace

Result<Access> read_access(const fs::path& file) {
  // The whole file is a secret: it may hold the PIN.
  SIEGEL_TRY(const crypto::SecretBytes bytes, read_secret_file(file, "--finanzonline"));
  SIEGEL_TRY(const json::Value value, json::parse(text_of(bytes.reveal())));
  SIEGEL_TRY(auto fields, json::Fields::of(value));
  Access access;
  SIEGEL_TRY(const auto ca_file, fields.optional_string("ca_file", 4096));
  access.ca_file = ca_file.value_or("");
  SIEGEL_TRY(access.credentials.maker, fields.required_string("maker", text_max));
  SIEGEL_TRY(access.credentials.participant, fields.required_string("participant", text_max));
  SIEGEL_TRY(const auto pin, fields.optional_string("pin", text_max));
  SIEGEL_TRY(const auto pin_file, fields.optional_string("pin_file", 4096));
  SIEGEL_TRY(const auto url, fields.optional_string("url", 4096));
  SIEGEL_TRY(access.credentials.user, fields.required_string("user", text_max));
  SIEGEL_TRY_OK(fields.finish());
  access.url = url.value_or("");
  if (pin.has_value() == pin_file.has_value())
    return invalid("E-JSN-020", R"(either "pin" or "pin_file" is needed)", "/pin");
  if (pin) {
    access.credentials.pin = crypto::SecretBytes::copy_of(bytes_of(*pin));
  } else {
    SIEGEL_TRY(access.credentials.pin, read_secret_file(*pin_file, "/pin_file"));
  }
  SIEGEL_TRY_OK(finanzonline::check(access.credentials));
  return access;
}

Result<finanzonline::Client> make_client(Access access, Mode mode, Environment environment) {
  finanzonline::Options options;
  options.mode = mode;
  if (!access.url.empty()) options.base_url = access.url;
  options.http.ca_file = access.ca_file;
  return finanzonline::Client::make(std::move(options), std::move(access.credentials),
                                    environment.clock, environment.random);
}

finanzonline::SignerKind signer_kind(const SignerInfo& info) {
  if (info.kind == "atrust") return finanzonline::SignerKind::hsm_service;
  if (info.kind == "pkcs11") return finanzonline::SignerKind::own_hsm;
  return finanzonline::SignerKind::signature_card;
}

Result<std::vector<Item>> registration_items(Shop& shop, const recorder::State& state,
                                             const RegisterInfo& info) {
  std::vector<Item> items;
  for (const std::string& id : info.signers) {
    const auto signer = state.signers.find(id);
    if (signer == state.signers.end()) continue;
    if (on_record(state, "registrierung_se", signer->second.serial)) continue;
    if (signer->second.provider == "AT0") continue;  // closed systems register their keys otherwise
    SIEGEL_TRY(auto serial, finanzonline::CertificateSerial::parse(signer->second.serial));
    items.emplace_back(finanzonline::RegisterSigner{.kind = signer_kind(signer->second),
                                                    .provider = signer->second.provider,
                                                    .serial = std::move(serial)});
  }
  if (!on_record(state, "registrierung_kasse", info.id.text())) {
    SIEGEL_TRY(auto key, shop.aes_key(info.id));
    items.emplace_back(
        finanzonline::RegisterRegister{.id = info.id, .key = std::move(key), .remark = info.name});
  }
  return items;
}

AuthorityReport report_of(const Item& item, const finanzonline::Outcome& outcome, Mode mode,
                          Instant at) {
  AuthorityReport report;
  report.what = name_of(item);
  if (mode == Mode::test) report.what = "test_" + report.what;
  report.subject = subject_of(item);
  report.at = at;
  report.mode = mode == Mode::test ? "test" : "production";
  const finanzonline::Message& message = outcome.result.message();
  report.code = message.code;
  report.text = excerpt(message.text, text_max);
  if (outcome.status) {
    report.text += fmt::format(" [{}]", excerpt(outcome.status->word));
    if (wanted(item, outcome.status->state)) {
      report.text = fmt::format("{}: {}", message.code, report.text);
      report.code = "0";
    }
  }
  return report;
}

Item copy_of(const Item& item) {
  struct Copy {
    Item operator()(const finanzonline::RegisterRegister& i) const {
      return finanzonline::RegisterRegister{.id = i.id, .key = i.key.clone(), .remark = i.remark};
    }
    Item operator()(const finanzonline::RegisterSigner& i) const { return i; }
    Item operator()(const finanzonline::SignerOutage& i) const { return i; }
    Item operator()(const finanzonline::RegisterOutage& i) const { return i; }
    Item operator()(const finanzonline::SignerEnd& i) const { return i; }
    Item operator()(const finanzonline::RegisterEnd& i) const { return i; }
    Item operator()(const finanzonline::SignerRecovery& i) const { return i; }
    Item operator()(const finanzonline::RegisterRecovery& i) const { return i; }
    Item operator()(const finanzonline::ReceiptCheck& i) const { return i; }
  };
  return std::visit(Copy{}, item);
}

AuthorityReport done_by_hand(const Item& item, Instant at) {
  return {.what = name_of(item),
          .subject = subject_of(item),
          .at = at,
          .mode = "manual",
          .code = "0",
          .text = {}};
}

Result<std::vector<finanzonline::SheetSection>> sheet_of(Shop& shop, const recorder::State& state,
                                                         const RegisterInfo& info,
                                                         Language language) {
  finanzonline::SheetContent content;
  if (state.business) content.vat_id = state.business->vat_id;
  content.register_id = info.id;
  content.description = info.name;
  SIEGEL_TRY(content.key, shop.aes_key(info.id));
  for (const std::string& id : info.signers) {
    const auto signer = state.signers.find(id);
    if (signer == state.signers.end() || signer->second.provider == "AT0") continue;
    SIEGEL_TRY(auto serial, finanzonline::CertificateSerial::parse(signer->second.serial));
    content.signers.push_back(
        {signer_kind(signer->second), signer->second.provider, std::move(serial)});
  }
  return finanzonline::registration_sheet(content, language);
}

std::string spelled_key(std::string_view key, Language language) {
  const auto kind = [](char c) {
    if (c >= 'a' && c <= 'z') return 'a';
    if (c >= 'A' && c <= 'Z') return 'A';
    return c >= '0' && c <= '9' ? '9' : '.';
  };
  constexpr std::size_t group = 4;
  constexpr std::size_t groups_a_line = 6;
  std::string out;
  for (std::size_t at = 0; at < key.size(); at += group * groups_a_line) {
    std::string above;
    std::string below;
    const std::string_view part = key.substr(at, group * groups_a_line);
    for (std::size_t i = 0; i < part.size(); ++i) {
      if (i % group == 0) {
        above += i == 0 ? "    " : "  ";
        below += i == 0 ? "    " : "  ";
      }
      above += part[i];
      below += kind(part[i]);
    }
    out += above + "\n" + below + "\n";
  }
  out += language == Language::de
             ? "    (a: Kleinbuchstabe, A: Großbuchstabe, 9: Ziffer, .: Zeichen)\n"
             : "    (a: small letter, A: capital, 9: digit, .: sign)\n";
  return out;
}

Result<std::vector<fs::path>> write_upload_files(const fs::path& folder, std::vector<Item> items,
                                                 Instant now, Random& random) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error)
    return unavailable("E-FIL-004", fmt::format("cannot make {}", folder.string()),
                       folder.string());
  std::vector<fs::path> files;
  while (!items.empty()) {
    // FinanzOnline takes one kind of message a file.
    const std::string name(finanzonline::element_name(items.front()));
    finanzonline::Package package;
    package.number = static_cast<std::uint32_t>(random.below(999'999'999) + 1);
    package.created = now;
    std::vector<Item> rest;
    for (Item& item : items)
      (finanzonline::element_name(item) == name ? package.items : rest).push_back(std::move(item));
    items = std::move(rest);
    SIEGEL_TRY(const crypto::SecretBytes text, finanzonline::upload_file(package));
    const fs::path file = folder / (name + ".xml");
    SIEGEL_TRY_OK(write_file(file, text.reveal(), {.mode = 0600}));
    files.push_back(file);
  }
  return files;
}

}  // namespace siegel::app::at
