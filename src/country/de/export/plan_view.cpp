#include "country/de/export/plan_view.h"

#include <charconv>
#include <cstring>

#include "model/codec.h"
#include "model/words.h"

namespace siegel::country::de {
namespace {

/// Walks the bytes a canonical writer made: members in ascending order, no blanks. Members are
/// asked for in that order, so that each costs one comparison.
class Cursor {
 public:
  Cursor(std::string_view json, std::deque<std::string>& unescaped)
      : m_at(json.data()), m_end(json.data() + json.size()), m_unescaped(unescaped) {}

  [[nodiscard]] bool good() const { return m_good; }
  [[nodiscard]] bool finished() const { return m_good && m_at == m_end; }

  void begin_object() {
    if (!skip('{')) m_good = false;
    m_first = true;
  }
  void end_object() {
    if (!skip('}')) m_good = false;
    m_first = false;
  }

  /// `name` is `"member":`. True: its value is next.
  template <std::size_t N>
  bool member(const char (&name)[N]) {
    constexpr std::size_t length = N - 1;
    const char* at = m_at + (m_first ? 0 : 1);
    if (static_cast<std::size_t>(m_end - m_at) < length + 1 || std::memcmp(at, name, length) != 0)
      return false;
    if (!m_first && *m_at != ',') m_good = false;
    m_first = false;
    m_at = at + length;
    return true;
  }

  void text(std::string_view& out) {
    if (!skip('"')) {
      m_good = false;
      return;
    }
    const char* at = m_at;
    while (at < m_end && *at != '"' && *at != '\\') ++at;
    if (at == m_end) {
      m_good = false;
      return;
    }
    if (*at == '"') {
      out = {m_at, static_cast<std::size_t>(at - m_at)};
      m_at = at + 1;
      return;
    }
    escaped(at, out);
  }

  template <class Integer>
  void number(Integer& out) {
    const auto [end, error] = std::from_chars(m_at, m_end, out);
    if (error != std::errc()) m_good = false;
    m_at = end;
  }
  /// Counters without sign are stored as the signed number of the same bits.
  void number(std::uint64_t& out) {
    std::int64_t value = 0;
    number(value);
    out = static_cast<std::uint64_t>(value);
  }
  void boolean(bool& out) {
    if (m_end - m_at >= 4 && std::memcmp(m_at, "true", 4) == 0) {
      out = true;
      m_at += 4;
    } else if (m_end - m_at >= 5 && std::memcmp(m_at, "false", 5) == 0) {
      out = false;
      m_at += 5;
    } else {
      m_good = false;
    }
  }
  template <class Each>
  void list(const Each& each) {
    if (!skip('[')) m_good = false;
    while (m_good) {
      each();
      if (skip(']')) break;
      if (!skip(',')) m_good = false;
    }
  }
  /// A value nobody asks for.
  void ignore() {
    if (m_at == m_end) {
      m_good = false;
    } else if (*m_at == '"') {
      std::string_view text_;
      text(text_);
    } else if (*m_at == '{' || *m_at == '[') {
      int depth = 0;
      while (m_good && m_at < m_end) {
        if (*m_at == '"') {
          std::string_view text_;
          text(text_);
          continue;
        }
        if (*m_at == '{' || *m_at == '[') ++depth;
        if (*m_at == '}' || *m_at == ']') --depth;
        ++m_at;
        if (depth == 0) return;
      }
      m_good = false;
    } else {
      while (m_at < m_end && *m_at != ',' && *m_at != '}' && *m_at != ']') ++m_at;
    }
  }

 private:
  bool skip(char c) {
    if (m_at == m_end || *m_at != c) return false;
    ++m_at;
    return true;
  }

