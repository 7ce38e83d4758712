#include <fmt/format.h>

#include <cstdio>
#include <set>

#include "app/commands.h"
#include "app/load_note.h"
#include "app/sale_lines.h"
#include "app/show.h"
#include "base/file.h"
#include "base/thread.h"
#include "crypto/hash.h"
#include "format/json_fields.h"
#include "model/codec.h"

namespace siegel::app {
namespace {

// What a till may send at once: 10,000 lines of 255 characters and their discounts.
constexpr std::size_t request_bytes_max = std::size_t{8} << 20;

struct Options {
  std::string file, register_id, key, cash, card, columns = "48", cashier, open, finish, abort;
  std::string update, handwritten, written_at;
  std::vector<std::string> items;
  bool training = false;
  bool no_print = false;
  bool lines = false;
  bool dry_run = false;
};

Result<Bytes> read_stdin() {
  Bytes out;
  std::array<std::byte, 1U << 16U> chunk;
  while (true) {
    const std::size_t n = std::fread(chunk.data(), 1, chunk.size(), stdin);
    if (n == 0) return out;
    if (out.size() + n > request_bytes_max)
      return invalid("E-JSN-001", fmt::format("stdin holds more than {} bytes", request_bytes_max));
    append(out, BytesView(chunk.data(), n));
  }
}

/// A time as people write it: without offset it is that of Germany and Austria.
Result<LocalStamp> wall_time(const std::string& text) {
  if (auto whole = LocalStamp::parse(text)) return whole;
  const bool minutes_only = text.size() == std::string_view("2026-11-20T14:05").size();
  SIEGEL_TRY(const Instant as_utc, Instant::parse(text + (minutes_only ? ":00Z" : "Z")));
  for (const std::chrono::minutes offset : {std::chrono::hours(2), std::chrono::hours(1)}) {
    SIEGEL_TRY(const LocalStamp stamp, LocalStamp::from(as_utc - offset, "Europe/Berlin"));
    if (stamp.offset() == offset) return stamp;
  }
  return invalid("E-TIM-001", fmt::format("{} is the hour that summer time leaves out", text));
}

/// A receipt written by hand while nothing worked. Entered twice it is the same receipt.
Status add_handwritten(const Options& options, SaleRequest& request) {
  if (!options.handwritten.empty() || !options.written_at.empty()) {
    if (options.handwritten.empty() || options.written_at.empty())
      return invalid("E-SAL-529", "--handwritten and --written-at belong together", "--written-at");
    if (!valid_utf8(options.handwritten))
      return invalid("E-JSN-003", "an argument is not UTF-8", "--handwritten");
    auto at = wall_time(options.written_at);
    if (!at) return invalid(at.error().code, at.error().detail, "--written-at");
    request.draft.handwritten = {.at = *at, .number = options.handwritten};
  }
  if (const auto& paper = request.draft.handwritten; paper && request.key.empty())
    request.key = fmt::format("paper {} {}", paper->number, paper->at.text());
  return Ok{};
}

Result<ReceiptDraft> draft_from_options(const Options& options) {
  ReceiptDraft draft;
  draft.kind = options.training ? ReceiptKind::training : ReceiptKind::receipt;
  draft.cashier = options.cashier;
  // What comes from the shell has not passed the JSON reader: its bytes are looked at here.
  for (const std::string* text : {&options.cashier, &options.key})
    if (!valid_utf8(*text))
      return invalid("E-JSN-003", "an argument is not UTF-8", "--cashier, --key");
  for (std::size_t i = 0; i < options.items.size(); ++i) {
    if (!valid_utf8(options.items[i]))
      return invalid("E-JSN-003", "the item is not UTF-8", fmt::format("--item {}", i + 1));
    SIEGEL_TRY(LineDraft line, item_line(options.items[i], i));
    draft.lines.push_back(std::move(line));
  }
  const auto pay = [&](const std::string& amount, PaymentKind kind,
                       const char* place) -> Result<Ok> {
    if (amount.empty()) return Ok{};
    auto money = Money::parse(amount);
    if (!money) return invalid(money.error().code, money.error().detail, place);
    PaymentDraft payment;
    payment.kind = kind;
    payment.amount = *money;
    draft.payments.push_back(payment);
    return Ok{};
  };
  SIEGEL_TRY_OK(pay(options.card, PaymentKind::ec_karte, "--card"));
  SIEGEL_TRY_OK(pay(options.cash, PaymentKind::bar, "--cash"));
  return draft;
}

/// The fingerprint is of what was asked, not of how it was written.
Hash256 fingerprint_of(const SaleRequest& request) {
  return crypto::sha256({bytes_of(request.register_id.text()), bytes_of("\n"),
                         bytes_of(json::canonical(to_json_value(request.draft)))});
}

/// The document and what stands beside the draft in it.
Result<SaleRequest> request_from_json(std::string_view text, const Options& options) {
  SIEGEL_TRY(json::Value value, json::parse(text, {.bytes_max = request_bytes_max}));
  json::Object* object = value.object();
  if (object == nullptr) return invalid("E-JSN-021", "the request is not a JSON object");
  SaleRequest request;
  std::string register_id = options.register_id;
  const auto take = [&](std::string_view key, std::string& target) -> Result<Ok> {
    const json::Value* found = object->find(key);
    if (found == nullptr) return Ok{};
    if (found->string() == nullptr)
      return invalid("E-JSN-021", "a text is expected", json::pointer("", key));
    if (target.empty()) target = *found->string();
    object->remove(key);
    return Ok{};
  };
  request.key = options.key;
  SIEGEL_TRY_OK(take("register", register_id));
  SIEGEL_TRY_OK(take("key", request.key));
  SIEGEL_TRY(request.draft, draft_from_json(value));
  if (register_id.empty())
    return invalid("E-CLI-102", "no register named: use --register or the field \"register\"",
                   "/register");
  SIEGEL_TRY(request.register_id, RegisterId::parse(register_id));
  SIEGEL_TRY_OK(add_handwritten(options, request));
  return request;
}

Result<SaleRequest> request_of(const Options& options) {
  SaleRequest request;
  if (options.items.empty() && options.abort.empty()) {
    SIEGEL_TRY(const Bytes bytes, options.file.empty() || options.file == "-"
                                      ? read_stdin()
                                      : read_file(options.file, request_bytes_max));
    SIEGEL_TRY(request, request_from_json(text_of(bytes), options));
  } else {
    if (!options.file.empty())
      return invalid("E-CLI-103", "either a file or --item, not both", options.file);
    if (options.register_id.empty())
      return invalid("E-CLI-102", "no register named: use --register", "--register");
    SIEGEL_TRY(request.register_id, RegisterId::parse(options.register_id));
    SIEGEL_TRY(request.draft, draft_from_options(options));
    request.key = options.key;
    SIEGEL_TRY_OK(add_handwritten(options, request));
  }
  if (!options.abort.empty()) {
    request.draft.kind = ReceiptKind::abort;
    request.draft.payments.clear();
  }
  const std::string& vorgang = options.abort.empty() ? options.finish : options.abort;
  if (!vorgang.empty()) {
    request.flow = recorder::Sell::Flow::finish;
    request.key = vorgang;
  }
  request.actor = request.draft.cashier.empty() ? "command line" : request.draft.cashier;
  request.fingerprint = fingerprint_of(request);
  return request;
}

Exit open_vorgang(const Context& context, const Options& options) {
  const auto id = RegisterId::parse(options.register_id);
  if (!id) return context.fail(id.error());
  auto shop = Shop::open({context.data, {}}, Shop::Mode::write, {context.clock, context.random});
  if (!shop) return context.fail(shop.error());
  const auto opened = (*shop)->open_vorgang(*id, VorgangId(options.open), "command line");
  if (!opened) return context.fail(opened.error());
  const std::uint64_t transaction = opened->started ? opened->started->transaction : 0;
  json::Object document;
  document.set("vorgang", options.open);
  document.set("transaction", static_cast<std::int64_t>(transaction));
  context.show(fmt::format("Vorgang {} begun, {}.\nFinish it with: siegel sale --register \"{}\" "
                           "--finish {} --item ...\n",
                           options.open,
                           transaction == 0 ? std::string("without TSE: it does not answer")
                                            : fmt::format("TSE transaction {}", transaction),
                           id->text(), options.open),
               document);
  return Exit::success;
}

Exit update_vorgang(const Context& context, const Options& options) {
  Options plain = options;
  plain.finish = options.update;
  const auto request = request_of(plain);
  if (!request) return context.fail(request.error());
  auto shop = Shop::open({context.data, {}}, Shop::Mode::write, {context.clock, context.random});
  if (!shop) return context.fail(shop.error());
  const auto kept = (*shop)->update_vorgang(request->register_id, VorgangId(options.update),
                                            request->draft, request->actor);
  if (!kept) return context.fail(kept.error());
  json::Object document;
  document.set("vorgang", options.update);
  context.show(
      fmt::format("Vorgang {} holds {} lines now.\n", options.update, request->draft.lines.size()),
      document);
  return Exit::success;
}

/// The answer to one line of --lines.
json::Value line_answer(const std::string& key, const Result<recorder::Accepted>& answer) {
  json::Object out;
  out.set("key", key);
  if (!answer) {
    const Error& error = answer.error();
    out.set("code", error.code);
    out.set("detail", error.detail);
    out.set("outcome", outcome_of(error.kind));
    out.set("place", error.place);
    return out;
  }
  out.set("sequence", static_cast<std::int64_t>(answer->sequence));
  out.set("replayed", answer->replayed);
  if (answer->plan) out.set("receipt_number", answer->plan->receipt_number);
  if (!answer->seal) return out;
  const Seal& seal = *answer->seal;
  const bool by_tse = seal.outcome == Seal::Outcome::signed_by_tse;
  const bool is_signed = by_tse || seal.outcome == Seal::Outcome::signed_rksv;
  out.set("status", is_signed                                        ? "signed"
                    : seal.outcome == Seal::Outcome::unsigned_outage ? "unsigned_outage"
                                                                     : "not_required");
  if (by_tse) {
    out.set("transaction", static_cast<std::int64_t>(seal.transaction));
    out.set("signature_counter", static_cast<std::int64_t>(seal.signature_counter));
  }
  return out;
}

/// The key in a request that was refused, if it can be read: its sender looks for it.
std::string key_in(const std::string& line) {
  const auto value = json::parse(line, {.bytes_max = request_bytes_max});
  if (!value || value->object() == nullptr) return {};
  const json::Value* key = value->object()->find("key");
  return key == nullptr || key->string() == nullptr ? std::string() : *key->string();
}

/// One request a line on stdin, one answer a line on stdout, in the order they are done; so many at
/// once that registers share commits.
class Batch {
 public:
  Batch(const Context& context, Shop& shop, const Options& options)
      : m_context(context), m_shop(shop), m_options(options) {}

