#include "verify/journal/rksv_story.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "country/at/at.h"
#include "crypto/ec.h"
#include "model/codec.h"
#include "model/rksv.h"
#include "verify/journal/story.h"

namespace siegel::verify::journal {
namespace {

using Rules = std::set<std::string>;

/// One receipt before it is written: a test may change it, and what follows is made after that.
struct Receipt {
  Plan plan;
  Seal seal;
};
using Change = std::function<void(Receipt&)>;

/// A register recorded as a recorder does it, then told to a Story.
class Register {
 public:
  Register() {
    Business business;
    business.name = "Café";
    business.country = "AT";
    business.vat_id = "ATU12345678";
    add(entry_kind::business, to_json(business));
    for (const char* id : {"card-1", "card-2"}) {
      SignerInfo info;
      info.id = id;
      info.kind = "softkey";
      info.serial = id == std::string_view("card-1") ? "1a" : "2b";
      info.provider = "AT1";
      info.public_key = key(id).public_key().point();
      m_signers.push_back(info);
      add(entry_kind::signer, to_json(info));
    }
    m_info.id = RegisterId::parse("KASSE-1").value();
    m_info.signers = {"card-1", "card-2"};
    add(entry_kind::register_, to_json(m_info));
    m_rksv.aes_key = &m_aes;
  }

  /// `device` -1: none could sign.
  void record(const ReceiptDraft& draft, int device = 0, const Change& change = {}) {
    ++m_minute;
    const std::string time =
        fmt::format("2026-11-20T{:02}:{:02}:00+01:00", m_minute / 60, m_minute % 60);
    const LocalStamp now = LocalStamp::parse(time).value();
    auto plan = m_law.decide(draft, {.now = now,
                                     .business = Business(),
                                     .business_sequence = 1,
                                     .register_info = m_info,
                                     .profile = m_profile,
                                     .next_number = ++m_number,
                                     .vorgang = VorgangId("v"),
                                     .began = now,
                                     .rksv = &m_rksv});
    ASSERT_TRUE(plan.ok()) << plan.error().detail;
    Receipt receipt{.plan = std::move(*plan), .seal = {}};
    const std::uint64_t sequence = m_entries.size() + 1;
    if (m_day_begins == 0) m_day_begins = sequence;
    if (change) change(receipt);  // before it is signed
    receipt.seal = seal(receipt.plan, sequence, device);
    if (change) change(receipt);  // and after
    add(entry_kind::plan, to_json(receipt.plan));
    add(entry_kind::seal, to_json(receipt.seal));
    if (!receipt.plan.rksv) return;
    m_rksv.started = true;
    m_rksv.counter = receipt.plan.rksv->counter;
    m_rksv.last_time = receipt.plan.rksv->time;
    m_rksv.chaining =
        rksv::chaining_after(rksv::jws(receipt.seal.code_payload, receipt.seal.signature));
  }
  void record(ReceiptKind kind, int device = 0, const Change& change = {}) {
    ReceiptDraft draft;
    draft.kind = kind;
    record(draft, device, change);
  }
  void sell(int device = 0, const Change& change = {}) {
    ReceiptDraft draft;
    LineDraft& line = draft.lines.emplace_back();
    line.text = "Melange";
    line.amount = Money::from_cents(420);
    line.vat = "A";
    draft.payments.emplace_back().amount = Money::from_cents(420);
    ++m_sold;
    record(draft, device, change);
  }
  void outage_begins() {
    add(entry_kind::outage_begin, to_json(OutageBegan{.tse_serial = "card-1",
                                                      .number = ++m_outage,
                                                      .since = {},
                                                      .code = "E-SIG-104",
                                                      .text = {}}));
    m_of_outage = 0;
  }
  void outage_ends() {
    add(entry_kind::outage_end,
        to_json(OutageEnded{
            .tse_serial = "card-1", .number = m_outage, .until = {}, .receipts = m_of_outage}));
  }
  void close(std::uint64_t number) {
    Closing closing;
    closing.register_id = m_info.id;
    closing.number = number;
    closing.at = LocalStamp::parse("2026-11-20T23:00:00+01:00").value();
    closing.previous = m_last_closing;
    closing.receipts = m_number - m_closed_number;
    if (closing.receipts != 0) {
      closing.first_number = m_closed_number + 1;
      closing.last_number = m_number;
      closing.first_sequence = m_day_begins;
    }
    if (m_sold != 0) {
      const Money gross = Money::from_cents(420 * m_sold);
      const VatRate rate = VatRate::from_hundredths(2000);
      const NetAndTax split = split_gross(gross, rate);
      closing.turnover = gross;
      closing.cases = {{GvTyp::umsatz, "", 0, VatKey(1), rate, gross, split.net, split.tax}};
      closing.payments = {{PaymentKind::bar, "", gross}};
      closing.cash = {{Currency::eur(), gross}};
    }
    m_drawer += 420 * m_sold;
    if (m_drawer != 0) closing.drawer = {{Currency::eur(), Money::from_cents(m_drawer)}};
    add(entry_kind::closing, to_json(closing));
    m_last_closing = m_entries.size();
    m_closed_number = m_number;
    m_sold = 0;
    m_day_begins = 0;
  }
  /// The next decisions are made as if the register had this life behind it.
  country::RksvFacts& facts() { return m_rksv; }
  std::vector<std::pair<std::string, std::string>>& entries() { return m_entries; }