  void escaped(const char* at, std::string_view& out) {
    std::string& text = m_unescaped.emplace_back(m_at, at);
    while (at < m_end && *at != '"') {
      if (*at != '\\') {
        text += *at++;
        continue;
      }
      if (m_end - at < 2) break;
      static constexpr std::string_view letters = "\"\\bfnrt";
      static constexpr std::string_view meanings = "\"\\\b\f\n\r\t";
      const std::size_t letter = letters.find(at[1]);
      if (letter != std::string_view::npos) {
        text += meanings[letter];
        at += 2;
        continue;
      }
      unsigned code = 0x20;
      if (at[1] != 'u' || m_end - at < 6 ||
          std::from_chars(at + 2, at + 6, code, 16).ptr != at + 6 || code >= 0x20) {
        m_good = false;
        return;
      }
      text += static_cast<char>(code);
      at += 6;
    }
    if (at >= m_end || *at != '"') {
      m_good = false;
      return;
    }
    m_at = at + 1;
    out = text;
  }

  const char* m_at;
  const char* m_end;
  std::deque<std::string>& m_unescaped;
  bool m_first = true;
  bool m_good = true;
};

void read_share(Cursor& in, ShareView& out) {
  in.begin_object();
  if (in.member("\"gross\":")) in.number(out.gross);
  if (in.member("\"key\":")) in.number(out.key);
  if (in.member("\"rate\":")) in.number(out.rate);
  if (in.member("\"slot\":")) in.ignore();
  in.end_object();
}

void read_discount(Cursor& in, DiscountView& out) {
  in.begin_object();
  if (in.member("\"amount\":")) in.number(out.amount);
  if (in.member("\"text\":")) in.text(out.text);
  in.end_object();
}

void read_sub_item(Cursor& in, SubItemView& out) {
  in.begin_object();
  if (in.member("\"article\":")) in.text(out.article);
  if (in.member("\"factor\":")) in.number(out.factor);
  if (in.member("\"group\":")) in.text(out.group);
  if (in.member("\"group_id\":")) in.text(out.group_id);
  if (in.member("\"gtin\":")) in.text(out.gtin);
  if (in.member("\"key\":")) in.number(out.key);
  if (in.member("\"price\":")) in.number(out.price);
  if (in.member("\"quantity\":")) in.number(out.quantity);
  if (in.member("\"rate\":")) in.number(out.rate);
  if (in.member("\"text\":")) in.text(out.text);
  if (in.member("\"unit\":")) in.text(out.unit);
  in.end_object();
}

template <class T, class Read>
Part read_part(Cursor& in, std::vector<T>& all, const Read& read) {
  Part part{.first = all.size(), .count = 0};
  in.list([&] { read(in, all.emplace_back()); });
  part.count = all.size() - part.first;
  return part;
}

void read_line(Cursor& in, PlanView& plan) {
  LineView& line = plan.lines.emplace_back();
  in.begin_object();
  if (in.member("\"agency\":")) in.number(line.agency);
  if (in.member("\"amount\":")) in.number(line.amount);
  if (in.member("\"article\":")) in.text(line.article);
  if (in.member("\"cancelled\":")) in.boolean(line.cancelled);
  if (in.member("\"discounts\":")) line.discounts = read_part(in, plan.discounts, read_discount);
  if (in.member("\"factor\":")) in.number(line.factor);
  if (in.member("\"group\":")) in.text(line.group);
  if (in.member("\"group_id\":")) in.text(line.group_id);
  if (in.member("\"gtin\":")) in.text(line.gtin);
  if (in.member("\"gv_name\":")) in.text(line.gv_name);
  if (in.member("\"gv_typ\":")) in.text(line.gv_typ);
  if (in.member("\"in_house\":")) in.boolean(line.in_house.emplace());
  if (in.member("\"quantity\":")) in.number(line.quantity);
  if (in.member("\"shares\":")) line.shares = read_part(in, plan.shares, read_share);
  if (in.member("\"sub_items\":")) line.sub_items = read_part(in, plan.sub_items, read_sub_item);
  if (in.member("\"terminal\":")) in.text(line.terminal);
  if (in.member("\"text\":")) in.text(line.text);
  if (in.member("\"total\":")) in.number(line.total);
  if (in.member("\"unit\":")) in.text(line.unit);
  if (in.member("\"unit_price\":")) in.number(line.unit_price);
  if (in.member("\"voucher\":")) in.text(line.voucher);
  if (in.member("\"weighed\":")) in.ignore();
  in.end_object();
}

void read_buyer(Cursor& in, BuyerView& buyer) {
  in.begin_object();
  if (in.member("\"city\":")) in.text(buyer.city);
  if (in.member("\"country\":")) in.text(buyer.country);
  if (in.member("\"id\":")) in.text(buyer.id);
  if (in.member("\"name\":")) in.text(buyer.name);
  if (in.member("\"postcode\":")) in.text(buyer.postcode);
  if (in.member("\"street\":")) in.text(buyer.street);
  if (in.member("\"type\":")) in.text(buyer.type);
  if (in.member("\"vat_id\":")) in.text(buyer.vat_id);
  in.end_object();
}

void read_payment(Cursor& in, PaymentView& payment) {
  in.begin_object();
  if (in.member("\"amount\":")) in.number(payment.amount);
  if (in.member("\"currency\":")) in.text(payment.currency);
  if (in.member("\"kind\":")) in.text(payment.kind);
  if (in.member("\"name\":")) in.text(payment.name);
  if (in.member("\"value\":")) in.number(payment.value);
  in.end_object();
}

void read_reference(Cursor& in, ReferenceView& reference) {
  in.begin_object();
  if (in.member("\"kind\":")) in.text(reference.kind);
  if (in.member("\"line\":")) in.number(reference.line);
  if (in.member("\"name\":")) in.text(reference.name);
  if (in.member("\"number\":")) in.text(reference.number);
  in.end_object();
}

void read_vat(Cursor& in, VatSumView& sum) {
  in.begin_object();
  if (in.member("\"gross\":")) in.number(sum.gross);
  if (in.member("\"key\":")) in.number(sum.key);
  if (in.member("\"letter\":")) in.ignore();
  if (in.member("\"net\":")) in.number(sum.net);
  if (in.member("\"rate\":")) in.number(sum.rate);
  if (in.member("\"slot\":")) in.ignore();
  if (in.member("\"tax\":")) in.number(sum.tax);
  in.end_object();
}

/// Keeps the room of the lists.
void clear(PlanView& plan) {
  PlanView empty;
  empty.groups.swap(plan.groups);
  empty.lines.swap(plan.lines);
  empty.shares.swap(plan.shares);
  empty.discounts.swap(plan.discounts);
  empty.sub_items.swap(plan.sub_items);
  empty.vat.swap(plan.vat);
  empty.payments.swap(plan.payments);
  empty.references.swap(plan.references);
  empty.groups.clear();
  empty.lines.clear();
  empty.shares.clear();
  empty.discounts.clear();
  empty.sub_items.clear();
  empty.vat.clear();
  empty.payments.clear();
  empty.references.clear();
  plan = std::move(empty);
}

std::string_view keep(std::deque<std::string>& texts, std::string text) {
  return texts.emplace_back(std::move(text));
}

SubItemView view_of(const SubItem& item) {
  return {.article = item.article,
          .group = item.group,
          .group_id = item.group_id,
          .gtin = item.gtin,
          .text = item.text,
          .unit = item.unit,
          .factor = item.factor.raw(),
          .quantity = item.quantity.raw(),
          .price = item.price.cents(),
          .key = item.key.get(),
          .rate = item.rate.hundredths()};
}

void add_line(const PlanLine& line, PlanView& out) {
  LineView view{.article = line.article,
                .group = line.group,
                .group_id = line.group_id,
                .gtin = line.gtin,
                .gv_name = line.gv_name,
                .terminal = line.terminal,
                .text = line.text,
                .unit = line.unit,
                .voucher = line.voucher,
                .gv_typ = gv_typ_text(line.gv_typ),
                .agency = line.agency,
                .amount = line.amount.cents(),
                .total = line.total.cents(),
                .quantity = line.quantity.raw(),
                .factor = line.factor.raw(),
                .unit_price = line.unit_price.raw(),
                .in_house = line.in_house,
                .cancelled = line.cancelled,
                .shares = {},
                .discounts = {},
                .sub_items = {}};
  // A list that is not stored has no place.
  if (!line.shares.empty()) view.shares = {out.shares.size(), line.shares.size()};
  if (!line.discounts.empty()) view.discounts = {out.discounts.size(), line.discounts.size()};
  if (!line.sub_items.empty()) view.sub_items = {out.sub_items.size(), line.sub_items.size()};
  for (const VatShare& share : line.shares)
    out.shares.push_back({share.key.get(), share.rate.hundredths(), share.gross.cents()});
  for (const Discount& discount : line.discounts)
    out.discounts.push_back({discount.text, discount.amount.cents()});
  for (const SubItem& item : line.sub_items) out.sub_items.push_back(view_of(item));
  out.lines.push_back(view);
}

}  // namespace

bool read_light(std::string_view json, PlanView& out, std::deque<std::string>& unescaped) {
  clear(out);
  Cursor in(json, unescaped);
  in.begin_object();
  if (in.member("\"began\":")) in.text(out.began);
  if (in.member("\"bon_typ\":")) in.text(out.bon_typ);
  if (in.member("\"business_sequence\":")) in.ignore();
  if (in.member("\"buyer\":")) read_buyer(in, out.buyer);
  if (in.member("\"cashier\":")) in.text(out.cashier);
  if (in.member("\"cashier_id\":")) in.text(out.cashier_id);
  if (in.member("\"change\":")) in.number(out.change);
  if (in.member("\"customer\":")) in.text(out.customer);
  if (in.member("\"decided\":")) in.text(out.decided);
  if (in.member("\"disturbed_tse\":")) in.ignore();
  if (in.member("\"first_order\":")) in.ignore();
  if (in.member("\"groups\":")) in.list([&] { in.text(out.groups.emplace_back()); });
  if (in.member("\"handwritten\":")) {
    in.begin_object();
    if (in.member("\"at\":")) in.text(out.handwritten_at);
    if (in.member("\"number\":")) in.text(out.handwritten_number);
    in.end_object();
  }
  if (in.member("\"kind\":")) in.text(out.kind);
  if (in.member("\"lines\":")) in.list([&] { read_line(in, out); });
  if (in.member("\"name\":")) in.text(out.name);
  if (in.member("\"note\":")) in.text(out.note);
  if (in.member("\"number\":")) in.number(out.number);
  if (in.member("\"paper_optional\":")) in.ignore();
  if (in.member("\"payments\":")) in.list([&] { read_payment(in, out.payments.emplace_back()); });
  if (in.member("\"process_data\":")) in.text(out.process_data);
  if (in.member("\"process_type\":")) in.text(out.process_type);
  if (in.member("\"reason\":")) in.text(out.reason);
  if (in.member("\"receipt_number\":")) in.text(out.receipt_number);
  if (in.member("\"references\":"))
    in.list([&] { read_reference(in, out.references.emplace_back()); });
  if (in.member("\"register\":")) in.text(out.register_id);
  if (in.member("\"reversed_decided\":")) in.text(out.reversed_decided);
  if (in.member("\"reverses\":")) in.text(out.reverses);
  if (in.member("\"rksv\":")) in.ignore();
  if (in.member("\"stock_number\":")) in.ignore();
  if (in.member("\"terminal\":")) in.text(out.terminal);
  if (in.member("\"total\":")) in.number(out.total);
  if (in.member("\"transaction\":")) in.number(out.transaction);
  if (in.member("\"tse_serial\":")) in.text(out.tse_serial);
  if (in.member("\"vat\":")) in.list([&] { read_vat(in, out.vat.emplace_back()); });
  if (in.member("\"vorgang\":")) in.ignore();
  in.end_object();
  return in.finished() && out.began.size() >= 19 && out.decided.size() >= 19;
}

bool read_light(std::string_view json, SealView& out, std::deque<std::string>& unescaped) {
  out = SealView();
  Cursor in(json, unescaped);
  in.begin_object();
  if (in.member("\"asked\":")) in.boolean(out.asked);
  if (in.member("\"code_payload\":")) in.ignore();
  if (in.member("\"end\":")) in.text(out.end);
  if (in.member("\"error_code\":")) in.text(out.error_code);
  if (in.member("\"error_text\":")) in.text(out.error_text);
  if (in.member("\"outage_number\":")) in.ignore();
  if (in.member("\"outage_receipt\":")) in.ignore();
  if (in.member("\"outage_since\":")) in.ignore();
  if (in.member("\"outcome\":")) in.text(out.outcome);
  if (in.member("\"plan_sequence\":")) in.number(out.plan_sequence);
  if (in.member("\"signature\":")) in.text(out.signature);
  if (in.member("\"signature_counter\":")) in.number(out.signature_counter);
  if (in.member("\"signer\":")) in.ignore();
  if (in.member("\"start\":")) in.text(out.start);
  if (in.member("\"start_signature\":")) in.ignore();
  if (in.member("\"start_signature_counter\":")) in.ignore();
  if (in.member("\"transaction\":")) in.number(out.transaction);
  if (in.member("\"tse_serial\":")) in.text(out.tse_serial);
  in.end_object();
  return in.finished();
}

PlanView view_of(const Plan& plan, std::deque<std::string>& texts) {
  PlanView out;
  out.began = keep(texts, exact_text(plan.began));
  out.decided = keep(texts, exact_text(plan.decided));
  out.bon_typ = plan.bon_typ;
  out.cashier = plan.cashier;
  out.cashier_id = plan.cashier_id;
  out.customer = plan.customer;
  out.kind = receipt_kind_text(plan.kind);
  out.name = plan.name;
  out.note = plan.note;
  out.process_data = plan.process_data;
  out.process_type = process_type_text(plan.process_type);
  out.reason = plan.reason;
  out.receipt_number = plan.receipt_number;
  out.register_id = plan.register_id.text();
  out.reverses = plan.reverses;
  if (!plan.reverses.empty()) out.reversed_decided = keep(texts, exact_text(plan.reversed_decided));
  if (plan.handwritten) {
    out.handwritten_at = keep(texts, exact_text(plan.handwritten->at));
    out.handwritten_number = plan.handwritten->number;
  }
  out.terminal = plan.terminal;
  out.tse_serial = plan.tse_serial;
  const Buyer& b = plan.buyer;
  out.buyer = {b.city, b.country, b.id, b.name, b.postcode, b.street, b.type, b.vat_id};
  out.number = plan.number;
  out.transaction = plan.transaction;
  out.change = plan.change.cents();
  out.total = plan.total.cents();
  out.groups.assign(plan.groups.begin(), plan.groups.end());
  for (const PlanLine& line : plan.lines) add_line(line, out);
  for (const VatSum& sum : plan.vat)
    out.vat.push_back({sum.key.get(), sum.rate.hundredths(), sum.gross.cents(), sum.net.cents(),
                       sum.tax.cents()});
  for (const PlanPayment& payment : plan.payments)
    out.payments.push_back({payment_kind_text(payment.kind), payment.name, payment.currency.text(),
                            payment.amount.cents(), payment.value.cents()});
  for (const Reference& reference : plan.references)
    out.references.push_back({words::of(reference.kind, words::reference_kind), reference.name,
                              reference.number, reference.line});
  return out;
}

SealView view_of(const Seal& seal, std::deque<std::string>& texts) {
  SealView out;
  out.outcome = words::of(seal.outcome, words::outcome);
  out.tse_serial = seal.tse_serial;
  if (seal.start != Instant()) out.start = keep(texts, seal.start.text());
  if (seal.end != Instant()) out.end = keep(texts, seal.end.text());
  out.signature = keep(texts, base64(seal.signature));
  out.error_code = seal.error_code;
  out.error_text = seal.error_text;
  out.plan_sequence = seal.plan_sequence;
  out.transaction = seal.transaction;
  out.signature_counter = seal.signature_counter;
  out.asked = seal.asked;
  return out;
}

Result<const PlanView*> ViewReader::plan(std::string_view json) {
  m_unescaped.clear();
  if (read_light(json, m_plan, m_unescaped)) return &m_plan;
  SIEGEL_TRY(m_whole_plan, plan_from_json(json));
  m_texts.clear();
  m_plan = view_of(m_whole_plan, m_texts);
  return &m_plan;
}

Result<const SealView*> ViewReader::seal(std::string_view json) {
  if (read_light(json, m_seal, m_unescaped)) return &m_seal;
  SIEGEL_TRY(m_whole_seal, seal_from_json(json));
  m_seal = view_of(m_whole_seal, m_texts);
  return &m_seal;
}

}  // namespace siegel::country::de
