#include "finanzonline/requests.h"

#include <algorithm>
#include <span>

#include <fmt/format.h>

#include "finanzonline/xml.h"

namespace siegel::finanzonline {
namespace {

constexpr std::string_view envelope_begin =
    R"(<?xml version="1.0" encoding="UTF-8"?>)"
    R"(<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>)";
constexpr std::string_view envelope_end = "</soapenv:Body></soapenv:Envelope>";
constexpr std::string_view session_namespace = "https://finanzonline.bmf.gv.at/fon/ws/session";
constexpr std::string_view rkdb_namespace = "https://finanzonline.bmf.gv.at/rkdb";
constexpr std::string_view databox_namespace = "https://finanzonline.bmf.gv.at/fon/ws/databox";

constexpr std::uint32_t package_number_max = 999'999'999;
constexpr std::size_t items_max = 4000;
constexpr std::size_t signer_registrations_max = 2000;
constexpr std::size_t key_bytes = 32;
constexpr std::size_t remark_max = 200;
constexpr std::size_t serial_digits_max = 50;
constexpr std::size_t code_min = 100;
constexpr std::size_t code_max = 1000;
constexpr std::ptrdiff_t code_elements = 13;
constexpr std::size_t client_digits = 9;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alphanumeric(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_word(std::string_view text, std::size_t min, std::size_t max) {
  return text.size() >= min && text.size() <= max && std::ranges::all_of(text, is_alphanumeric);
}

// UTF-8 without control characters.
bool is_line(std::string_view text, std::size_t min, std::size_t max) {
  const auto control = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7F; };
  if (!valid_utf8(text) || std::ranges::any_of(text, control)) return false;
  const auto length = utf8_length(text);
  return length >= min && length <= max;
}

// [A-Z]{2}[1-9][0-9]?
bool is_provider(std::string_view text) {
  const auto capital = [](char c) { return c >= 'A' && c <= 'Z'; };
  return (text.size() == 3 || text.size() == 4) && capital(text[0]) && capital(text[1]) &&
         text[2] >= '1' && text[2] <= '9' && (text.size() == 3 || is_digit(text[3]));
}

// The schema's (_[^_]+){13} and its length.
bool is_code(std::string_view text) {
  return is_line(text, code_min, code_max) && text.front() == '_' && text.back() != '_' &&
         text.find("__") == std::string_view::npos &&
         std::ranges::count(text, '_') == code_elements;
}

// UTC in whole seconds: FinanzOnline turns it into local time.
std::string time_text(Instant at) { return at.text().substr(0, 19) + "Z"; }

Error bad_credential(std::string_view field, std::string_view form) {
  // Not the value: a PIN typed into the wrong field must not be shown.
  return invalid("E-FON-001", fmt::format("{} must be {}", field, form), fmt::format("/{}", field));
}

Error bad_package(std::string what, std::string place) {
  return invalid("E-FON-003", std::move(what), std::move(place));
}

// An item by its own rules; nothing if it is fine.
struct ItemFault {
  static std::string of(const RegisterSigner& item) {
    if (!is_provider(item.provider)) return "the provider is not like AT1";
    return {};
  }
  static std::string of(const RegisterRegister& item) {
    if (item.id.text().empty()) return "the register has no id";
    if (item.key.size() != key_bytes) return "the AES key has not 32 bytes";
    if (!is_line(item.remark, 0, remark_max)) return "the remark is longer than 200 characters";
    return {};
  }
  static std::string of(const SignerOutage& item) { return of_time(item.begin); }
  static std::string of(const RegisterOutage& item) { return of_id(item.id) + of_time(item.begin); }
  static std::string of(const SignerEnd& /*item*/) { return {}; }
  static std::string of(const RegisterEnd& item) { return of_id(item.id); }
  static std::string of(const SignerRecovery& item) { return of_time(item.end); }
  static std::string of(const RegisterRecovery& item) { return of_id(item.id) + of_time(item.end); }
  static std::string of(const ReceiptCheck& item) {
    if (!is_code(item.code)) return "not a code of 13 elements and 100 to 1000 characters";
    return {};
  }

