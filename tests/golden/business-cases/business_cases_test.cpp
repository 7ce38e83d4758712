#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "base/file.h"
#include "country/at/at.h"
#include "country/at/fields.h"
#include "country/de/de.h"
#include "format/json.h"
#include "model/codec.h"
#include "print/text/text.h"

// docs/how-to/business-cases.md: every example is decided by both countries, and what the page says
// of it is what comes out. SIEGEL_WRITE_GOLDEN=1 writes what comes out into the page.

namespace siegel::golden {
namespace {

using country::at::Austria;
using country::de::Germany;

LocalStamp stamp(std::string_view text) { return LocalStamp::parse(text).value(); }

std::string page_path() {
  return std::string(SIEGEL_SOURCE_DIR) + "/docs/how-to/business-cases.md";
}

/// A page in pieces: `fence` is what stands behind the three ticks ("" for plain lines).
struct Piece {
  std::string fence;
  std::string text;
};

std::vector<Piece> pieces_of(const std::string& page) {
  std::vector<Piece> pieces(1);
  std::istringstream lines(page);
  bool inside = false;
  for (std::string line; std::getline(lines, line);) {
    if (!inside && line.starts_with("```")) {
      inside = true;
      pieces.push_back({line.substr(3), ""});
    } else if (inside && line == "```") {
      inside = false;
      pieces.emplace_back();
    } else {
      pieces.back().text += line + "\n";
    }
  }
  return pieces;
}

json::Value value_of(const std::string& text) {
  auto value = json::parse(text);
  EXPECT_TRUE(value.ok()) << text;
  return value.ok() ? std::move(*value) : json::Value();
}

/// The shop of the page, in either country.
class Shop {
 public:
  Shop() {
    m_tse.serial = "ab12";
    m_tse.certified = true;
    m_signer.id = "card-1";
    m_signer.serial = "1a2b3c";
    m_signer.provider = "AT1";
    m_rksv.started = true;
    m_rksv.chaining = "OeSKQjO4zKI=";
    m_rksv.last_time = "2026-11-20T18:00:00";
    m_rksv.aes_key = &m_key;
  }
  void use_business(const std::string& text) {
    auto business = business_from_request(value_of(text));
    ASSERT_TRUE(business.ok()) << business.error().detail << business.error().place;
    m_business = *business;
  }
  void use_register(const std::string& text) {
    auto info = register_from_request(value_of(text));
    ASSERT_TRUE(info.ok()) << info.error().detail << info.error().place;
    m_register = *info;
  }
  [[nodiscard]] Result<Plan> decide(const country::Country& law, bool austrian,
                                    const std::string& text) {
    SIEGEL_TRY(const json::Value value, json::parse(text));
    SIEGEL_TRY(const ReceiptDraft draft, draft_from_json(value));
    Business business = m_business;
    if (austrian) {
      business.country = "AT";
      for (OwnVatKey& key : business.vat_keys) key.slot = 4;
    }
    RegisterInfo info = m_register;
    info.signers = {"card-1"};
    std::optional<Plan>& first = austrian ? m_first_at : m_first_de;
    const bool reversal = draft.kind == ReceiptKind::reversal;
    const country::Facts facts{.now = stamp("2026-11-20T18:42:17+01:00"),
                               .business = business,
                               .business_sequence = 3,
                               .register_info = info,
                               .tse = &m_tse,
                               .profile = m_profile,
                               .next_number = 17,
                               .vorgang = VorgangId("v-1"),
                               .began = stamp("2026-11-20T18:42:10+01:00"),
                               .original = reversal && first ? &*first : nullptr,
                               .rksv = &m_rksv,
                               .next_stock_number = 3};
    auto plan = law.decide(draft, facts);
    if (plan.ok() && !first) first = *plan;
    return plan;
  }
  /// The paper, at 42 columns.
  [[nodiscard]] std::string paper(const country::Country& law, const Plan& plan) const {
    Receipt receipt;
    receipt.plan = plan;
    receipt.business = m_business;
    receipt.register_info = m_register;
    if (!plan.tse_serial.empty()) receipt.tse = m_tse;
    if (plan.rksv) receipt.signer = m_signer;
    receipt.seal = law.seal(7, plan, outcome_of(plan));
    const auto text = print::render_text(law.print(receipt, m_profile, {}), {.columns = 42});
    EXPECT_FALSE(law.explain(receipt).empty());
    return text.ok() ? *text : std::string();
  }
  Profile& profile() { return m_profile; }