  [[nodiscard]] Rules found(const std::set<std::uint64_t>& removed = {}) const {
    Report report;
    Story story(report);
    std::uint64_t sequence = 0;
    for (const auto& [kind, payload] : m_entries) {
      EntryHeader header;
      header.sequence = ++sequence;
      header.kind = kind;
      header.register_id = kind == entry_kind::plan || kind == entry_kind::seal ? "KASSE-1" : "";
      if (removed.contains(sequence)) {
        story.take_removed(header);
      } else {
        story.take(header, payload);
      }
    }
    story.finish();
    Rules rules;
    for (const Finding& finding : report.findings()) rules.emplace(finding.rule);
    return rules;
  }

 private:
  static const crypto::PrivateKey& key(std::string_view id) {
    static const auto first = crypto::PrivateKey::generate(crypto::Curve::p256).value();
    static const auto second = crypto::PrivateKey::generate(crypto::Curve::p256).value();
    return id == "card-1" ? first : second;
  }
  void add(std::string_view kind, std::string payload) {
    m_entries.emplace_back(kind, std::move(payload));
  }
  Seal seal(const Plan& plan, std::uint64_t sequence, int device) {
    if (!plan.rksv) return m_law.seal(sequence, plan, country::Done{});
    if (device < 0) {
      ++m_of_outage;
      return m_law.seal(sequence, plan,
                        country::Outage{.number = m_outage,
                                        .receipt = ++m_unsigned,
                                        .since = {},
                                        .code = "E-SIG-104",
                                        .text = {},
                                        .signer = &m_signers[0]});
    }
    const SignerInfo& signer = m_signers[static_cast<std::size_t>(device)];
    const country::SignStep step = m_law.sign_step(plan, signer);
    return m_law.seal(
        sequence, plan,
        country::Signed{.signer = &signer,
                        .signature = key(signer.id).sign_ecdsa_digest(step.digest).value()});
  }

