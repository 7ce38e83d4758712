#include "verify/dsfinvk/dsfinvk.h"

#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <memory>

#include "bare.h"
#include "crypto/ec.h"
#include "crypto/hash.h"
#include "report.h"
#include "verify/qr/finish_log.h"

namespace siegel::bench {
namespace {

constexpr std::uint64_t receipts = 200'000;  // three lines each
constexpr std::uint64_t of_closing = 1'000;
constexpr std::string_view till = "KASSE-1";

/// The tables that are filled; the others hold their header only.
enum Table : std::size_t {
  closing,
  location,
  cashregister,
  slaves,
  pa,
  tse,
  vat,
  businesscases,
  payment,
  cash_per_currency,
  transactions,
  datapayment,
  lines,
  itemamounts,
  subitems,
  transactions_tse,
  transactions_vat,
  lines_vat,
  allocation_groups,
  references,
  tables
};

constexpr std::array<std::array<std::string_view, 2>, tables> headers = {{
    {"cashpointclosing",
     "Z_BUCHUNGSTAG;TAXONOMIE_VERSION;Z_START_ID;Z_ENDE_ID;NAME;STRASSE;PLZ;ORT;LAND;STNR;USTID;"
     "Z_SE_ZAHLUNGEN;Z_SE_BARZAHLUNGEN"},
    {"location", "LOC_NAME;LOC_STRASSE;LOC_PLZ;LOC_ORT;LOC_LAND;LOC_USTID"},
    {"cashregister",
     "KASSE_BRAND;KASSE_MODELL;KASSE_SERIENNR;KASSE_SW_BRAND;KASSE_SW_VERSION;KASSE_BASISWAEH_CODE;"
     "KEINE_UST_ZUORDNUNG"},
    {"slaves",
     "TERMINAL_ID;TERMINAL_BRAND;TERMINAL_MODELL;TERMINAL_SERIENNR;TERMINAL_SW_BRAND;"
     "TERMINAL_SW_VERSION"},
    {"pa",
     "AGENTUR_ID;AGENTUR_NAME;AGENTUR_STRASSE;AGENTUR_PLZ;AGENTUR_ORT;AGENTUR_LAND;AGENTUR_STNR;"
     "AGENTUR_USTID"},
    {"tse",
     "TSE_ID;TSE_SERIAL;TSE_SIG_ALGO;TSE_ZEITFORMAT;TSE_PD_ENCODING;TSE_PUBLIC_KEY;"
     "TSE_ZERTIFIKAT_I;TSE_ZERTIFIKAT_II"},
    {"vat", "UST_SCHLUESSEL;UST_SATZ;UST_BESCHR"},
    {"businesscases", "GV_TYP;GV_NAME;AGENTUR_ID;UST_SCHLUESSEL;Z_UMS_BRUTTO;Z_UMS_NETTO;Z_UST"},
    {"payment", "ZAHLART_TYP;ZAHLART_NAME;Z_ZAHLART_BETRAG"},
    {"cash_per_currency", "ZAHLART_WAEH;ZAHLART_BETRAG_WAEH"},
    {"transactions",
     "BON_ID;BON_NR;BON_TYP;BON_NAME;TERMINAL_ID;BON_STORNO;BON_START;BON_ENDE;BEDIENER_ID;"
     "BEDIENER_NAME;UMS_BRUTTO;KUNDE_NAME;KUNDE_ID;KUNDE_TYP;KUNDE_STRASSE;KUNDE_PLZ;KUNDE_ORT;"
     "KUNDE_LAND;KUNDE_USTID;BON_NOTIZ"},
    {"datapayment",
     "BON_ID;ZAHLART_TYP;ZAHLART_NAME;ZAHLWAEH_CODE;ZAHLWAEH_BETRAG;BASISWAEH_BETRAG"},
    {"lines",
     "BON_ID;POS_ZEILE;GUTSCHEIN_NR;ARTIKELTEXT;POS_TERMINAL_ID;GV_TYP;GV_NAME;INHAUS;P_STORNO;"
     "AGENTUR_ID;ART_NR;GTIN;WARENGR_ID;WARENGR;MENGE;FAKTOR;EINHEIT;STK_BR"},
    {"itemamounts", "BON_ID;POS_ZEILE;TYP;UST_SCHLUESSEL;PF_BRUTTO;PF_NETTO;PF_UST"},
    {"subitems",
     "BON_ID;POS_ZEILE;ZI_ART_NR;ZI_GTIN;ZI_NAME;ZI_WARENGR_ID;ZI_WARENGR;ZI_MENGE;ZI_FAKTOR;"
     "ZI_EINHEIT;ZI_UST_SCHLUESSEL;ZI_BASISPREIS_BRUTTO;ZI_BASISPREIS_NETTO;ZI_BASISPREIS_UST"},
    {"transactions_tse",
     "BON_ID;TSE_ID;TSE_TANR;TSE_TA_START;TSE_TA_ENDE;TSE_TA_VORGANGSART;TSE_TA_SIGZ;TSE_TA_SIG;"
     "TSE_TA_FEHLER;TSE_VORGANGSDATEN"},
    {"transactions_vat", "BON_ID;UST_SCHLUESSEL;BON_BRUTTO;BON_NETTO;BON_UST"},
    {"lines_vat", "BON_ID;POS_ZEILE;UST_SCHLUESSEL;POS_BRUTTO;POS_NETTO;POS_UST"},
    {"allocation_groups", "BON_ID;ABRECHNUNGSKREIS"},
    {"references",
     "BON_ID;POS_ZEILE;REF_TYP;REF_NAME;REF_DATUM;REF_Z_KASSE_ID;REF_Z_NR;REF_BON_ID"},
}};

/// Writes an export of a register that sells two coffees and a roll for cash, again and again.
class Maker {
 public:
  Maker(const std::filesystem::path& folder, const crypto::PrivateKey& key) : m_key(key) {
    for (std::size_t i = 0; i < tables; ++i) {
      const auto path = folder / fmt::format("{}.csv", headers[i][0]);
      m_files[i].reset(std::fopen(path.c_str(), "wb"));
      fmt::print(m_files[i].get(), "Z_KASSE_ID;Z_ERSTELLUNG;Z_NR;{}\r\n", headers[i][1]);
    }
  }

