#include "card_shop.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "crypto/signer_certificate.h"
#include "device/softkey/softkey.h"
#include "journal/sqlite/sqlite.h"
#include "model/codec.h"

namespace siegel::simulation::rksv {
namespace {

using sqlite::testing::Tear;
using std::chrono::milliseconds;

/// A card's key and master data, made once for all shops.
struct Card {
  std::unique_ptr<device::SoftKey> key;
  SignerInfo info;
};

Result<Card> make_card(std::size_t index) {
  SeededRandom random(index + 1);
  Card card;
  SIEGEL_TRY(const Instant from, Instant::parse("2020-01-01T00:00:00Z"));
  SIEGEL_TRY(const Instant until, Instant::parse("2040-01-01T00:00:00Z"));
  SIEGEL_TRY(card.key,
             device::SoftKey::make_test_signer(
                 {.holder = "UID ATU12345678", .not_before = from, .not_after = until}, random));
  card.info.id = fmt::format("card-{}", index + 1);
  card.info.kind = "smartcard";
  SIEGEL_TRY(card.info.certificates, card.key->certificates());
  SIEGEL_TRY(card.info.serial, crypto::signer_serial_of(card.info.certificates[0]));
  card.info.provider = index % 2 == 0 ? "AT1" : "AT3";
  SIEGEL_TRY(const auto identity, card.key->identity());
  card.info.public_key = identity.public_key;
  return card;
}

const std::vector<Card>& all_cards() {
  static const std::vector<Card> cards = [] {
    std::vector<Card> made;
    for (std::size_t i = 0; i < cards_max; ++i) {
      auto card = make_card(i);
      SIEGEL_CHECK(card.ok());
      made.push_back(std::move(card).value());
    }
    return made;
  }();
  return cards;
}

/// A reader with a card in it; what is wrong with it is the shop's to say.
class SimCard final : public device::Signer {
 public:
  SimCard(device::SoftKey& key, const CardState& state, Random& random,
          runtime::sim::SimClock& clock)
      : m_key(key), m_state(state), m_random(random), m_clock(clock) {}