  country::at::Austria m_law;
  Profile m_profile;
  RegisterInfo m_info;
  std::vector<SignerInfo> m_signers;
  crypto::SecretBytes m_aes{32};
  country::RksvFacts m_rksv;
  std::vector<std::pair<std::string, std::string>> m_entries;
  std::uint64_t m_number = 0;
  std::uint64_t m_closed_number = 0;  ///< last receipt of the last closing
  std::uint64_t m_last_closing = 0;
  std::uint64_t m_day_begins = 0;  ///< entry of the first plan since then
  std::int64_t m_sold = 0;         ///< Melanges since then
  std::int64_t m_drawer = 0;
  std::uint64_t m_outage = 0;
  std::uint64_t m_of_outage = 0;
  std::uint64_t m_unsigned = 0;
  int m_minute = 600;
};

/// A register with its Startbeleg.
Register started() {
  Register out;
  out.record(ReceiptKind::start);
  return out;
}

TEST(RksvStory, AWholeLifeIsInOrder) {
  RecordProperty("proves", "AMA-009 AMA-010");
  Register reg = started();
  reg.sell();
  reg.sell(1);
  ReceiptDraft training;
  training.kind = ReceiptKind::training;
  LineDraft& line = training.lines.emplace_back();
  line.text = "x";
  line.amount = Money::from_cents(999);
  line.vat = "4.9";
  reg.record(training);
  ReceiptDraft memo;
  memo.kind = ReceiptKind::memo;
  memo.text = "Lade";
  reg.record(memo);
  reg.outage_begins();
  reg.sell(-1);
  reg.sell(-1);
  reg.outage_ends();
  reg.record(ReceiptKind::collective);
  reg.close(1);
  reg.record(ReceiptKind::month);
  reg.close(2);
  reg.record(ReceiptKind::final);
  EXPECT_EQ(reg.found(), Rules{});
}

TEST(RksvStory, TheSammelbelegMayComeSecond) {
  for (const int others : {0, 1, 2}) {
    Register reg = started();
    reg.outage_begins();
    reg.sell(-1);
    reg.outage_ends();
    for (int i = 0; i < others; ++i) reg.sell();
    reg.record(ReceiptKind::collective);
    EXPECT_EQ(reg.found(), others == 2 ? Rules{"JRN-0810"} : Rules{}) << others;
  }
  Register reg = started();
  reg.outage_begins();
  reg.sell(-1);
  reg.outage_ends();
  reg.sell();
  EXPECT_EQ(reg.found(), Rules{});  // the end of a journal leaves room for it
}

TEST(RksvStory, OneFaultIsOneRule) {
  const auto with = [](const Change& change) {
    Register reg = started();
    reg.sell();
    reg.sell(0, change);
    reg.sell();
    return reg.found();
  };
  EXPECT_EQ(with({}), Rules{});
  EXPECT_EQ(with([](Receipt& r) { r.plan.rksv->chaining = "AAAAAAAAAAA="; }), Rules{"JRN-0802"});
  EXPECT_EQ(with([](Receipt& r) { r.plan.rksv->counter = 5; }), Rules{"JRN-0803"});
  EXPECT_EQ(with([](Receipt& r) {
              r.plan.rksv->amounts = {Money(), Money::from_cents(420), Money(), Money(), Money()};
            }),
            Rules{"JRN-0804"});
  EXPECT_EQ(with([](Receipt& r) { r.plan.rksv->time = "2026-11-20T09:00:00"; }), Rules{"JRN-0808"});
  EXPECT_EQ(with([](Receipt& r) { r.plan.rksv->turnover = "VFJB"; }), Rules{"JRN-0812"});
  EXPECT_EQ(with([](Receipt& r) { r.plan.rksv->kind = RksvKind::zero; }), Rules{"JRN-0807"});
  const auto after_signing = [&](const std::function<void(Seal&)>& change) {
    return with([&](Receipt& r) {
      if (!r.seal.code_payload.empty()) change(r.seal);
    });
  };
  // The chain goes on from the changed code: the code itself and its signature are found.
  EXPECT_EQ(after_signing([](Seal& s) { s.code_payload.insert(20, "0"); }),
            (Rules{"JRN-0801", "JRN-0805"}));
  EXPECT_EQ(after_signing([](Seal& s) { s.signature[3] ^= std::byte{1}; }), Rules{"JRN-0805"});
  EXPECT_EQ(after_signing([](Seal& s) { s.signer = "card-9"; }), Rules{"JRN-0806"});
  EXPECT_EQ(after_signing([](Seal& s) { s.signer = "card-2"; }), (Rules{"JRN-0801", "JRN-0805"}));
}

TEST(RksvStory, TheLifeOfARegisterHasOneBeginAndOneEnd) {
  Register no_start;
  no_start.facts().started = true;
  no_start.sell();
  EXPECT_EQ(no_start.found(), Rules{"JRN-0807"});

  Register twice = started();
  twice.facts().started = false;
  twice.record(ReceiptKind::start);
  EXPECT_EQ(twice.found(), Rules{"JRN-0807"});

  Register over = started();
  over.record(ReceiptKind::final);
  over.sell();
  EXPECT_EQ(over.found(), Rules{"JRN-0807"});
}

TEST(RksvStory, SomeReceiptsCountOnlyWhenSigned) {
  for (const ReceiptKind kind : {ReceiptKind::year, ReceiptKind::collective}) {
    Register reg = started();
    reg.outage_begins();
    reg.record(kind, -1);
    reg.outage_ends();
    EXPECT_EQ(reg.found(), Rules{"JRN-0809"});
  }
  Register reg = started();
  reg.outage_begins();
  reg.record(ReceiptKind::month, -1);
  reg.outage_ends();
  EXPECT_EQ(reg.found(), Rules{});
}

TEST(RksvStory, ASaleCannotDoWithoutTheCode) {
  RecordProperty("proves", "AMA-015");
  Register reg = started();
  reg.sell(0, [](Receipt& r) {
    r.plan.rksv.reset();
    r.plan.kind = ReceiptKind::receipt;
  });
  EXPECT_EQ(reg.found(), Rules{"JRN-0811"});
}

TEST(RksvStory, ClosingsAreCounted) {
  Register reg = started();
  reg.close(1);
  reg.close(3);
  EXPECT_EQ(reg.found(), Rules{"JRN-0813"});
}

TEST(RksvStory, AfterRemovedReceiptsTheNextIsBelieved) {
  Register reg = started();  // entries 5 and 6
  reg.sell();
  reg.sell();
  EXPECT_EQ(reg.found({5, 6, 7, 8}), Rules{"JRN-0107"});
}

}  // namespace
}  // namespace siegel::verify::journal