  Exit run() {
    std::string line;
    for (int c = std::getchar(); c != EOF; c = std::getchar()) {
      if (c != '\n') {
        if (line.size() <= request_bytes_max) line += static_cast<char>(c);
        continue;
      }
      if (!line.empty()) take(line);
      line.clear();
    }
    if (!line.empty()) take(line);
    {
      Lock lock(m_mutex);
      while (m_under_way > 0) m_condition.wait(lock);
    }
    show_replayed();
    tell_of_load();
    Lock lock(m_mutex);
    return m_failed ? Exit::failed : Exit::success;
  }

 private:
  static constexpr int at_once_max = 64;
  static constexpr int between_looks = 256;  ///< requests

  /// Each TSE that is too slow for its registers is told about once.
  void tell_of_load() {
    for (const recorder::DeviceLoad& load : m_shop.device_loads()) {
      if (!load.overloaded || !m_told.insert(load.device).second) continue;
      const auto state = m_shop.state();
      if (!state) return;
      if (const auto note = load_note(load, *state))
        m_context.note((m_context.german() ? note->de : note->en) + "\n");
    }
  }

  void take(const std::string& line) {
    if (++m_taken % between_looks == 0) tell_of_load();
    auto request = request_from_json(line, m_options);
    if (!request) {
      answer(key_in(line), request.error());
      return;
    }
    request->actor = request->draft.cashier.empty() ? "command line" : request->draft.cashier;
    request->fingerprint = fingerprint_of(*request);
    {
      Lock lock(m_mutex);
      while (m_under_way >= at_once_max) m_condition.wait(lock);
      ++m_under_way;
    }
    m_shop.sell_async(*request, [this, key = request->key](Result<recorder::Accepted> result) {
      if (result && result->replayed) {
        // What it was: the receipt is read from the journal, beside the recorder.
        Lock lock(m_mutex);
        m_replayed.emplace_back(key, result->sequence);
      } else {
        answer(key, result);
      }
      Lock lock(m_mutex);
      --m_under_way;
      m_condition.notify_all();
    });
    show_replayed();
  }