 private:
  [[nodiscard]] country::Outcome outcome_of(const Plan& plan) const {
    if (plan.rksv) return country::Signed{.signer = &m_signer, .signature = Bytes(64)};
    if (plan.tse_serial.empty()) return country::Done{};
    const country::StepAnswer answer{.transaction = 7,
                                     .log_time = Instant::from_unix(1'795'196'537),
                                     .counter = 11,
                                     .signature = Bytes(64)};
    return country::Progress{.start = answer, .finish = answer};
  }

  Business m_business;
  RegisterInfo m_register;
  TseInfo m_tse;
  SignerInfo m_signer;
  Profile m_profile;
  country::RksvFacts m_rksv;
  crypto::SecretBytes m_key = crypto::SecretBytes::copy_of(
      from_base64("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").value());
  std::optional<Plan> m_first_de;
  std::optional<Plan> m_first_at;
};

std::string refusal(const Error& error) { return fmt::format("refused `{}`", error.code); }

std::string german(const Result<Plan>& plan) {
  if (!plan.ok()) return refusal(plan.error());
  std::string data = plan->process_data;
  for (std::size_t at = 0; (at = data.find('\r', at)) != std::string::npos;)
    data.replace(at, 1, "<CR>");
  return fmt::format("`{}`{}", data, plan->tse_serial.empty() ? ", without TSE" : "");
}

std::string exported(const Plan& plan) {
  std::string lines;
  for (const PlanLine& line : plan.lines) {
    for (const VatShare& share : line.shares) {
      lines += fmt::format("{}{}/{}{}", lines.empty() ? "" : ", ", gv_typ_text(line.gv_typ),
                           share.key.get(), line.cancelled ? " P_STORNO" : "");
    }
  }
  std::string payments;
  for (const PlanPayment& payment : plan.payments) {
    payments += fmt::format("{}{}", payments.empty() ? "" : ", ", payment_kind_text(payment.kind));
  }
  return fmt::format("`{}`; {}; {}", plan.bon_typ.empty() ? "AVSonstige" : plan.bon_typ,
                     lines.empty() ? "no line" : lines, payments.empty() ? "Keine" : payments);
}

std::string austrian(const Result<Plan>& plan) {
  if (!plan.ok()) return refusal(plan.error());
  if (!plan->rksv) return "not signed";
  std::string sums;
  for (const Money sum : plan->rksv->amounts) {
    sums += fmt::format("{}{}", sums.empty() ? "" : "_", country::at::amount_field(sum));
  }
  return fmt::format("`{}`", sums);
}

/// What the page says below an example.
std::string statement(Shop& shop, const std::string& request) {
  const auto de = shop.decide(Germany(), false, request);
  const auto at = shop.decide(Austria(), true, request);
  std::string out = fmt::format("- Germany: {}\n", german(de));
  if (de.ok()) out += fmt::format("- Export: {}\n", exported(*de));
  out += fmt::format("- Austria: {}\n", austrian(at));
  return out;
}

/// The page with what comes out below each example.
std::string page_as_it_should_be(const std::vector<Piece>& pieces, Shop& shop) {
  std::string out;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const Piece& piece = pieces[i];
    if (piece.fence.empty()) {
      std::string_view rest = piece.text;
      if (i > 0 && pieces[i - 1].fence == "json") {
        // What was said before is replaced.
        while (rest.starts_with("\n") || rest.starts_with("- Germany:") ||
               rest.starts_with("- Export:") || rest.starts_with("- Austria:")) {
          rest.remove_prefix(rest.find('\n') + 1);
        }
        out += "\n" + statement(shop, pieces[i - 1].text) + (rest.empty() ? "" : "\n");
      }
      out += rest;
      continue;
    }
    out += "```" + piece.fence + "\n" + piece.text + "```\n";
    if (piece.fence == "json business") shop.use_business(piece.text);
    if (piece.fence == "json register") shop.use_register(piece.text);
  }
  return out;
}

TEST(BusinessCases, ThePageSaysWhatComesOut) {
  RecordProperty("proves",
                 "BIO-009 BIO-010 BIO-011 BIO-012 BIO-013 BIO-019 BIO-020 BIO-073 DIK-029 DIK-031 "
                 "DIK-033 DIK-035 DIK-036 DIK-037 DIK-038 DIK-039 DIK-040 DIK-042 DIK-043");
  const Bytes bytes = read_file(page_path(), 200'000).value();
  const std::string page(text_of(bytes));
  Shop shop;
  const std::string expected = page_as_it_should_be(pieces_of(page), shop);
  if (std::getenv("SIEGEL_WRITE_GOLDEN") != nullptr) {
    ASSERT_TRUE(write_file(page_path(), bytes_of(expected)).ok());
  }
  EXPECT_EQ(page, expected);
}

TEST(BusinessCases, AllOfTheStandardAreOnThePage) {
  const Bytes bytes = read_file(page_path(), 200'000).value();
  std::set<std::string_view> cases;
  std::set<std::string> types;
  Shop shop;
  for (const Piece& piece : pieces_of(std::string(text_of(bytes)))) {
    if (piece.fence == "json business") shop.use_business(piece.text);
    if (piece.fence == "json register") shop.use_register(piece.text);
    if (piece.fence != "json") continue;
    const auto plan = shop.decide(Germany(), false, piece.text);
    if (!plan.ok()) continue;
    types.insert(plan->bon_typ);
    for (const PlanLine& line : plan->lines) cases.insert(gv_typ_text(line.gv_typ));
  }
  EXPECT_EQ(cases.size(), 25U);
  // AVBelegstorno is not possible with a TSE.
  EXPECT_EQ(types, (std::set<std::string>{"", "AVBelegabbruch", "AVBestellung", "AVRechnung",
                                          "AVSachbezug", "AVSonstige", "AVTraining", "AVTransfer",
                                          "Beleg"}));
}

TEST(BusinessCases, EachIsPrintedInBothCountriesAndLanguages) {
  const Bytes bytes = read_file(page_path(), 200'000).value();
  Shop shop;
  int count = 0;
  for (const Piece& piece : pieces_of(std::string(text_of(bytes)))) {
    if (piece.fence == "json business") shop.use_business(piece.text);
    if (piece.fence == "json register") shop.use_register(piece.text);
    if (piece.fence != "json") continue;
    for (const Language language : {Language::de, Language::en}) {
      shop.profile().language = language;
      for (const bool austrian : {false, true}) {
        const Germany germany;
        const Austria austria;
        const country::Country& law = austrian ? static_cast<const country::Country&>(austria)
                                               : static_cast<const country::Country&>(germany);
        const auto plan = shop.decide(law, austrian, piece.text);
        if (!plan.ok()) continue;
        ++count;
        const std::string text = shop.paper(law, *plan);
        EXPECT_NE(text.find(plan->receipt_number), std::string::npos) << piece.text;
        for (const PlanLine& line : plan->lines) {
          EXPECT_EQ(text.find(line.text) != std::string::npos, !line.cancelled) << line.text << "\n"
                                                                                << text;
          if (line.cancelled) continue;
          EXPECT_NE(text.find(line.voucher), std::string::npos) << text;
        }
        for (const Reference& reference : plan->references) {
          EXPECT_NE(text.find(reference.number), std::string::npos) << text;
        }
        for (const std::string& group : plan->groups) {
          EXPECT_NE(text.find(group), std::string::npos) << text;
        }
        if (!austrian && plan->has_first_order) {
          EXPECT_NE(text.find(language == Language::de ? "Erste Bestellung" : "First order"),
                    std::string::npos)
              << text;
        }
      }
    }
  }
  EXPECT_GT(count, 150);
}

}  // namespace
}  // namespace siegel::golden
