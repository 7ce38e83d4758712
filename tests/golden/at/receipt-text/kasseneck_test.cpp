// 22 Austrian receipts of another maker, found through SIEGEL_VECTORS: our layout is our own, the
// content is the same.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <regex>
#include <sstream>
#include <string>

#include "base/file.h"
#include "country/at/at.h"
#include "format/json.h"
#include "model/codec.h"
#include "print/text/text.h"

namespace siegel::golden {
namespace {

namespace fs = std::filesystem;

std::string text(const json::Object& object, std::string_view key) {
  const json::Value* value = object.find(key);
  return value == nullptr || value->string() == nullptr ? std::string() : *value->string();
}
bool flag(const json::Object& object, std::string_view key) {
  const json::Value* value = object.find(key);
  return value != nullptr && value->boolean() != nullptr && *value->boolean();
}
std::int64_t number(const json::Object& object, std::string_view key) {
  return *object.find(key)->integer();
}

std::string without_blanks(std::string_view text) {
  std::string dense;
  for (const char c : text) {
    if (c != ' ' && c != '\n') dense += c;
  }
  return dense;
}

/// A receipt of the set as our receipt.
class Case {
 public:
  explicit Case(const json::Object& file)
      : m_company(*file.find("company")->object()),
        m_receipt(*file.find("receipt")->object()),
        m_options(*file.find("options")->object()) {
    m_business.name = text(m_company, "companyName");
    m_business.street = text(m_company, "street");
    m_business.postcode = text(m_company, "zip");
    m_business.city = text(m_company, "city");
    m_business.country = "AT";
    m_business.vat_id = text(m_company, "uid");
    m_business.tax_number = text(m_company, "taxnr");
    m_business.time_zone = "Europe/Vienna";
    m_business.header_lines = {
        m_business.name, m_business.street, m_business.postcode + " " + m_business.city,
        m_business.vat_id.empty() ? m_business.tax_number : m_business.vat_id,
        text(m_company, "phone")};
    if (flag(m_company, "isSmallBusiness")) {
      m_business.footer_lines.emplace_back(
          "Umsatzsteuerbefreit – Kleinunternehmer gemäß § 6 Abs. 1 Z 27 UStG.");
    }
    m_business.footer_lines.push_back(text(m_company, "footer1"));
    m_business.footer_lines.push_back(text(m_company, "footer2"));
    m_register.id = RegisterId::parse(text(m_receipt, "cashregisterId")).value();
    m_register.signers = {"card"};
    m_signer.id = "card";
    m_signer.serial = "6f0404f0";
    m_signer.provider = "AT1";
    m_signer.development = flag(m_options, "testSignatur") || flag(m_options, "testKasse");
    m_rksv.aes_key = &m_key;
    m_rksv.started = kind() != ReceiptKind::start;
    if (m_rksv.started) m_rksv.chaining = "AAAAAAAAAAA=";
  }

  [[nodiscard]] ReceiptKind kind() const {
    static const std::map<std::string, ReceiptKind> kinds = {
        {"standard", ReceiptKind::receipt},          {"cancellation", ReceiptKind::reversal},
        {"training", ReceiptKind::training},         {"start", ReceiptKind::start},
        {"zero monthly", ReceiptKind::month},        {"zero annual", ReceiptKind::year},
        {"zero final", ReceiptKind::final},          {"zero manual", ReceiptKind::zero},
        {"zero outage_end", ReceiptKind::collective}};
    std::string word = text(m_receipt, "receiptType");
    if (word == "zero") word += " " + text(m_receipt, "zeroKind");
    return kinds.at(word);
  }

  Receipt recorded(bool outage) {
    const ReceiptDraft stated = draft();
    Plan plan = decide(stated, stated.kind == ReceiptKind::reversal ? &m_original : nullptr);
    plan.receipt_number = text(m_receipt, "receiptId");
    Receipt receipt;
    country::Outcome outcome = country::Signed{.signer = &m_signer, .signature = Bytes(64)};
    if (outage) outcome = country::Outage{.signer = &m_signer};
    receipt.seal = m_law.seal(1, plan, outcome);
    receipt.plan = std::move(plan);
    receipt.business = m_business;
    receipt.register_info = m_register;
    receipt.signer = m_signer;
    return receipt;
  }

