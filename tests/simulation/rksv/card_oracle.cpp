#include "card_oracle.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>

#include "base/file.h"
#include "model/codec.h"
#include "model/entries.h"
#include "model/rksv.h"
#include "verify/journal/journal.h"
#include "verify/rksv/rksv.h"

namespace siegel::simulation::rksv {
namespace {

using Problems = std::vector<std::string>;

/// A receipt as the journal holds it.
struct Stored {
  std::uint64_t sequence = 0;
  Plan plan;
  std::string payload;
  std::optional<Seal> seal;
  std::string seal_payload;
  [[nodiscard]] bool is_signed() const {
    return seal && seal->outcome == Seal::Outcome::signed_rksv;
  }
};

struct StoredClosing {
  Closing closing;
  std::string payload;
  std::size_t receipts_before = 0;   ///< rksv receipts of the register before it
  std::uint64_t numbers_before = 0;  ///< receipts of every kind before it
};

struct Register {
  std::vector<Stored> receipts;  ///< those RKSV knows, in order
  std::vector<Stored> others;
  std::vector<StoredClosing> closings;
};

struct Books {
  std::map<std::string, Register> registers;
  std::map<std::string, std::uint64_t> keys;
  std::map<std::uint64_t, Stored> plans;
  std::map<std::uint64_t, std::string> closings;
};

struct Outages {
  std::uint64_t last = 0;
  std::uint64_t last_receipt = 0;
  bool open = false;
};

class Reader {
 public:
  Books read(const std::vector<journal::Entry>& entries, Problems& out) {
    for (std::size_t i = 0; i < entries.size(); ++i) {
      const journal::Entry& entry = entries[i];
      m_at = entry.sequence.get();
      if (entry.key && !m_books.keys.emplace(scoped_key(entry), m_at).second)
        say(out, fmt::format("key {} is used twice", entry.key->text));
      if (entry.kind == entry_kind::plan)
        read_plan(entry, i + 1 < entries.size() ? &entries[i + 1] : nullptr, out);
      else if (entry.kind == entry_kind::seal)
        read_seal(entry, out);
      else if (entry.kind == entry_kind::closing)
        read_closing(entry, out);
      else if (entry.kind == entry_kind::outage_begin || entry.kind == entry_kind::outage_end)
        read_outage(entry, out);
    }
    for (auto& [at, stored] : m_books.plans) {
      auto& reg = m_books.registers[stored.plan.register_id.text()];
      (stored.plan.rksv ? reg.receipts : reg.others).push_back(stored);
    }
    return std::move(m_books);
  }

 private:
  static std::string scoped_key(const journal::Entry& entry) {
    return recorder::scoped(entry.register_id, entry.key->text);
  }
  void say(Problems& out, const std::string& what) const {
    out.push_back(fmt::format("entry {}: {}", m_at, what));
  }
  void read_plan(const journal::Entry& entry, const journal::Entry* next, Problems& out) {
    auto plan = plan_from_json(entry.payload);
    if (!plan) return say(out, plan.error().detail);
    if (plan->number != ++m_numbers[entry.register_id])
      say(out, fmt::format("number {} instead of {}", plan->number, m_numbers[entry.register_id]));
    // Plan and seal are one commit: whoever sees the one sees the other.
    if (next == nullptr || next->kind != entry_kind::seal)
      say(out, "the seal does not stand beside its plan");
    if (plan->rksv) ++m_receipts[entry.register_id];
    m_books.plans[m_at] = {m_at, std::move(plan).value(), entry.payload, {}, {}};
  }
  void read_seal(const journal::Entry& entry, Problems& out) {
    const auto seal = seal_from_json(entry.payload);
    const auto found = seal ? m_books.plans.find(seal->plan_sequence) : m_books.plans.end();
    if (found == m_books.plans.end()) return say(out, "a seal without its plan");
    Stored& stored = found->second;
    if (stored.seal) say(out, "a second seal");
    stored.seal = *seal;
    stored.seal_payload = entry.payload;
    const bool not_required = seal->outcome == Seal::Outcome::not_required;
    if (not_required == stored.plan.rksv.has_value())
      say(out, "a device has no say in it, or was not asked");
    if (seal->outcome != Seal::Outcome::unsigned_outage) return;
    if (must_be_signed(stored.plan.rksv->kind)) say(out, "it counts only when it is signed");
    Outages& outages = m_outages[seal->signer];
    if (!outages.open || seal->outage_number != outages.last)
      say(out, "unsigned, but no outage is open");
    if (seal->outage_receipt != ++outages.last_receipt)
      say(out, fmt::format("outage receipt {} instead of {}", seal->outage_receipt,
                           outages.last_receipt));
  }
  void read_closing(const journal::Entry& entry, Problems& out) {
    const auto closing = closing_from_json(entry.payload);
    if (!closing) return say(out, closing.error().detail);
    m_books.closings[m_at] = entry.payload;
    m_books.registers[entry.register_id].closings.push_back(
        {*closing, entry.payload, m_receipts[entry.register_id], m_numbers[entry.register_id]});
  }
  void read_outage(const journal::Entry& entry, Problems& out) {
    if (entry.kind == entry_kind::outage_begin) {
      const auto began = outage_began_from_json(entry.payload);
      if (!began) return say(out, began.error().detail);
      Outages& outages = m_outages[began->tse_serial];
      if (outages.open || began->number != outages.last + 1) say(out, "an outage out of order");
      outages.last = began->number;
      outages.open = true;
    } else {
      const auto ended = outage_ended_from_json(entry.payload);
      if (!ended) return say(out, ended.error().detail);
      Outages& outages = m_outages[ended->tse_serial];
      if (!outages.open || ended->number != outages.last) say(out, "the end of no outage");
      outages.open = false;
    }
  }