  Result<device::SignerIdentity> identity() override {
    if (m_state.fault == CardFault::gone) return gone();
    return m_key.identity();
  }
  Result<std::vector<Bytes>> certificates() override { return m_key.certificates(); }
  Result<Bytes> sign_digest(BytesView digest) override {
    const bool struck = m_random.below(1000) < m_state.chance_per_mille;
    SIEGEL_TRY(Bytes signature, m_key.sign_digest(digest));
    switch (struck ? m_state.fault : CardFault::none) {
      case CardFault::none:
        break;
      case CardFault::gone:
        return gone();
      case CardFault::slow:
        m_clock.take(milliseconds(1000 + m_random.below(40'000)));
        break;
      case CardFault::garbled:
        signature.back() ^= std::byte{1};
        break;
      case CardFault::empty:
        return Bytes();
      case CardFault::refuses:
        return unavailable("E-SIG-201", "the PIN is wanted");
    }
    return signature;
  }

 private:
  static Error gone() { return unavailable("E-SIG-101", "no card in the reader"); }

  device::SoftKey& m_key;
  const CardState& m_state;
  Random& m_random;
  runtime::sim::SimClock& m_clock;
};

Business cafe() {
  Business business;
  business.name = "Café Lindner e.U.";
  business.street = "Hauptplatz 3";
  business.postcode = "8010";
  business.city = "Graz";
  business.country = "AT";
  business.vat_id = "ATU12345678";
  business.time_zone = "Europe/Vienna";
  return business;
}

}  // namespace

RegisterId register_name(std::size_t index) {
  return *RegisterId::parse(fmt::format("KASSE-{:02}", index + 1));
}

const SignerInfo& card_info(std::size_t index) { return all_cards()[index].info; }

CardShop::CardShop(CardShopOptions options)
    : m_options(std::move(options)),
      m_random(m_options.seed),
      m_card_random(m_options.seed ^ 0x4341'5244U),
      m_disk_random(m_options.seed ^ 0x4449'534bU),
      m_clock(LocalStamp::parse(m_options.opening).value().instant()) {
  runtime::sim::Parts parts;
  parts.country = &m_austria;
  parts.clock = &m_clock;
  parts.random = &m_random;
  parts.open_journal = [this]() -> Result<std::unique_ptr<journal::Journal>> {
    journal::sqlite::Options journal;
    journal.path = journal_path;
    journal.vfs = m_disk.name();
    journal.create = true;
    journal.checkpoint_pages = m_options.checkpoint_pages;
    journal.checkpoint_thread = false;
    journal.busy_timeout_ms = 0;
    SIEGEL_TRY(auto opened, journal::sqlite::open(journal));
    return std::unique_ptr<journal::Journal>(std::move(opened));
  };
  for (std::size_t i = 0; i < cards_max; ++i)
    parts.open_signer[card_info(i).id] = [this, i] { return open_card(i); };
  std::vector<std::size_t> list;
  for (std::size_t i = 0; i < m_options.cards; ++i) list.push_back(i);
  for (std::size_t i = 0; i < m_options.registers; ++i) {
    m_lists.push_back(list);
    m_keys.push_back(crypto::SecretBytes::random(32, m_card_random));
    parts.keys.emplace(register_name(i).text(), m_keys.back().clone());
  }
  parts.power_off = [this] {
    m_reader.reset();
    m_disk.cut_now();
  };
  parts.power_on = [this] {
    const Tear tears[] = {Tear::nothing, Tear::ordered, Tear::per_file, Tear::sectors};
    m_disk.crash(m_disk_random, tears[m_disk_random.below(4)]);
    m_index = {};
  };
  parts.is_off = [this] { return m_disk.is_cut(); };
  parts.follow = [this](journal::Journal& journal) { return follow(journal); };
  m_world = std::make_unique<runtime::sim::World>(std::move(parts), m_options.world);
}

CardShop::~CardShop() = default;

const crypto::SecretBytes& CardShop::key(std::size_t register_index) const {
  return m_keys[register_index];
}

std::uint64_t CardShop::follow(journal::Journal& journal) {
  if (!m_reader) {
    auto reader = journal.reader();
    if (!reader) return m_index.position;
    m_reader = std::move(reader).value();
  }
  const auto more = m_reader->read(journal::Sequence(m_index.position + 1), 1 + m_random.below(40));
  if (!more) {
    m_reader.reset();
    return m_index.position;
  }
  for (const journal::Entry& entry : *more) {
    m_index.position = entry.sequence.get();
    if (entry.key)
      m_index.keys[recorder::scoped(entry.register_id, entry.key->text)] = {m_index.position,
                                                                            entry.key->fingerprint};
    if (entry.kind != entry_kind::plan) continue;
    auto plan = plan_from_json(entry.payload);
    SIEGEL_CHECK(plan.ok());
    if (!plan->reverses.empty()) m_index.reversed[plan->reverses] = true;
    m_index.plans[plan->receipt_number] = std::move(plan).value();
  }
  return m_index.position;
}

Result<std::unique_ptr<device::CheckedSigner>> CardShop::open_card(std::size_t index) {
  SIEGEL_TRY(auto key, crypto::PublicKey::from_point(card_info(index).public_key));
  return std::make_unique<device::CheckedSigner>(
      std::make_unique<SimCard>(*all_cards()[index].key, m_cards[index], m_card_random, m_clock),
      std::move(key));
}

RegisterInfo CardShop::register_info(std::size_t index) const {
  RegisterInfo info{.id = register_name(index),
                    .name = fmt::format("Kasse {}", index + 1),
                    .tse_serial = {},
                    .signers = {},
                    .aes_check = "abcd"};
  for (const std::size_t card : m_lists[index]) info.signers.push_back(card_info(card).id);
  return info;
}

Status CardShop::open() {
  SIEGEL_TRY_OK(m_world->power_up());
  const auto enter = [&](auto value) -> Status {
    SIEGEL_TRY_OK(run("office", recorder::Master{std::move(value), false}));
    return Ok{};
  };
  SIEGEL_TRY_OK(enter(cafe()));
  Profile profile;
  profile.automatic_dues = m_options.automatic_dues;
  SIEGEL_TRY_OK(enter(profile));
  for (std::size_t i = 0; i < m_options.cards; ++i) SIEGEL_TRY_OK(enter(card_info(i)));
  for (std::size_t i = 0; i < m_options.registers; ++i) {
    SIEGEL_TRY_OK(enter(register_info(i)));
    if (!m_options.started) continue;
    SIEGEL_TRY_OK(start(register_name(i)));
  }
  return Ok{};
}

Status CardShop::start(const RegisterId& register_id) {
  Result<recorder::Accepted> done = unavailable("E-TST-001", "not asked");
  // It counts only when signed: a card that hangs just then is waited for.
  for (int i = 0; i < 20 && !done; ++i) {
    recorder::Sell start;
    start.register_id = register_id;
    start.key = "start";
    start.draft.kind = ReceiptKind::start;
    start.lookup = look_up(start.register_id, start.key);
    done = run("office", std::move(start));
    if (!done && done.error().code == "E-RKS-301") m_world->settle();
  }
  SIEGEL_TRY_OK(done);
  return Ok{};
}

void CardShop::quiet() {
  m_cards = {};
  m_disk.clear_faults();
  m_disk.cut_at_change(0);
  m_disk.cut_at_sync(0);
}

void CardShop::wait_until(Instant wall) {
  const auto wait = wall - m_clock.now().wall;
  if (wait > milliseconds(0)) m_clock.advance(wait);
}

Result<recorder::Accepted> CardShop::run(const std::string& source,
                                         runtime::sim::World::Body body) {
  std::optional<Result<recorder::Accepted>> answer;
  m_world->submit(source, "chef", std::move(body),
                  [&](Result<recorder::Accepted> result) { answer = std::move(result); });
  const std::uint64_t cuts = m_world->counts().cuts;
  while (!answer && m_world->counts().cuts == cuts) {
    if (m_cut_at_step > 0 && --m_cut_at_step == 0) {
      m_world->cut_power();
      SIEGEL_TRY_OK(m_world->power_up());
      break;
    }
    if (!m_world->step()) break;
  }
  if (!answer) return unavailable("E-TST-001", "no answer: the power was cut");
  return std::move(*answer);
}

recorder::Lookup CardShop::look_up(const RegisterId& register_id, const std::string& key,
                                   const std::string& reverses) const {
  recorder::Lookup found;
  found.position = m_index.position;
  if (const auto known = m_index.keys.find(recorder::scoped(register_id.text(), key));
      known != m_index.keys.end())
    found.key = known->second;
  if (const auto original = m_index.plans.find(reverses); original != m_index.plans.end())
    found.original = original->second;
  found.original_reversed = m_index.reversed.contains(reverses);
  return found;
}

void CardShop::replace_card(std::size_t register_index, std::size_t place, std::size_t card) {
  auto& list = m_lists[register_index];
  if (place >= list.size() || std::find(list.begin(), list.end(), card) != list.end()) return;
  list[place] = card;
  const auto ignore = [](const Result<recorder::Accepted>&) {};
  // One source: they arrive in this order. A card in operation already is refused, and stays.
  m_world->submit("office", "chef", recorder::Master{card_info(card), false}, ignore);
  m_world->submit("office", "chef", recorder::Master{register_info(register_index), true}, ignore);
}

Result<std::vector<journal::Entry>> CardShop::entries() {
  SIEGEL_TRY(const auto reader, m_world->journal().reader());
  std::vector<journal::Entry> all;
  while (true) {
    SIEGEL_TRY(auto more, reader->read(journal::Sequence(all.size() + 1), 1000));
    if (more.empty()) return all;
    for (journal::Entry& entry : more) all.push_back(std::move(entry));
  }
}

}  // namespace siegel::simulation::rksv