 private:
  static std::string of_time(Instant at) { return at == Instant() ? "the time is missing" : ""; }
  static std::string of_id(const RegisterId& of) {
    return of.text().empty() ? "the register has no id " : "";
  }
};

Status check_head(std::uint32_t number, std::string_view client) {
  if (number < 1 || number > package_number_max) {
    return bad_package(fmt::format("{} is not a number from 1 to 999999999", number), "/number");
  }
  if (!client.empty() &&
      (client.size() != client_digits || !std::ranges::all_of(client, is_digit))) {
    return bad_package("the client's tax number has not 9 digits", "/client");
  }
  return Ok{};
}

std::string_view word(SignerKind kind) {
  switch (kind) {
    case SignerKind::signature_card:
      return "SIGNATURKARTE";
    case SignerKind::own_hsm:
      return "EIGENES_HSM";
    case SignerKind::hsm_service:
      return "HSM_DIENSTLEISTER";
  }
  return {};
}

// Order and names of the elements are those of the schema.
struct ItemWriter {
  XmlWriter& xml;

  void operator()(const RegisterSigner& item) const {
    xml.element("art_se", word(item.kind));
    xml.element("vda_id", item.provider);
    serial(item.serial);
  }
  void operator()(const RegisterRegister& item) const {
    id(item.id);
    if (!item.remark.empty()) xml.element("anmerkung", item.remark);
    auto key = base64(item.key.reveal());
    xml.element("benutzerschluessel", key);
    crypto::wipe(std::as_writable_bytes(std::span(key)));
  }
  void operator()(const SignerOutage& item) const {
    serial(item.serial);
    outage(static_cast<int>(item.reason), item.begin);
  }
  void operator()(const RegisterOutage& item) const {
    id(item.id);
    outage(static_cast<int>(item.reason), item.begin);
  }
  void operator()(const SignerEnd& item) const {
    serial(item.serial);
    end(item.reason);
  }
  void operator()(const RegisterEnd& item) const {
    id(item.id);
    end(item.reason);
  }
  void operator()(const SignerRecovery& item) const {
    serial(item.serial);
    xml.element("ende_ausfall", time_text(item.end));
  }
  void operator()(const RegisterRecovery& item) const {
    id(item.id);
    xml.element("ende_ausfall", time_text(item.end));
  }
  void operator()(const ReceiptCheck& item) const { xml.element("beleg", item.code); }

