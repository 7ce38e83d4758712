#include <fmt/format.h>

#include "format/json.h"
#include "format/json_fields.h"
#include "format/json_writer.h"
#include "model/codec.h"
#include "recorder/state.h"

// The state as canonical JSON (docs/formats/snapshot.md). It is derived: a reader that does not
// like what it finds folds the journal again.

namespace siegel::recorder {

// care.cpp
void write_care(json::Writer& out, const State& state);
Status read_care(json::Fields& fields, State& state);
namespace {

constexpr std::int64_t version_now = 3;

std::int64_t number(std::uint64_t value) { return static_cast<std::int64_t>(value); }

void write_shown(json::Writer& out, std::string_view name,
                 const std::optional<ShownReceipt>& shown) {
  out.key(name);
  if (!shown) {
    out.null();
    return;
  }
  out.begin_object().key("check");
  if (shown->check)
    out.raw(to_json(*shown->check));
  else
    out.null();
  out.field("number", shown->number).field("time", shown->time).end_object();
}

void write_rksv(json::Writer& out, const std::optional<RksvState>& rksv) {
  out.key("rksv");
  if (!rksv) {
    out.null();
    return;
  }
  out.begin_object().field("chaining", rksv->chaining);
  out.field("counter", rksv->counter).field("ended", rksv->ended);
  out.field("last_number", rksv->last_number).field("last_time", rksv->last_time);
  out.field("month_closed", rksv->month_closed).field("month_ends", rksv->month_ends);
  out.key("open_months").begin_array();
  for (const std::string& month : rksv->open_months) out.string(month);
  out.end_array().key("run");
  if (const auto& run = rksv->run) {
    out.begin_object().field("code", run->code).field("first", run->first);
    out.field("first_time", run->first_time).field("last_time", run->last_time);
    out.field("receipts", number(run->receipts)).field("signer", run->signer);
    out.field("text", run->text).end_object();
  } else {
    out.null();
  }
  write_shown(out, "start", rksv->start);
  write_shown(out, "year", rksv->year);
  out.field("year_closed", rksv->year_closed).end_object();
}

/// The running sums in the form of a closing; `drawer` is that of the register.
Closing day_of(const RegisterState& reg) {
  Closing closing;
  closing.register_id = reg.info.id;
  reg.day.state_in(closing);
  for (const auto& [currency, amount] : reg.drawer) closing.drawer.push_back({currency, amount});
  return closing;
}

void write_closing(json::Writer& out, const RegisterState& reg) {
  if (!reg.closing) return;
  out.key("closing").begin_object().key("begun").raw(to_json(reg.closing->begun));
  out.field("difference_done", reg.closing->difference_done);
  out.field("signature_done", reg.closing->signature_done).end_object();
}

void write_registers(json::Writer& out, const State& state) {
  out.key("registers").begin_array();
  for (const auto& [id, reg] : state.registers) {
    out.begin_object().field("business_sequence", number(reg.business_sequence));
    write_closing(out, reg);
    out.field("closings", number(reg.closings)).key("day").raw(to_json(day_of(reg)));
    out.key("info").raw(to_json(reg.info)).field("last_closing", number(reg.last_closing));
    if (reg.next_info) out.key("next_info").raw(to_json(*reg.next_info));
    out.field("next_number", number(reg.next_number));
    out.field("next_stock_number", number(reg.next_stock_number));
    out.field("register_sequence", number(reg.register_sequence));
    write_rksv(out, reg.rksv);
    if (!reg.signed_in.empty()) {
      out.key("signed_in").begin_array();
      for (const std::string& cashier : reg.signed_in) out.string(cashier);
      out.end_array();
    }
    out.key("transactions").begin_object();
    for (const auto& [serial, highest] : reg.transactions) out.field(serial, number(highest));
    out.end_object().end_object();
  }
  out.end_array();
}

void write_businesses(json::Writer& out, const State& state) {
  if (state.businesses.empty()) return;
  out.key("businesses").begin_array();
  for (const auto& [at, value] : state.businesses) {
    out.begin_object().key("business").raw(to_json(value));
    out.field("sequence", number(at)).end_object();
  }
  out.end_array();
}

void write_outages(json::Writer& out, const State& state) {
  out.key("outages").begin_array();
  for (const auto& [serial, outage] : state.outages) {
    out.begin_object();
    if (outage.last) {
      out.key("last").begin_object().key("began").raw(to_json(outage.last->began));
      out.key("ended").raw(to_json(outage.last->ended)).end_object();
    }
    if (outage.mode != TseSwitch::Mode::on) out.field("mode", word_of(outage.mode));
    out.field("next_number", number(outage.next_number));
    out.field("next_receipt", number(outage.next_receipt));
    out.key("open");
    if (outage.open)
      out.raw(to_json(*outage.open));
    else
      out.null();
    out.field("open_receipts", number(outage.open_receipts));
    out.field("tse_serial", serial).end_object();
  }
  out.end_array();
}

void write_seen(json::Writer& out, const State& state) {
  if (state.seen.empty()) return;
  out.key("seen").begin_array();
  for (const auto& [id, message] : state.seen) {
    out.begin_object().field("at", message.at.text()).field("by", message.by).field("id", id);
    out.field("sequence", number(message.sequence)).end_object();
  }
  out.end_array();
}

void write_vorgaenge(json::Writer& out, const State& state) {
  out.key("vorgaenge").begin_array();
  for (const auto& [key, vorgang] : state.vorgaenge) {
    out.begin_object().field("draft", vorgang.draft);
    out.key("opened").raw(to_json(vorgang.opened)).key("started");
    if (vorgang.started)
      out.raw(to_json(*vorgang.started));
    else
      out.null();
    out.end_object();
  }
  out.end_array();
}

Result<std::uint64_t> unsigned_field(json::Fields& fields, std::string_view key) {
  SIEGEL_TRY(const std::int64_t value, fields.required_int(key, 0, INT64_MAX));
  return static_cast<std::uint64_t>(value);
}

/// The canonical text of a member, empty if it is absent or null.
std::string member(json::Fields& fields, std::string_view key) {
  const json::Value* value = fields.any(key);
  return value == nullptr || value->is_null() ? std::string() : json::canonical(*value);
}

}  // namespace

std::string State::snapshot() const {
  std::string text;
  json::Writer out(text);
  out.begin_object().key("business");
  if (business)
    out.raw(to_json(*business));
  else
    out.null();
  out.field("business_sequence", number(business_sequence));
  write_businesses(out, *this);
  write_care(out, *this);
  out.field("forgotten_up_to", number(forgotten_up_to));
  out.field("indexed", number(m_indexed));
  if (!left_open.empty()) {
    out.key("left_open").begin_array();
    for (const LeftOpen& one : left_open) {
      out.begin_object().field("client", one.client);
      out.field("transaction", number(one.transaction)).field("tse_serial", one.tse_serial);
      out.end_object();
    }
    out.end_array();
  }
  out.key("lost").begin_array();
  for (const auto& [at, plan] : lost) {
    out.begin_object().field("client", plan.client).field("process_data", plan.process_data);
    out.field("process_type", plan.process_type).field("sequence", number(plan.sequence));
    out.field("transaction", number(plan.transaction)).field("tse_serial", plan.tse_serial);
    out.end_object();
  }
  out.end_array();
  if (!marks.empty()) {
    out.key("marks").begin_array();
    for (const auto& [serial, mark] : marks)
      out.begin_object()
          .field("counter", number(mark.counter))
          .field("transaction", number(mark.transaction))
          .field("tse_serial", serial)
          .end_object();
    out.end_array();
  }
  if (next_party != 1) out.field("next_party", number(next_party));
  write_outages(out, *this);
  if (!parties.empty()) {
    out.key("parties").begin_array();
    for (const auto& [circle, party] : parties) out.raw(to_json(party));
    out.end_array();
  }
  out.key("profile").raw(to_json(profile));
  out.key("recent").begin_array();
  for (const Recent& recent : m_recent) {
    const auto key = m_keys.find(recent.key);
    out.begin_object().field("fingerprint",
                             key == m_keys.end() ? std::string() : hex(key->second.fingerprint));
    out.field("key", base64(bytes_of(recent.key))).field("reverses", recent.reverses);
    out.field("sequence", number(recent.sequence)).end_object();
  }
  out.end_array();
  write_registers(out, *this);
  out.key("reports").begin_array();
  for (const auto& [what, report] : reports) out.raw(to_json(report));
  out.end_array();
  write_seen(out, *this);
  out.field("sequence", number(sequence)).key("signers").begin_array();
  for (const auto& [id, info] : signers) out.raw(to_json(info));
  out.end_array();
  out.key("tses").begin_array();
  for (const auto& [serial, info] : tses) out.raw(to_json(info));
  out.end_array().key("unsealed").begin_array();
  for (const auto& [at, plan] : unsealed)
    out.begin_object().key("plan").raw(to_json(plan)).field("sequence", number(at)).end_object();
  out.end_array().field("version", version_now);
  write_vorgaenge(out, *this);
  out.end_object();
  return text;
}

namespace {

Result<std::string> text_field(json::Fields& fields, std::string_view key) {
  const json::Value* value = fields.any(key);
  if (value == nullptr || value->string() == nullptr)
    return corrupt("E-JRN-111", fmt::format("the snapshot has no {}", key));
  return *value->string();
}

Result<std::optional<ShownReceipt>> read_shown(json::Fields& fields, std::string_view key) {
  SIEGEL_TRY(auto item, fields.optional_object(key));
  if (!item) return std::optional<ShownReceipt>();
  ShownReceipt shown;
  if (const std::string check = member(*item, "check"); !check.empty()) {
    SIEGEL_TRY(shown.check, receipt_check_from_json(check));
  }
  SIEGEL_TRY(shown.number, text_field(*item, "number"));
  SIEGEL_TRY(shown.time, text_field(*item, "time"));
  return std::optional<ShownReceipt>(std::move(shown));
}

Result<std::optional<UnsignedRun>> read_run(json::Fields& fields) {
  SIEGEL_TRY(auto item, fields.optional_object("run"));
  if (!item) return std::optional<UnsignedRun>();
  UnsignedRun run;
  SIEGEL_TRY(run.code, text_field(*item, "code"));
  SIEGEL_TRY(run.first, text_field(*item, "first"));
  SIEGEL_TRY(run.first_time, text_field(*item, "first_time"));
  SIEGEL_TRY(run.last_time, text_field(*item, "last_time"));
  SIEGEL_TRY(run.receipts, unsigned_field(*item, "receipts"));
  SIEGEL_TRY(run.signer, text_field(*item, "signer"));
  SIEGEL_TRY(run.text, text_field(*item, "text"));
  return std::optional<UnsignedRun>(std::move(run));
}

Result<RksvState> read_rksv(json::Fields fields) {
  RksvState rksv;
  SIEGEL_TRY(rksv.chaining, text_field(fields, "chaining"));
  SIEGEL_TRY(rksv.counter, fields.required_int("counter", INT64_MIN, INT64_MAX));
  SIEGEL_TRY(rksv.ended, fields.required_bool("ended"));
  SIEGEL_TRY(rksv.last_number, text_field(fields, "last_number"));
  SIEGEL_TRY(rksv.last_time, text_field(fields, "last_time"));
  SIEGEL_TRY(rksv.month_closed, text_field(fields, "month_closed"));
  SIEGEL_TRY(rksv.month_ends, fields.required_bool("month_ends"));
  SIEGEL_TRY(const json::Items months, fields.required_array("open_months", 100'000));
  for (std::size_t i = 0; i < months.size(); ++i) {
    if (months.at(i).string() == nullptr) return corrupt("E-JRN-111", "a month is not a text");
    rksv.open_months.insert(*months.at(i).string());
  }
  SIEGEL_TRY(rksv.run, read_run(fields));
  SIEGEL_TRY(rksv.start, read_shown(fields, "start"));
  SIEGEL_TRY(rksv.year, read_shown(fields, "year"));
  SIEGEL_TRY(rksv.year_closed, text_field(fields, "year_closed"));
  return rksv;
}

Status read_day(const std::string& text, RegisterState& reg) {
  SIEGEL_TRY(const Closing closing, closing_from_json(text));
  DayTotals& day = reg.day;
  day.receipts = closing.receipts;
  day.turnover = closing.turnover;
  day.first_number = closing.first_number;
  day.last_number = closing.last_number;
  day.first_sequence = closing.first_sequence;
  day.tses.insert(closing.tses.begin(), closing.tses.end());
  for (const ClosingCase& one : closing.cases)
    day.cases[{one.gv_typ, one.gv_name, one.agency, one.key, one.rate}] = one.gross;
  for (const ClosingPayment& one : closing.payments) day.payments[{one.kind, one.name}] = one.value;
  for (const ClosingCash& one : closing.cash) day.cash[one.currency] = one.amount;
  for (const ClosingCash& one : closing.drawer) reg.drawer[one.currency] = one.amount;
  return Ok{};
}

Status read_closing(json::Fields& fields, RegisterState& reg) {
  SIEGEL_TRY(auto item, fields.optional_object("closing"));
  if (!item) return Ok{};
  ClosingState& closing = reg.closing.emplace();
  SIEGEL_TRY(closing.begun, closing_begun_from_json(member(*item, "begun")));
  SIEGEL_TRY(closing.difference_done, item->required_bool("difference_done"));
  SIEGEL_TRY(closing.signature_done, item->required_bool("signature_done"));
  return Ok{};
}

Status read_registers(json::Fields& fields, State& state) {
  SIEGEL_TRY(const json::Items items, fields.required_array("registers", 100'000));
  for (std::size_t i = 0; i < items.size(); ++i) {
    SIEGEL_TRY(json::Fields item, items.object(i));
    SIEGEL_TRY(const RegisterInfo info, register_from_json(member(item, "info")));
    RegisterState& reg = state.registers[info.id.text()];
    reg.info = info;
    SIEGEL_TRY(reg.business_sequence, unsigned_field(item, "business_sequence"));
    SIEGEL_TRY_OK(read_closing(item, reg));
    SIEGEL_TRY(reg.closings, unsigned_field(item, "closings"));
    SIEGEL_TRY_OK(read_day(member(item, "day"), reg));
    SIEGEL_TRY(reg.last_closing, unsigned_field(item, "last_closing"));
    if (const std::string next = member(item, "next_info"); !next.empty()) {
      SIEGEL_TRY(reg.next_info, register_from_json(next));
    }
    SIEGEL_TRY(reg.next_number, unsigned_field(item, "next_number"));
    SIEGEL_TRY(reg.next_stock_number, unsigned_field(item, "next_stock_number"));
    SIEGEL_TRY(reg.register_sequence, unsigned_field(item, "register_sequence"));
    SIEGEL_TRY(auto rksv, item.optional_object("rksv"));
    if (rksv) {
      SIEGEL_TRY(reg.rksv, read_rksv(std::move(*rksv)));
    }
    SIEGEL_TRY(const json::Items cashiers,
               item.optional_array("signed_in", RegisterState::signed_in_max));
    for (std::size_t n = 0; n < cashiers.size(); ++n) {
      SIEGEL_TRY(const std::string cashier, cashiers.string(n, 200));
      reg.signed_in.insert(cashier);
    }
    const json::Value* transactions = item.any("transactions");
    if (transactions == nullptr || transactions->object() == nullptr)
      return corrupt("E-JRN-111", "the snapshot has no transactions");
    for (const auto& [serial, highest] : *transactions->object()) {
      if (highest.integer() == nullptr) return corrupt("E-JRN-111", "not a number");
      reg.transactions[serial] = static_cast<std::uint64_t>(*highest.integer());
    }
  }
  return Ok{};
}

Status read_past(json::Fields& outage, std::optional<OutageState::Past>& last) {
  SIEGEL_TRY(auto item, outage.optional_object("last"));
  if (!item) return Ok{};
  OutageState::Past past;
  SIEGEL_TRY(past.began, outage_began_from_json(member(*item, "began")));
  SIEGEL_TRY(past.ended, outage_ended_from_json(member(*item, "ended")));
  last = std::move(past);
  return Ok{};
}

Status read_outages(json::Fields& fields, State& state) {
  SIEGEL_TRY(const json::Items items, fields.required_array("outages", 100'000));
  for (std::size_t i = 0; i < items.size(); ++i) {
    SIEGEL_TRY(json::Fields item, items.object(i));
    SIEGEL_TRY(const std::string serial, item.required_string("tse_serial", 200));
    OutageState& outage = state.outages[serial];
    SIEGEL_TRY(const auto mode, item.optional_string("mode", 20));
    for (const TseSwitch::Mode one : {TseSwitch::Mode::off, TseSwitch::Mode::emergency})
      if (mode && *mode == word_of(one)) outage.mode = one;
    SIEGEL_TRY(outage.next_number, unsigned_field(item, "next_number"));
    SIEGEL_TRY(outage.next_receipt, unsigned_field(item, "next_receipt"));
    SIEGEL_TRY(outage.open_receipts, unsigned_field(item, "open_receipts"));
    SIEGEL_TRY_OK(read_past(item, outage.last));
    if (const std::string open = member(item, "open"); !open.empty()) {
      SIEGEL_TRY(outage.open, outage_began_from_json(open));
    }
  }
  return Ok{};
}

Status read_seen(json::Fields& fields, State& state) {
  if (fields.any("seen") == nullptr) return Ok{};
  SIEGEL_TRY(const json::Items items, fields.required_array("seen", State::seen_max));
  for (std::size_t i = 0; i < items.size(); ++i) {
    SIEGEL_TRY(json::Fields item, items.object(i));
    SIEGEL_TRY(const std::string id, item.required_string("id", MessageSeen::id_bytes_max));
    SeenMessage& message = state.seen[id];
    SIEGEL_TRY(const std::string at, item.required_string("at", 40));
    SIEGEL_TRY(message.at, Instant::parse(at));
    SIEGEL_TRY(message.by, item.required_string("by", 4096));
    SIEGEL_TRY(message.sequence, unsigned_field(item, "sequence"));
  }
  return Ok{};
}

Status read_vorgaenge(json::Fields& fields, State& state) {
  SIEGEL_TRY(const json::Items items, fields.required_array("vorgaenge", 1'000'000));
  for (std::size_t i = 0; i < items.size(); ++i) {
    SIEGEL_TRY(json::Fields item, items.object(i));
    SIEGEL_TRY(const VorgangOpened opened, vorgang_opened_from_json(member(item, "opened")));
    state.apply_vorgang(opened);
    VorgangState& vorgang =
        state.vorgaenge[scoped(opened.register_id.text(), opened.vorgang.get())];
    if (const json::Value* draft = item.any("draft");
        draft != nullptr && draft->string() != nullptr)
      vorgang.draft = *draft->string();
    if (const std::string started = member(item, "started"); !started.empty()) {
      SIEGEL_TRY(vorgang.started, vorgang_started_from_json(started));
    }
  }
  return Ok{};
}

Status read_lost(json::Fields& fields, State& state) {
  SIEGEL_TRY(const json::Items items, fields.required_array("lost", 10'000'000));
  for (std::size_t i = 0; i < items.size(); ++i) {
    SIEGEL_TRY(json::Fields item, items.object(i));
    LostPlan plan;
    SIEGEL_TRY(plan.sequence, unsigned_field(item, "sequence"));
    SIEGEL_TRY(plan.transaction, unsigned_field(item, "transaction"));
    SIEGEL_TRY(plan.client, item.required_string("client", 200));
    SIEGEL_TRY(plan.tse_serial, item.required_string("tse_serial", 200));
    SIEGEL_TRY(plan.process_type, item.required_string("process_type", 200));
    if (const json::Value* data = item.any("process_data");
        data != nullptr && data->string() != nullptr)
      plan.process_data = *data->string();
    state.lost[plan.sequence] = plan;
  }
  return Ok{};
}

Status read_parties(json::Fields& fields, State& state) {
  if (fields.has("next_party")) {
    SIEGEL_TRY(state.next_party, unsigned_field(fields, "next_party"));
  }
  if (!fields.has("parties")) return Ok{};
  SIEGEL_TRY(const json::Items items, fields.required_array("parties", 100'000));
  for (std::size_t i = 0; i < items.size(); ++i) {
    SIEGEL_TRY(Party party, party_from_json(json::canonical(items.at(i))));
    state.parties[party.circle()] = party;
  }
  return Ok{};
}

Status read_businesses(json::Fields& fields, State& state) {
  if (!fields.has("businesses")) return Ok{};
  SIEGEL_TRY(const json::Items items, fields.required_array("businesses", 100'000));
  for (std::size_t i = 0; i < items.size(); ++i) {
    SIEGEL_TRY(json::Fields item, items.object(i));
    SIEGEL_TRY(const std::uint64_t at, unsigned_field(item, "sequence"));
    SIEGEL_TRY(state.businesses[at], business_from_json(member(item, "business")));
  }
  return Ok{};
}

Status read_marks(json::Fields& fields, State& state) {
  if (!fields.has("marks")) return Ok{};
  SIEGEL_TRY(const json::Items items, fields.required_array("marks", 100'000));
  for (std::size_t i = 0; i < items.size(); ++i) {
    SIEGEL_TRY(json::Fields item, items.object(i));
    SIEGEL_TRY(const std::string serial, item.required_string("tse_serial", 200));
    TseMarks& mark = state.marks[serial];
    SIEGEL_TRY(mark.counter, unsigned_field(item, "counter"));
    SIEGEL_TRY(mark.transaction, unsigned_field(item, "transaction"));
  }
  return Ok{};
}

Status read_left_open(json::Fields& fields, State& state) {
  if (!fields.has("left_open")) return Ok{};
  SIEGEL_TRY(const json::Items items, fields.required_array("left_open", 1'000'000));
  for (std::size_t i = 0; i < items.size(); ++i) {
    SIEGEL_TRY(json::Fields item, items.object(i));
    LeftOpen& one = state.left_open.emplace_back();
    SIEGEL_TRY(one.client, item.required_string("client", 200));
    SIEGEL_TRY(one.transaction, unsigned_field(item, "transaction"));
    SIEGEL_TRY(one.tse_serial, item.required_string("tse_serial", 200));
  }
  return Ok{};
}

}  // namespace

Result<State> State::from_snapshot(std::string_view text) {
  SIEGEL_TRY(const json::Value value,
             json::parse(text, {.bytes_max = std::size_t{1} << 30, .values_max = 50'000'000}));
  SIEGEL_TRY(json::Fields fields, json::Fields::of(value));
  SIEGEL_TRY(const std::int64_t version, fields.required_int("version", 1, INT64_MAX));
  if (version != version_now) return corrupt("E-JRN-111", "the snapshot is of another version");
  State state;
  if (const std::string business_text = member(fields, "business"); !business_text.empty()) {
    SIEGEL_TRY(state.business, business_from_json(business_text));
  }
  SIEGEL_TRY(state.business_sequence, unsigned_field(fields, "business_sequence"));
  SIEGEL_TRY(state.forgotten_up_to, unsigned_field(fields, "forgotten_up_to"));
  SIEGEL_TRY(state.m_indexed, unsigned_field(fields, "indexed"));
  SIEGEL_TRY(state.sequence, unsigned_field(fields, "sequence"));
  SIEGEL_TRY(state.profile, profile_from_json(member(fields, "profile")));
  SIEGEL_TRY_OK(read_registers(fields, state));
  SIEGEL_TRY_OK(read_businesses(fields, state));
  SIEGEL_TRY_OK(read_parties(fields, state));
  SIEGEL_TRY_OK(read_care(fields, state));
  SIEGEL_TRY_OK(read_outages(fields, state));
  SIEGEL_TRY_OK(read_vorgaenge(fields, state));
  SIEGEL_TRY_OK(read_lost(fields, state));
  SIEGEL_TRY_OK(read_seen(fields, state));
  SIEGEL_TRY_OK(read_left_open(fields, state));
  SIEGEL_TRY_OK(read_marks(fields, state));
  SIEGEL_TRY(const json::Items tses, fields.required_array("tses", 100'000));
  for (std::size_t i = 0; i < tses.size(); ++i) {
    SIEGEL_TRY(const TseInfo info, tse_from_json(json::canonical(tses.at(i))));
    state.apply_tse(info);
  }
  SIEGEL_TRY(const json::Items signers, fields.required_array("signers", 100'000));
  for (std::size_t i = 0; i < signers.size(); ++i) {
    SIEGEL_TRY(const SignerInfo info, signer_from_json(json::canonical(signers.at(i))));
    state.apply_signer(info);
  }
  SIEGEL_TRY(const json::Items reports, fields.required_array("reports", 1'000'000));
  for (std::size_t i = 0; i < reports.size(); ++i) {
    SIEGEL_TRY(const AuthorityReport report,
               authority_report_from_json(json::canonical(reports.at(i))));
    state.apply_report(report);
  }
  SIEGEL_TRY(const json::Items unsealed, fields.required_array("unsealed", 1'000'000));
  for (std::size_t i = 0; i < unsealed.size(); ++i) {
    SIEGEL_TRY(json::Fields item, unsealed.object(i));
    SIEGEL_TRY(const std::uint64_t at, unsigned_field(item, "sequence"));
    SIEGEL_TRY(Plan plan, plan_from_json(member(item, "plan")));
    state.unsealed.emplace(at, std::move(plan));
  }
  SIEGEL_TRY(const json::Items recent, fields.required_array("recent", 50'000'000));
  for (std::size_t i = 0; i < recent.size(); ++i) {
    SIEGEL_TRY(json::Fields item, recent.object(i));
    Recent one;
    SIEGEL_TRY(one.sequence, unsigned_field(item, "sequence"));
    SIEGEL_TRY(const auto key, item.optional_string("key", 4096));
    SIEGEL_TRY(const Bytes key_bytes, from_base64(key.value_or("")));
    one.key = text_of(key_bytes);
    SIEGEL_TRY(const auto reverses, item.optional_string("reverses", 200));
    one.reverses = reverses.value_or("");
    SIEGEL_TRY(const auto fingerprint, item.optional_string("fingerprint", 64));
    SIEGEL_TRY(const Bytes bytes, from_hex(fingerprint.value_or("")));
    if (!one.key.empty()) {
      if (bytes.size() != 32) return corrupt("E-JRN-111", "a fingerprint has a wrong length");
      KnownKey& known = state.m_keys[one.key];
      known.sequence = one.sequence;
      std::copy(bytes.begin(), bytes.end(), known.fingerprint.begin());
    }
    if (!one.reverses.empty()) state.reversals[one.reverses] = one.sequence;
    state.m_recent.push_back(std::move(one));
  }
  return state;
}

}  // namespace siegel::recorder