 private:
  [[nodiscard]] Plan decide(const ReceiptDraft& draft, const Plan* original = nullptr) {
    const std::string time = text(m_receipt, "timeStamp");
    const LocalStamp now =
        LocalStamp::parse(time + (time.substr(5, 2) == "08" ? "+02:00" : "+01:00")).value();
    auto plan = m_law.decide(draft, {.now = now,
                                     .business = m_business,
                                     .register_info = m_register,
                                     .profile = m_profile,
                                     .vorgang = VorgangId("v"),
                                     .began = now,
                                     .original = original,
                                     .rksv = &m_rksv});
    EXPECT_TRUE(plan.ok()) << plan.error().code << plan.error().detail;
    return std::move(*plan);
  }

  void add_line(const json::Object& item, ReceiptDraft& draft) {
    LineDraft& line = draft.lines.emplace_back();
    line.text = text(item, "name");
    const std::int64_t quantity = number(item, "quantity");
    const std::int64_t cents = number(item, "unitPriceCents");
    // Of a cancellation the receipt that is cancelled is made first.
    const bool turned = kind() == ReceiptKind::reversal;
    line.quantity = Quantity::from_raw(1000 * (turned && quantity < 0 ? -quantity : quantity));
    line.unit_price = UnitPrice::from_raw(1000 * (turned && quantity > 0 ? -cents : cents));
    const json::Value& rate = *item.find("vatRate");
    line.vat = rate.integer() != nullptr ? std::to_string(*rate.integer()) : rate.decimal()->text;
    const std::string what = text(item, "kind");
    if (what == "discount") line.gv_typ = GvTyp::rabatt;
    if (what == "tip") {
      const bool owner = flag(*item.find("recipient")->object(), "owner");
      line.gv_typ = owner ? GvTyp::trinkgeld_ag : GvTyp::trinkgeld_an;
    }
  }

  ReceiptDraft draft() {
    ReceiptDraft draft;
    draft.kind = kind();
    for (const json::Value& item : *m_receipt.find("items")->array()) {
      add_line(*item.object(), draft);
    }
    if (draft.lines.empty()) return draft;
    Money total;
    for (const LineDraft& line : draft.lines) {
      total += multiply(line.quantity, *line.unit_price, Rounding::half_away).value();
    }
    for (const json::Value& each : *m_receipt.find("vouchers")->array()) {
      PaymentDraft& voucher = draft.payments.emplace_back();
      voucher.kind = PaymentKind::guthabenkarte;
      voucher.amount = Money::from_cents(number(*each.object(), "valueCents"));
      voucher.name = "Wertgutschein " + text(*each.object(), "code");
      total = total - voucher.amount;
    }
    PaymentDraft& rest = draft.payments.emplace_back();
    rest.kind =
        text(m_receipt, "paymentMethod") == "cash" ? PaymentKind::bar : PaymentKind::kreditkarte;
    rest.amount = total;
    if (draft.kind != ReceiptKind::reversal) return draft;
    draft.kind = ReceiptKind::receipt;
    m_original = decide(draft);
    m_original.receipt_number = text(*m_receipt.find("cancellationOf")->object(), "receiptId");
    return turned();
  }

  // The reversal of m_original, which facts name.
  ReceiptDraft turned() {
    ReceiptDraft draft;
    draft.kind = ReceiptKind::reversal;
    draft.reverses = m_original.receipt_number;
    draft.reason = text(m_receipt, "cancellationReason") == "fehleingabe" ? "Fehleingabe"
                                                                          : "Kunde hat storniert";
    return draft;
  }

  const json::Object& m_company;
  const json::Object& m_receipt;
  const json::Object& m_options;
  country::at::Austria m_law;
  Business m_business;
  RegisterInfo m_register;
  SignerInfo m_signer;
  Profile m_profile;
  crypto::SecretBytes m_key{32};
  country::RksvFacts m_rksv;
  Plan m_original;
};

/// Every amount of the expected print, but subtotals, what a discount or tip makes over all rates,
/// and registration days, which no receipt of ours holds.
std::vector<std::string> amounts_of(const std::string& grid) {
  std::vector<std::string> amounts;
  std::istringstream lines(grid);
  const std::regex amount("[0-9]+,[0-9][0-9]");
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("Zwischensumme") || line.ends_with("*")) continue;
    for (auto at = std::sregex_iterator(line.begin(), line.end(), amount);
         at != std::sregex_iterator(); ++at) {
      amounts.push_back(at->str());
    }
  }
  return amounts;
}

