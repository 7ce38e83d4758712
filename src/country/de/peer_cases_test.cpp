// Payload cases of an open peer, found through SIEGEL_VECTORS: its requests are mapped and rounded
// here as the peer does (half away from zero, sums and not items), then given to the builder alone.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "country/de/process_data.h"
#include "format/json.h"

namespace siegel::country::de {
namespace {

__extension__ using Int128 = __int128;

/// An exact decimal: value x 10^-12.
constexpr int exact_scale = 12;
using Exact = Int128;

Exact exact(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  Exact value = 0;
  int decimals = -1;
  for (const char c : text) {
    if (c == '.') {
      decimals = 0;
      continue;
    }
    EXPECT_TRUE(c >= '0' && c <= '9') << text;
    value = value * 10 + (c - '0');
    if (decimals >= 0) ++decimals;
  }
  for (int i = decimals < 0 ? 0 : decimals; i < exact_scale; ++i) value *= 10;
  return negative ? -value : value;
}

std::int64_t rounded(Exact value, int decimals) {
  Exact unit = 1;
  for (int i = decimals; i < exact_scale; ++i) unit *= 10;
  const Exact size = value < 0 ? -value : value;
  const Exact nearest = (size + unit / 2) / unit;
  return static_cast<std::int64_t>(value < 0 ? -nearest : nearest);
}

Money cents(Exact value) { return Money::from_cents(rounded(value, 2)); }

class Item {
 public:
  explicit Item(const json::Value& value) : m_object(*value.object()) {}

  [[nodiscard]] Exact number(std::string_view key, std::string_view otherwise) const {
    const json::Value* value = m_object.find(key);
    if (value == nullptr) return exact(otherwise);
    if (value->integer() != nullptr) return exact(std::to_string(*value->integer()));
    return exact(value->decimal()->text);
  }
  [[nodiscard]] std::int64_t code(std::string_view key) const {
    const json::Value* value = m_object.find(key);
    return value == nullptr || value->integer() == nullptr ? 0 : *value->integer();
  }
  [[nodiscard]] std::string text(std::string_view key) const {
    const json::Value* value = m_object.find(key);
    return value == nullptr || value->string() == nullptr ? "" : *value->string();
  }
  [[nodiscard]] bool has(std::string_view key) const { return m_object.find(key) != nullptr; }
  [[nodiscard]] std::vector<Item> list(std::string_view key) const {
    std::vector<Item> items;
    const json::Value* value = m_object.find(key);
    if (value == nullptr || value->array() == nullptr) return items;
    for (const json::Value& item : *value->array()) items.emplace_back(item);
    return items;
  }
  /// The amount, turned by a negative quantity unless the position is cancelled by flag.
  [[nodiscard]] Exact amount(std::string_view case_key) const {
    const Exact value = number("Amount", "0");
    const bool cancelled = (code(case_key) & 0x200000) != 0;
    return number("Quantity", "1") < 0 && value >= 0 && !cancelled ? -value : value;
  }