  Books m_books;
  std::uint64_t m_at = 0;
  std::map<std::string, std::uint64_t> m_numbers;
  std::map<std::string, std::size_t> m_receipts;
  std::map<std::string, Outages> m_outages;
};

bool is_business(RksvKind kind) {
  return kind == RksvKind::standard || kind == RksvKind::reversal || kind == RksvKind::training ||
         kind == RksvKind::zero;
}

/// Every run of unsigned receipts is followed at once by its Sammelbeleg, and nothing else is one.
void check_collectives(const std::string& id, const std::vector<Stored>& receipts, bool may_be_open,
                       Problems& out) {
  bool open = false;
  for (const Stored& stored : receipts) {
    const bool collective = stored.plan.rksv->kind == RksvKind::collective;
    if (open && stored.is_signed() && !collective)
      out.push_back(fmt::format("{} {}: signed, and the Sammelbeleg is missing before it", id,
                                stored.plan.receipt_number));
    if (!open && collective)
      out.push_back(fmt::format("{} {}: a Sammelbeleg of nothing", id, stored.plan.receipt_number));
    if (!stored.is_signed()) open = true;
    if (collective) open = false;
  }
  if (open && !may_be_open) out.push_back(fmt::format("{}: the last Sammelbeleg is missing", id));
}

/// Our own sum, and Belegnummern.
void check_counter(const std::string& id, const Register& reg, const recorder::RksvState& state,
                   Problems& out) {
  std::int64_t counter = 0;
  std::set<std::string> numbers;
  std::string last_time;
  for (const Stored& stored : reg.receipts) {
    const RksvPlan& decided = *stored.plan.rksv;
    if (decided.kind != RksvKind::training)
      for (const Money amount : decided.amounts) counter += amount.cents();
    if (decided.counter != counter)
      out.push_back(fmt::format("{} {}: counter {} instead of {}", id, stored.plan.receipt_number,
                                decided.counter, counter));
    if (!numbers.insert(stored.plan.receipt_number).second)
      out.push_back(fmt::format("{} {}: a second time", id, stored.plan.receipt_number));
    if (decided.time < last_time)
      out.push_back(fmt::format("{} {}: time goes back", id, stored.plan.receipt_number));
    last_time = decided.time;
  }
  if (state.counter != counter) out.push_back(fmt::format("{}: the state's counter is wrong", id));
}

/// Between the last business of a month and the first of a later one stands its Monatsbeleg; of a
/// December its Jahresbeleg, unless no device could sign it before.
void check_dues(const std::string& id, const std::vector<Stored>& receipts, Problems& out) {
  std::string open;      // month with business since its Monatsbeleg
  std::string december;  // one whose Jahresbeleg is still missing
  for (const Stored& stored : receipts) {
    const RksvKind kind = stored.plan.rksv->kind;
    const std::string month = stored.plan.rksv->time.substr(0, 7);
    if (kind == RksvKind::month && !open.ends_with("-12")) open.clear();
    if (kind == RksvKind::year) {
      if (!december.empty())
        december.clear();
      else
        open.clear();
    }
    if (!is_business(kind)) continue;
    if (!open.empty() && open < month) {
      if (open.ends_with("-12"))
        december = open;
      else
        out.push_back(fmt::format("{} {}: the Monatsbeleg of {} is missing before it", id,
                                  stored.plan.receipt_number, open));
      open.clear();
    }
    if (!december.empty() && stored.is_signed())
      out.push_back(fmt::format("{} {}: signed, but the Jahresbeleg of {} was not made before it",
                                id, stored.plan.receipt_number, december));
    open = month;
  }
}

void check_closings(const std::string& id, const Register& reg, Problems& out) {
  std::size_t from = 0;
  std::uint64_t numbers = 0;
  std::uint64_t number = 0;
  for (const StoredClosing& stored : reg.closings) {
    const Closing& closing = stored.closing;
    Money turnover;
    for (std::size_t i = from; i < stored.receipts_before; ++i) {
      const RksvPlan& decided = *reg.receipts[i].plan.rksv;
      if (decided.kind == RksvKind::training) continue;
      for (const Money amount : decided.amounts) turnover += amount;
    }
    if (closing.number != ++number || closing.receipts != stored.numbers_before - numbers ||
        closing.turnover != turnover)
      out.push_back(fmt::format("{}: closing {} says {} receipts, {} cents; there were {}, {}", id,
                                closing.number, closing.receipts, closing.turnover.cents(),
                                stored.numbers_before - numbers, turnover.cents()));
    from = stored.receipts_before;
    numbers = stored.numbers_before;
  }
}

std::string container_text(const crypto::SecretBytes& key) {
  std::string out =
      fmt::format(R"({{"base64AESKey":"{}","certificateOrPublicKeyMap":{{)", base64(key.reveal()));
  for (std::size_t i = 0; i < cards_max; ++i) {
    const SignerInfo& info = card_info(i);
    out +=
        fmt::format(R"({}"{}":{{"id":"{}","signatureDeviceType":"CERTIFICATE",)"
                    R"("signatureCertificateOrPublicKey":"{}"}})",
                    i == 0 ? "" : ",", info.serial, info.serial, base64(info.certificates.at(0)));
  }
  return out + "}}";
}

/// What `siegel verify` and the official tool say of the export. The latter always reports a null
/// receipt that is not signed, which is lawful for a Monatsbeleg.
void check_export(const std::string& id, const std::vector<Stored>& receipts,
                  const crypto::SecretBytes& key, Instant now, Problems& out) {
  using verify::rksv::Check;
  std::string dep = R"({"Belege-Gruppe":[{"Signaturzertifikat":"","Zertifizierungsstellen":[],)"
                    R"("Belege-kompakt":[)";
  for (std::size_t i = 0; i < receipts.size(); ++i) {
    const Seal& seal = *receipts[i].seal;
    dep += fmt::format("{}\"{}\"", i == 0 ? "" : ",",
                       ::siegel::rksv::jws(seal.code_payload, seal.signature));
  }
  dep += "]}]}";
  const std::string container = container_text(key);
  verify::rksv::Options options;
  options.now = now + std::chrono::hours(24);
  options.threads = 1;
  const auto outcome =
      verify::rksv::verify_dep({.bytes = bytes_of(dep)}, {.bytes = bytes_of(container)}, options);
  if (!outcome) {
    out.push_back(fmt::format("{}: {} {}", id, outcome.error().code, outcome.error().detail));
    return;
  }
  for (const verify::Finding& finding : outcome->report.findings())
    if (finding.severity == verify::Severity::violation)
      out.push_back(fmt::format("{}: {} {}: {} instead of {}", id, finding.rule, finding.place,
                                finding.found, finding.expected));
  const auto& official = outcome->official;
  if (official.count() != receipts.size() || official.kept() != receipts.size()) {
    out.push_back(fmt::format("{}: the verifier saw {} of {} receipts", id, official.kept(),
                              receipts.size()));
    return;
  }
  verify::rksv::Failing<Check> unsigned_null;
  unsigned_null.add(Check::state_sigdevice);
  for (std::size_t i = 0; i < receipts.size(); ++i) {
    const auto verdict = official.receipt(i);
    const RksvKind kind = receipts[i].plan.rksv->kind;
    const bool lawful_null =
        !receipts[i].is_signed() && !must_be_signed(kind) && verdict.cashbox == unsigned_null;
    if ((!verdict.cashbox.empty() && !lawful_null) || !verdict.dep.empty())
      out.push_back(
          fmt::format("{} {}: the official tool fails it", id, receipts[i].plan.receipt_number));
  }
}

/// The live state as a fold with the same index position would be.
std::string aligned(recorder::State fold, const std::string& live) {
  const auto number = [&](const std::string& name) -> std::uint64_t {
    const auto at = live.find("\"" + name + "\":");
    return at == std::string::npos ? 0 : std::stoull(live.substr(at + name.size() + 3));
  };
  fold.indexed(number("forgotten_up_to"));
  fold.indexed(number("indexed"));
  return fold.snapshot();
}

}  // namespace

std::string lines_of(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += "  " + text + "\n";
  return all;
}

void CardOracle::acknowledged(const RegisterId& register_id, const std::string& key,
                              const recorder::Accepted& accepted) {
  Known& known = m_known[recorder::scoped(register_id.text(), key)];
  known.sequence = accepted.sequence;
  if (accepted.closing) {
    known.closing = to_json(*accepted.closing);
    return;
  }
  if (accepted.plan) known.plan = to_json(*accepted.plan);
  if (accepted.seal) known.seal = to_json(*accepted.seal);
}

std::vector<std::string> CardOracle::check_journal(CardShop& shop) {
  Problems out = shop.world().violations();
  const auto entries = shop.entries();
  if (!entries) {
    out.push_back(entries.error().detail);
    return out;
  }
  const Books books = Reader().read(*entries, out);
  for (const auto& [key, known] : m_known) {
    const auto found = books.keys.find(key);
    if (found == books.keys.end() || found->second != known.sequence) {
      out.push_back(fmt::format("acknowledged, but not in the journal: {}", key));
      continue;
    }
    const auto plan = books.plans.find(known.sequence);
    const auto closing = books.closings.find(known.sequence);
    const bool as_told = plan != books.plans.end()
                             ? plan->second.seal &&
                                   (known.plan.empty() || known.plan == plan->second.payload) &&
                                   (known.seal.empty() || known.seal == plan->second.seal_payload)
                             : closing != books.closings.end() &&
                                   (known.closing.empty() || known.closing == closing->second);
    if (!as_told) out.push_back(fmt::format("acknowledged otherwise than stored: {}", key));
  }
  return out;
}

std::vector<std::string> CardOracle::check_at_rest(CardShop& shop) {
  Problems out = check_journal(shop);
  const auto entries = shop.entries();
  const auto fold = shop.world().fold();
  if (!entries || !fold || shop.world().recorder() == nullptr) {
    out.push_back("not at rest: journal or state cannot be read");
    return out;
  }
  Problems ignored;
  Books books = Reader().read(*entries, ignored);
  for (std::size_t i = 0; i < shop.registers(); ++i) {
    const std::string id = register_name(i).text();
    const auto state = fold->registers.find(id);
    if (state == fold->registers.end() || !state->second.rksv) continue;
    const Register& reg = books.registers[id];
    check_collectives(id, reg.receipts, state->second.rksv->ended, out);
    check_counter(id, reg, *state->second.rksv, out);
    check_closings(id, reg, out);
    if (shop.automatic_dues()) check_dues(id, reg.receipts, out);
    if (!reg.receipts.empty())
      check_export(id, reg.receipts, shop.key(i), shop.clock().now().wall, out);
  }
  const std::string live = shop.world().recorder()->state().snapshot();
  if (aligned(*fold, live) != live) out.push_back("the live state is not the fold of the journal");
  const auto again = recorder::State::from_snapshot(live);
  if (!again || again->snapshot() != live) out.push_back("a snapshot does not read back");
  return out;
}

std::vector<std::string> CardOracle::verify_files(CardShop& shop) {
  std::string name = (std::filesystem::temp_directory_path() / "siegel-sim-XXXXXX").string();
  SIEGEL_CHECK(mkdtemp(name.data()) != nullptr);
  const std::filesystem::path folder = name;
  Problems out;
  for (const std::string& file : shop.disk().names()) {
    if (file.ends_with("-shm")) continue;
    const auto written = write_file(folder / file.substr(1), shop.disk().content(file));
    if (!written) out.push_back(written.error().detail);
  }
  const auto report = verify::journal::verify_journal(folder / "journal.db",
                                                      {.witness = {}, .logs = {}, .progress = {}});
  if (!report) {
    out.push_back(fmt::format("verify journal: {} {}", report.error().code, report.error().detail));
  } else {
    for (const verify::Finding& finding : report->findings())
      if (finding.severity == verify::Severity::violation)
        out.push_back(fmt::format("verify journal: {} {}: {} instead of {}", finding.rule,
                                  finding.place, finding.found, finding.expected));
  }
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
  return out;
}

}  // namespace siegel::simulation::rksv