/// What the words of the set are called here.
const std::map<std::string, std::string>& words() {
  static const std::map<std::string, std::string> all = {
      {"STARTBELEG", "STARTBELEG"},
      {"STORNOBELEG", "STORNOBUCHUNG"},
      {"Stornobuchung zu Beleg", "Stornobuchung zu Beleg"},
      {"TRAININGSBELEG", "TRAININGSBUCHUNG"},
      {"Trainingsbuchung", "Trainingsbuchung"},
      {"MONATSBELEG", "MONATSBELEG"},
      {"08/2026", "08/2026"},
      {"JAHRESBELEG", "JAHRESBELEG 2026"},
      {"BMF-App", "BMF Belegcheck"},
      {"SCHLUSSBELEG", "SCHLUSSBELEG"},
      {"Außerbetriebnahme", "Außerbetriebnahme"},
      {"nach Signaturausfall", "SAMMELBELEG"},
      {"zur Inbetriebnahme", "zur Inbetriebnahme"},
      {"0x6F0404F0", "6f0404f0"},
      {"A-Trust (AT1)", "A-Trust (AT1)"},
      {"signiert", "signiert"},
      {"Fehleingabe", "Fehleingabe"},
      {"Kunde hat storniert", "Kunde hat storniert"},
      {"Barzahlung", "Bar"},
      {"Kartenzahlung", "Kreditkarte"},
      {"Wertgutschein GS-1", "Wertgutschein GS-1"},
      {"Sicherheitseinrichtung", "Sicherheitseinrichtung ausgefallen"},
      {"Kleinunternehmer", "Kleinunternehmer gemäß § 6 Abs. 1 Z 27 UStG."},
      {"TESTSIGNATUR", "TESTSIGNATUR - kein gültiger Beleg"},
      {"TESTKASSE", "kein gültiger Beleg"},
      {"Vielen Dank", "Vielen Dank für Ihren Einkauf"}};
  return all;
}

void check(const std::string& name, const json::Object& file, const fs::path& expected_folder) {
  SCOPED_TRACE(name);
  Case example(file);
  const Receipt receipt = example.recorded(name == "signaturausfall-verkauf");
  for (const int columns : {32, 48}) {
    const auto grid =
        read_file(expected_folder / (name + ".grid" + std::to_string(columns) + ".txt"), 1 << 20);
    ASSERT_TRUE(grid.ok());
    const std::string expected(text_of(*grid));
    const std::string ours =
        print::render_text(country::at::Austria().print(receipt, {}, {}), {.columns = columns})
            .value();
    const std::string dense = without_blanks(ours);
    const auto must_hold = [&](std::string_view fact) {
      EXPECT_NE(dense.find(without_blanks(fact)), std::string::npos) << fact << "\n" << ours;
    };
    const json::Object& company = *file.find("company")->object();
    for (const char* key : {"companyName", "street", "zip", "city", "phone", "uid", "taxnr"}) {
      must_hold(text(company, key));
    }
    const json::Object& stated = *file.find("receipt")->object();
    must_hold(text(stated, "receiptId"));
    must_hold(text(stated, "cashregisterId"));
    must_hold(receipt.plan.decided.print_second());
    for (const json::Value& item : *stated.find("items")->array()) {
      must_hold(text(*item.object(), "name"));
    }
    for (const std::string& amount : amounts_of(expected)) must_hold(amount);
    for (const auto& [theirs, word] : words()) {
      if (without_blanks(expected).find(without_blanks(theirs)) != std::string::npos) {
        must_hold(word);
      }
    }
  }
}

TEST(Kasseneck, TheContentOfAllReceiptsIsPrinted) {
  const char* vectors = std::getenv("SIEGEL_VECTORS");
  if (vectors == nullptr) GTEST_SKIP() << "no vectors";
  const fs::path folder = fs::path(vectors) / "pos/kasseneck/fixtures";
  int count = 0;
  for (const auto& entry : fs::directory_iterator(folder / "belege")) {
    const auto file = read_file(entry.path(), 1 << 20);
    ASSERT_TRUE(file.ok());
    const json::Value value = json::parse(text_of(*file)).value();
    check(entry.path().stem().string(), *value.object(), folder / "erwartet");
    ++count;
  }
  EXPECT_EQ(count, 22);
}

}  // namespace
}  // namespace siegel::golden