 private:
  const json::Object& m_object;
};

/// Index of the sum an item belongs to.
std::size_t slot_of(const Item& item) {
  const auto number = static_cast<unsigned>(item.code("ftChargeItemCase") & 0xffff);
  if (number == 0) {
    static const std::map<Exact, std::size_t> by_rate = {
        {exact("19"), 0}, {exact("7"), 1}, {exact("10.7"), 2}, {exact("5.5"), 3}};
    const auto found = by_rate.find(item.number("VATRate", "0"));
    return found == by_rate.end() ? 4 : found->second;
  }
  for (const unsigned first : {0x01U, 0x11U, 0x19U, 0x21U, 0x29U, 0x31U, 0x39U, 0x41U, 0x51U, 0x61U,
                               0x69U, 0x71U, 0x79U, 0x81U, 0x89U}) {
    if (number >= first && number < first + 4) return number - first;
  }
  return 4;
}

struct Foreign {
  std::string currency;
  Exact amount = 0;
};

/// Currency and amount, from a text or from an object of the pay item.
std::optional<Foreign> foreign_of(const Item& item, json::Value& keep) {
  const std::string text = item.text("ftPayItemCaseData");
  if (text.empty()) return {};
  auto parsed = json::parse(text);
  if (!parsed.ok() || parsed->object() == nullptr) return {};
  keep = std::move(parsed).value();
  const Item data(keep);
  if (!data.has("CurrencyCode") || !data.has("ForeignCurrencyAmount")) return {};
  return Foreign{.currency = data.text("CurrencyCode"),
                 .amount = data.number("ForeignCurrencyAmount", "0")};
}

struct Signed {
  std::string type;
  std::string data;
};

constexpr unsigned order_case = 0x10;

std::string order_of(const Item& request, std::vector<std::string>& keep) {
  std::vector<OrderLine> lines;
  const auto items = request.list("cbChargeItems");
  keep.reserve(items.size());
  for (const Item& item : items) {
    Exact quantity = item.number("Quantity", "0");
    Exact amount = item.number("Amount", "0");
    if (amount < 0 && quantity > 0) quantity = -quantity;
    amount = amount < 0 ? -amount : amount;
    const Exact size = quantity < 0 ? -quantity : quantity;
    // Amounts of the cases are small enough for this product.
    const Exact price = size == 0 ? Exact{0} : amount * 1'000'000'000'000 / size;
    keep.push_back(item.text("Description"));
    lines.push_back({.quantity = Quantity::from_raw(rounded(quantity, 3)),
                     .text = keep.back(),
                     .unit_price = cents(price)});
  }
  return bestellung(lines);
}

std::string receipt_of(const Item& request, std::string_view word) {
  std::array<Exact, 5> sums{};
  for (const Item& item : request.list("cbChargeItems")) {
    sums[slot_of(item)] += item.amount("ftChargeItemCase");
  }
  std::map<std::pair<bool, std::string>, Exact> paid;
  for (const Item& item : request.list("cbPayItems")) {
    const auto number = static_cast<unsigned>(item.code("ftPayItemCase") & 0xffff);
    const Exact amount = item.amount("ftPayItemCase");
    if (number == 0x0A || number >= 0x0D) {
      sums[4] -= amount;
      continue;
    }
    const bool cash = number <= 2 || number == 0x0B || number == 0x0C;
    json::Value keep;
    const auto foreign = foreign_of(item, keep);
    const bool in_foreign =
        foreign && foreign->currency != "EUR" && (number == 2 || number == 0x0C || number >= 3);
    const bool turned = item.number("Quantity", "1") < 0;
    if (in_foreign && !(number == 0x0B)) {
      const Exact value = turned && foreign->amount >= 0 ? -foreign->amount : foreign->amount;
      paid[{cash, foreign->currency}] += value;
    } else {
      paid[{cash, "EUR"}] += amount;
    }
  }
  std::array<Money, 5> gross{};
  for (std::size_t i = 0; i < gross.size(); ++i) gross[i] = cents(sums[i]);
  std::vector<PaymentSum> payments;
  for (const auto& [kind, value] : paid) {
    payments.push_back({.cash = kind.first,
                        .currency = Currency::parse(kind.second).value(),
                        .amount = cents(value)});
  }
  return kassenbeleg(word, gross, payments);
}

Signed sign(const Item& request) {
  const auto number = static_cast<unsigned>(request.code("ftReceiptCase") & 0xffff);
  static const std::map<unsigned, std::string> notes = {
      {0x02, "zero-receipt"},
      {0x03, "initial operation receipt / start-receipt"},
      {0x04, "out of operation receipt / stop-receipt"},
      {0x05, "monthly-closing"},
      {0x06, "yearly-closing"},
      {0x07, "daily-closing"},
      {0x13, "info-internal"}};
  if (const auto note = notes.find(number); note != notes.end()) {
    return {"SonstigerVorgang", note->second};
  }
  if (number == order_case) {
    std::vector<std::string> keep;
    return {"Bestellung-V1", order_of(request, keep)};
  }
  return {"Kassenbeleg-V1", receipt_of(request, "Beleg")};
}

std::optional<json::Value> vectors(const char* name) {
  const char* folder = std::getenv("SIEGEL_VECTORS");
  if (folder == nullptr) return {};
  const auto bytes = read_file(std::string(folder) + "/pos/" + name, 8 << 20);
  EXPECT_TRUE(bytes.ok()) << name;
  if (!bytes.ok()) return {};
  return json::parse(text_of(*bytes), {.bytes_max = 8 << 20}).value();
}

// Sums that a peer lets through although items and payments differ by rounding; the builder is a
// function of sums and shows them too.
TEST(PeerCases, AllPayloadsAreBuiltExactly) {
  const auto file = vectors("ft_de_payload_cases.json");
  if (!file) GTEST_SKIP() << "no vectors";
  int count = 0;
  for (const Item& item : Item(*file).list("cases")) {
    ++count;
    const json::Value* request = file->object()
                                     ->find("cases")
                                     ->array()
                                     ->at(static_cast<std::size_t>(count - 1))
                                     .object()
                                     ->find("request");
    const Signed got = sign(Item(*request));
    EXPECT_EQ(got.type, item.text("expectedProcessType")) << item.text("id");
    EXPECT_EQ(got.data, item.text("expectedProcessData")) << item.text("id");
  }
  EXPECT_EQ(count, 25);
}

Money sum_of(std::string_view amounts, char separator) {
  Money sum;
  while (!amounts.empty()) {
    const std::size_t end = std::min(amounts.find(separator), amounts.size());
    const std::string_view one = amounts.substr(0, end);
    sum += Money::parse(one.substr(0, std::min(one.find(':'), one.size()))).value();
    amounts.remove_prefix(std::min(end + 1, amounts.size()));
  }
  return sum;
}

TEST(PeerCases, SumsAndPaymentsOfTheBalanceSetAreEqual) {
  const auto file = vectors("ft_de_balance_requests.json");
  if (!file) GTEST_SKIP() << "no vectors";
  int count = 0;
  int receipts = 0;
  for (const json::Value& entry : *file->object()->find("requests")->array()) {
    ++count;
    const Item item(entry);
    const Signed got = sign(Item(*entry.object()->find("request")));
    EXPECT_EQ(got.type, item.text("modelProcessType")) << item.text("id");
    EXPECT_EQ(got.data, item.text("modelProcessData")) << item.text("id");
    if (got.type != "Kassenbeleg-V1") continue;
    ++receipts;
    const std::size_t first = got.data.find('^');
    const std::size_t second = got.data.rfind('^');
    EXPECT_EQ(sum_of(std::string_view(got.data).substr(first + 1, second - first - 1), '_'),
              sum_of(std::string_view(got.data).substr(second + 1), '_'))
        << got.data;
  }
  EXPECT_EQ(count, 40);
  EXPECT_GT(receipts, 20);
}

}  // namespace
}  // namespace siegel::country::de