  void serial(const CertificateSerial& value) const {
    xml.raw(R"(<zertifikatsseriennummer hex="true">)");
    xml.text(value.text());
    xml.close("zertifikatsseriennummer");
  }
  void id(const RegisterId& value) const {
    xml.element("kassenidentifikationsnummer", value.text());
  }
  void outage(int reason, Instant begin) const {
    xml.open("ausfall");
    xml.element("begruendung", fmt::format("{}", reason));
    xml.element("beginn_ausfall", time_text(begin));
    xml.close("ausfall");
  }
  void end(EndReason reason) const {
    xml.open("ausserbetriebnahme");
    xml.element("begruendung", fmt::format("{}", static_cast<int>(reason)));
    xml.close("ausserbetriebnahme");
  }
};

void write_head(XmlWriter& xml, std::string_view client, std::uint32_t number, Instant created) {
  if (!client.empty()) xml.element("fastnr", client);
  xml.element("paket_nr", fmt::format("{}", number));
  xml.element("ts_erstellung", time_text(created));
}

void write_package(XmlWriter& xml, const Package& package) {
  write_head(xml, package.client, package.number, package.created);
  std::size_t number = 0;
  for (const auto& item : package.items) {
    const auto name = element_name(item);
    xml.open(name);
    xml.element("satznr", fmt::format("{}", ++number));
    std::visit(ItemWriter{xml}, item);
    xml.close(name);
  }
}

void open_root(XmlWriter& xml, std::string_view name, std::string_view space) {
  xml.raw("<");
  xml.raw(name);
  xml.raw(R"( xmlns=")");
  xml.raw(space);
  xml.raw(R"(">)");
}

void write_session(XmlWriter& xml, const Session& session) {
  xml.element("tid", session.participant);
  xml.element("benid", session.user);
  xml.element("id", text_of(session.id.reveal()));
}

void open_rkdb(XmlWriter& xml, const Session& session, Mode mode) {
  xml.raw(envelope_begin);
  open_root(xml, "rkdbRequest", rkdb_namespace);
  write_session(xml, session);
  xml.element("art_uebermittlung", mode == Mode::test ? "T" : "P");
}

crypto::SecretBytes close_rkdb(XmlWriter& xml) {
  xml.close("rkdbRequest");
  xml.raw(envelope_end);
  return xml.take();
}

}  // namespace

Status check(const Credentials& credentials) {
  if (!is_word(credentials.participant, 8, 12)) {
    return bad_credential("participant", "8 to 12 letters and digits");
  }
  if (!is_line(credentials.user, 5, 12)) return bad_credential("user", "5 to 12 characters");
  if (!is_line(text_of(credentials.pin.reveal()), 5, 128)) {
    return bad_credential("pin", "5 to 128 characters");
  }
  if (!is_word(credentials.maker, 10, 24)) {
    return bad_credential("maker", "10 to 24 letters and digits, a VAT id");
  }
  return Ok{};
}

Result<CertificateSerial> CertificateSerial::parse(std::string_view text) {
  const auto hex_digit = [](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
  };
  if (text.empty() || text.size() > serial_digits_max || !std::ranges::all_of(text, hex_digit)) {
    return invalid("E-FON-002",
                   fmt::format("`{}` is not 1 to 50 hex digits without 0x", excerpt(text)));
  }
  return CertificateSerial(std::string(text));
}

std::string_view element_name(const Item& item) {
  struct Names {
    std::string_view operator()(const RegisterSigner& /*i*/) const { return "registrierung_se"; }
    std::string_view operator()(const RegisterRegister& /*i*/) const {
      return "registrierung_kasse";
    }
    std::string_view operator()(const SignerOutage& /*i*/) const { return "ausfall_se"; }
    std::string_view operator()(const RegisterOutage& /*i*/) const { return "ausfall_kasse"; }
    std::string_view operator()(const SignerEnd& /*i*/) const { return "ausfall_se"; }
    std::string_view operator()(const RegisterEnd& /*i*/) const { return "ausfall_kasse"; }
    std::string_view operator()(const SignerRecovery& /*i*/) const {
      return "wiederinbetriebnahme_se";
    }
    std::string_view operator()(const RegisterRecovery& /*i*/) const {
      return "wiederinbetriebnahme_kasse";
    }
    std::string_view operator()(const ReceiptCheck& /*i*/) const { return "belegpruefung"; }
  };
  return std::visit(Names{}, item);
}

Status check(const Package& package) {
  SIEGEL_TRY_OK(check_head(package.number, package.client));
  if (package.items.empty()) return bad_package("the package is empty", "/items");
  const auto name = element_name(package.items.front());
  std::size_t limit = items_max;
  if (std::holds_alternative<RegisterSigner>(package.items.front())) {
    limit = signer_registrations_max;
  } else if (std::holds_alternative<ReceiptCheck>(package.items.front())) {
    limit = 1;
  }
  if (package.items.size() > limit) {
    return bad_package(
        fmt::format("{} items, {} of {} are allowed", package.items.size(), limit, name), "/items");
  }
  for (std::size_t i = 0; i < package.items.size(); ++i) {
    const auto& item = package.items[i];
    const auto place = fmt::format("/items/{}", i);
    if (element_name(item) != name) {
      return bad_package(fmt::format("{} and {} in one package", name, element_name(item)), place);
    }
    auto fault = std::visit([](const auto& of) { return ItemFault::of(of); }, item);
    if (!fault.empty()) return bad_package(std::move(fault), place);
  }
  return Ok{};
}

Result<crypto::SecretBytes> login_request(const Credentials& credentials) {
  SIEGEL_TRY_OK(check(credentials));
  XmlWriter xml;
  xml.raw(envelope_begin);
  open_root(xml, "loginRequest", session_namespace);
  xml.element("tid", credentials.participant);
  xml.element("benid", credentials.user);
  xml.element("pin", text_of(credentials.pin.reveal()));
  xml.element("herstellerid", credentials.maker);
  xml.close("loginRequest");
  xml.raw(envelope_end);
  return xml.take();
}

crypto::SecretBytes logout_request(const Session& session) {
  XmlWriter xml;
  xml.raw(envelope_begin);
  open_root(xml, "logoutRequest", session_namespace);
  write_session(xml, session);
  xml.close("logoutRequest");
  xml.raw(envelope_end);
  return xml.take();
}

Result<crypto::SecretBytes> package_request(const Session& session, Mode mode,
                                            const Package& package) {
  SIEGEL_TRY_OK(check(package));
  for (std::size_t i = 0; i < package.items.size() && mode == Mode::production; ++i) {
    const auto* signer = std::get_if<RegisterSigner>(&package.items[i]);
    if (signer != nullptr && signer->provider == "AT9") {
      return bad_package("AT9 is for test transmissions only", fmt::format("/items/{}", i));
    }
  }
  XmlWriter xml;
  open_rkdb(xml, session, mode);
  xml.open("rkdb");
  write_package(xml, package);
  xml.close("rkdb");
  return close_rkdb(xml);
}

Result<crypto::SecretBytes> status_request(const Session& session, Mode mode,
                                           const StatusQuery& query) {
  SIEGEL_TRY_OK(check_head(query.number, query.client));
  const auto* id = std::get_if<RegisterId>(&query.of);
  if (id != nullptr && id->text().empty()) return bad_package("the register has no id", "/of");
  XmlWriter xml;
  open_rkdb(xml, session, mode);
  const std::string_view name = id != nullptr ? "status_kasse" : "status_see";
  xml.open(name);
  write_head(xml, query.client, query.number, query.created);
  xml.element("satznr", "1");
  const ItemWriter writer{xml};
  if (id != nullptr) writer.id(*id);
  if (const auto* serial = std::get_if<CertificateSerial>(&query.of)) writer.serial(*serial);
  xml.close(name);
  return close_rkdb(xml);
}

crypto::SecretBytes databox_request(const Session& session, const DataboxQuery& query) {
  XmlWriter xml;
  xml.raw(envelope_begin);
  open_root(xml, "getDataboxRequest", databox_namespace);
  write_session(xml, session);
  xml.element("erltyp", query.kind);
  if (query.window) {
    xml.element("ts_zust_von", time_text(query.window->first));
    xml.element("ts_zust_bis", time_text(query.window->second));
  }
  xml.close("getDataboxRequest");
  xml.raw(envelope_end);
  return xml.take();
}

crypto::SecretBytes databox_entry_request(const Session& session, std::string_view key) {
  XmlWriter xml;
  xml.raw(envelope_begin);
  open_root(xml, "getDataboxEntryRequest", databox_namespace);
  write_session(xml, session);
  xml.element("applkey", key);
  xml.close("getDataboxEntryRequest");
  xml.raw(envelope_end);
  return xml.take();
}

Result<crypto::SecretBytes> upload_file(const Package& package) {
  SIEGEL_TRY_OK(check(package));
  XmlWriter xml;
  xml.raw("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
  open_root(xml, "rkdb", rkdb_namespace);
  write_package(xml, package);
  xml.close("rkdb");
  xml.raw("\n");
  return xml.take();
}

}  // namespace siegel::finanzonline