  Status run() {
    std::uint64_t next = 1;
    while (next <= receipts) {
      // A closing after the last receipt of a thousand, in winter.
      const std::int64_t begin = 1'767'600'000 + static_cast<std::int64_t>(next) * 7;
      m_key_text = fmt::format("K1;{}+01:00;{}", local(begin + 6'999), next / of_closing + 1);
      const std::uint64_t first = next;
      for (std::uint64_t i = 0; i < of_closing && next <= receipts; ++i, ++next)
        SIEGEL_TRY_OK(receipt(next, i + 1, begin + static_cast<std::int64_t>(i) * 7));
      end_closing(first, next - 1);
    }
    return Ok{};
  }

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  template <class... Args>
  void row(Table table, fmt::format_string<Args...> format, Args&&... args) {
    fmt::print(m_files[table].get(), "{};{}\r\n", m_key_text,
               fmt::format(format, std::forward<Args>(args)...));
  }
  static std::string utc(std::int64_t at) { return Instant::from_unix(at).text(); }
  static std::string local(std::int64_t at) { return utc(at + 3'600).substr(0, 19); }

  Status receipt(std::uint64_t id, std::uint64_t number, std::int64_t at) {
    row(transactions, "{};{};Beleg;;;0;{};{};1;Anna;8,50;;;;;;;;;", id, number, local(at),
        local(at + 5));
    row(lines, "{};1;;Kaffee;;Umsatz;;0;0;0;A1;4006381333931;W1;Waren;1,000;;;2,50000", id);
    row(lines, "{};2;;Kaffee;;Umsatz;;0;0;0;A1;4006381333931;W1;Waren;1,000;;;2,50000", id);
    row(lines, "{};3;;Brot;;Umsatz;;0;0;0;A2;4006381333931;W1;Waren;1,000;;;3,50000", id);
    row(lines_vat, "{};1;1;2,50000;;", id);
    row(lines_vat, "{};2;1;2,50000;;", id);
    row(lines_vat, "{};3;2;3,50000;;", id);
    row(transactions_vat, "{};1;5,00000;4,20000;0,80000", id);
    row(transactions_vat, "{};2;3,50000;3,27000;0,23000", id);
    row(datapayment, "{};Bar;;EUR;;8,50", id);
    constexpr std::string_view data = "Beleg^5.00_3.50_0.00_0.00_0.00^8.50:Bar";
    verify::qr::build_finish({.client = till,
                              .process_type = "Kassenbeleg-V1",
                              .process_data = data,
                              .transaction = id,
                              .counter = 2 * id,
                              .end = Instant::from_unix(at + 5)},
                             {}, m_key.public_key(), {}, m_message);
    SIEGEL_TRY(const Bytes signature, m_key.sign_ecdsa(crypto::HashAlgorithm::sha256, m_message));
    row(transactions_tse, "{};1;{};{};{};Kassenbeleg-V1;{};{};;{}", id, id, utc(at), utc(at + 5),
        2 * id, base64(signature), data);
    return Ok{};
  }

  void end_closing(std::uint64_t first, std::uint64_t last) {
    const std::uint64_t count = last - first + 1;
    const auto money = [&](std::uint64_t cents, const char* zeros) {
      return fmt::format("{},{:02}{}", count * cents / 100, count * cents % 100, zeros);
    };
    const std::uint64_t tax_1 = (count * 500 * 19 * 2 + 119) / 238;
    const std::uint64_t tax_2 = (count * 350 * 7 * 2 + 107) / 214;
    const auto sum = [](std::uint64_t cents) {
      return fmt::format("{},{:02}000", cents / 100, cents % 100);
    };
    row(closing, ";2.4;{};{};Laden;Weg 1;10115;Berlin;DEU;27/123/45678;DE136695976;{};{}", first,
        last, money(850, ""), money(850, ""));
    row(location, "Filiale;Weg 1;10115;Berlin;DEU;");
    row(cashregister, "Siegel;T;{};Siegel;1.0;EUR;0", till);
    row(tse, "1;{};ecdsa-plain-SHA256;unixTime;UTF-8;{};;", hex(m_key.public_key().point_hash()),
        base64(m_key.public_key().point()));
    row(vat, "1;19,00;Allgemein");
    row(vat, "2;7,00;Ermaessigt");
    row(businesscases, "Umsatz;;0;1;{};{};{}", sum(count * 500), sum(count * 500 - tax_1),
        sum(tax_1));
    row(businesscases, "Umsatz;;0;2;{};{};{}", sum(count * 350), sum(count * 350 - tax_2),
        sum(tax_2));
    row(payment, "Bar;;{}", money(850, ""));
    row(cash_per_currency, "EUR;{}", money(850, ""));
  }

  const crypto::PrivateKey& m_key;
  std::array<std::unique_ptr<std::FILE, Close>, tables> m_files;
  std::string m_key_text;
  Bytes m_message;
};

Status make_export(const std::filesystem::path& folder) {
  const auto fresh = std::filesystem::path(folder).concat(".new");
  std::filesystem::remove_all(fresh);
  std::filesystem::create_directories(fresh);
  SIEGEL_TRY(const crypto::PrivateKey key, crypto::PrivateKey::generate(crypto::Curve::p256));
  SIEGEL_TRY_OK(Maker(fresh, key).run());
  std::filesystem::rename(fresh, folder);
  return Ok{};
}

struct Child {
  double seconds = 0;
  double signatures = 0;
  double megabytes = 0;
};

/// In a process of its own: the peak of memory is that of a verification.
Result<Child> run_child(const std::filesystem::path& folder) {
  const std::string command =
      fmt::format("'{}' --verify-dsfinvk-child '{}'",
                  std::filesystem::read_symlink("/proc/self/exe").string(), folder.string());
  std::FILE* pipe = popen(command.c_str(), "r");
  Child child;
  const bool read = pipe != nullptr && std::fscanf(pipe, "%lf %lf %lf", &child.seconds,
                                                   &child.signatures, &child.megabytes) == 3;
  if (pipe == nullptr || pclose(pipe) != 0 || !read)
    return unavailable("E-VER-001", "the verification failed");
  return child;
}

Status run(const Settings& settings, Report& report) {
  std::filesystem::create_directories(settings.kept);
  const auto folder = settings.kept / fmt::format("dsfinvk-{}", receipts);
  if (!std::filesystem::exists(folder)) SIEGEL_TRY_OK(make_export(folder));
  std::vector<double> rate;
  std::vector<double> bare;
  double megabytes = 0;
  double signatures = 0;
  for (int i = 0; i < settings.runs; ++i) {
    SIEGEL_TRY(const Child child, run_child(folder));
    rate.push_back(child.signatures / child.seconds);
    megabytes = std::max(megabytes, child.megabytes);
    signatures = child.signatures;
    bare.push_back(bare::verify_rate(2, settings.seconds));
  }
  report.add(
      {.name = "verify DSFinV-K, P-256, 2 threads",
       .unit = "receipts/s",
       .value = median(rate),
       .bare = median(bare),
       .at_least = 0.7,
       .at_most = {},
       .ratio = {},
       .note = fmt::format("{:.0f} receipts of 3 lines, all rules; bare: OpenSSL", signatures)});
  report.add({.name = "  memory at most",
              .unit = "MB",
              .value = megabytes,
              .bare = {},
              .at_least = {},
              .at_most = 1.0,
              .ratio = megabytes / 200,
              .note = "ratio to 200 MB"});
  return Ok{};
}

}  // namespace

int verify_dsfinvk_child(const char* folder) {
  verify::dsfinvk::Options options;
  options.threads = 2;
  const double begin = seconds_now();
  const auto verified = verify::dsfinvk::verify_export(folder, options);
  const double seconds = seconds_now() - begin;
  if (!verified.ok() || verified->report.signatures.valid != receipts) return 1;
  fmt::print("{} {} {}\n", seconds, verified->report.signatures.checked, peak_memory_mb());
  return 0;
}

void bench_verify_dsfinvk(const Settings& settings, Report& report) {
  if (const Status done = run(settings, report); !done.ok())
    report.failed("verify-dsfinvk", done.error().code + " " + done.error().detail);
}

}  // namespace siegel::bench