  void show_replayed() {
    std::vector<std::pair<std::string, std::uint64_t>> replayed;
    {
      Lock lock(m_mutex);
      replayed.swap(m_replayed);
    }
    for (const auto& [key, sequence] : replayed) {
      auto receipt = m_shop.receipt_at(sequence);
      if (!receipt) {
        answer(key, receipt.error());
        continue;
      }
      answer(key, recorder::Accepted{.sequence = sequence,
                                     .replayed = true,
                                     .plan = std::move(receipt->plan),
                                     .seal = std::move(receipt->seal),
                                     .started = {}});
    }
  }

  void answer(const std::string& key, const Result<recorder::Accepted>& result) {
    const std::string text = json::canonical(line_answer(key, result)) + "\n";
    Lock lock(m_mutex);
    if (!result) m_failed = true;
    m_context.write(text);
  }

  const Context& m_context;
  Shop& m_shop;
  const Options& m_options;
  int m_taken = 0;
  std::set<std::string> m_told;
  Mutex m_mutex;
  Condition m_condition;
  int m_under_way SIEGEL_GUARDED_BY(m_mutex) = 0;
  bool m_failed SIEGEL_GUARDED_BY(m_mutex) = false;
  std::vector<std::pair<std::string, std::uint64_t>> m_replayed SIEGEL_GUARDED_BY(m_mutex);
};

Exit sell_lines(const Context& context, const Options& options) {
  auto shop = Shop::open({context.data, {}}, Shop::Mode::write, {context.clock, context.random});
  if (!shop) return context.fail(shop.error());
  for (const Error& warning : (*shop)->warnings())
    context.note(fmt::format("{} {}\n", warning.code, warning.detail));
  return Batch(context, **shop, options).run();
}

/// Everything but the TSE and the journal.
Exit dry_run(const Context& context, const Options& options) {
  const auto request = request_of(options);
  if (!request) return context.fail(request.error());
  auto shop = Shop::open({context.data, {}}, Shop::Mode::read, {context.clock, context.random});
  if (!shop) return context.fail(shop.error());
  auto plan = (*shop)->preview(*request);
  if (!plan) return context.fail(plan.error());
  const std::string text = fmt::format(
      "Nothing was recorded. It would be {}, total {}, signed as {}:\n{}\n", plan->receipt_number,
      plan->total.text(), process_type_text(plan->process_type), plan->process_data);
  json::Object document;
  document.set("dry_run", true);
  document.set("process_data", plan->process_data);
  document.set("process_type", process_type_text(plan->process_type));
  document.set("receipt_number", plan->receipt_number);
  document.set("total", plan->total.text());
  context.show(text, document);
  return Exit::success;
}

Exit sale(const Context& context, const Options& options) {
  if (options.dry_run) return dry_run(context, options);
  if (options.lines) return sell_lines(context, options);
  if (!options.open.empty()) return open_vorgang(context, options);
  if (!options.update.empty()) return update_vorgang(context, options);
  const auto columns = columns_of(options.columns);
  if (!columns) return context.fail(columns.error());
  const auto request = request_of(options);
  if (!request) return context.fail(request.error());
  auto shop = Shop::open({context.data, {}}, Shop::Mode::write, {context.clock, context.random});
  if (!shop) return context.fail(shop.error());
  const auto state = (*shop)->state();
  if (!state) return context.fail(state.error());
  const auto answer = (*shop)->sell(*request);
  if (!answer) return context.fail(answer.error());

  const Receipt& receipt = answer->receipt;
  json::Object document;
  document.set("receipt", receipt_document(receipt, (*shop)->country(), state->profile));
  document.set("replayed", answer->replayed);
  std::string text;
  if (!options.no_print && !context.json) {
    const auto printed =
        receipt_text(receipt, (*shop)->country(), state->profile,
                     {.columns = *columns, .copy = answer->replayed}, context.ansi());
    if (!printed) return context.fail(printed.error());
    text = *printed;
  } else {
    text = fmt::format("{}\n", receipt.plan.receipt_number);
  }
  context.show(text, document);
  show_start_messages(context, **shop);
  if (const auto message = outage_message(receipt)) {
    const Language language = context.shown_language();
    context.note(fmt::format("{}: {} {}\n", message->code, message->what.in(language),
                             message->go_on.in(language)));
  }
  return Exit::success;
}

}  // namespace

void add_sale(CommandLine& line, Context& context) {
  Options& options = line.own<Options>();
  line.command("sale", "Record one receipt: decided, signed, durable, printed")
      .example("siegel sale --register KASSE-01 --item \"Brezel:2:1.80:B\" --cash 20")
      .example("siegel sale receipt.json --json")
      .example("siegel sale --register KASSE-01 --key 7f3c < receipt.json")
      .example("siegel sale --register KASSE-01 --open table-7   (later: --finish table-7)")
      .example(
          "siegel sale --register KASSE-01 --item \"Brezel:2:1.80:B\" --cash 3.60 "
          "--handwritten 17 --written-at 2026-11-20T14:05")
      .positional("file", options.file, "JSON document of the receipt; left out or -: stdin")
      .option("--register", options.register_id, "ID", "register that sells")
      .option("--key", options.key, "KEY",
              "idempotency key: repeating it never books twice (made if left out)")
      .list("--item", options.items, "TEXT:QTY:PRICE:VAT",
            "a line, VAT as letter (A 19 %, B 7 %; Austria A 20 %, B 10 %) or rate")
      .option("--cash", options.cash, "AMOUNT", "cash given; the change is computed")
      .option("--card", options.card, "AMOUNT", "paid by card")
      .option("--cashier", options.cashier, "NAME", "who served")
      .flag("--training", options.training, "a training receipt: signed, never in the sums")
      .option("--open", options.open, "ID", "begin a Vorgang now, finish it later")
      .option("--update", options.update, "ID", "keep what is rung up so far in an open Vorgang")
      .option("--finish", options.finish, "ID", "this receipt ends the open Vorgang")
      .option("--abort", options.abort, "ID", "give the open Vorgang up")
      .option("--handwritten", options.handwritten, "NUMBER",
              "a receipt written by hand while nothing worked, entered later: number of the paper")
      .option("--written-at", options.written_at, "TIME",
              "when it was written: 2026-11-20T14:05, or with an offset")
      .option("--columns", options.columns, "N", "width of the print, default 48")
      .flag("--lines", options.lines,
            "one request a line on stdin, one answer a line on stdout, many at once")
      .flag("--dry-run", options.dry_run, "say what would be decided; nothing is recorded")
      .flag("--no-print", options.no_print, "only the receipt number")
      .run([&] { return sale(context, options); });
}

}  // namespace siegel::app
