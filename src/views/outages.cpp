#include "views/outages.h"

#include <map>
#include <set>
#include <utility>

#include "base/check.h"
#include "model/codec.h"
#include "model/entries.h"
#include "views/messages.h"
#include "views/outage_codes.h"

namespace siegel::views {
namespace {

using journal::Entry;
using journal::Reader;
using journal::Sequence;
using Visit = std::function<Status(const OutageRow&)>;

constexpr std::size_t chunk_entries = 2000;

/// Calls `visit` with every entry up to the head of now.
Result<journal::Head> walk(Reader& reader, const std::function<Status(const Entry&)>& visit) {
  SIEGEL_TRY(const journal::Head head, reader.head());
  for (std::uint64_t next = 1; next <= head.sequence.get();) {
    SIEGEL_TRY(const std::vector<Entry> entries, reader.read(Sequence(next), chunk_entries));
    if (entries.empty()) break;
    for (const Entry& entry : entries) {
      if (entry.sequence > head.sequence) return head;
      SIEGEL_TRY_OK(visit(entry));
    }
    next = entries.back().sequence.get() + 1;
  }
  return head;
}

/// Of the thousands of seals only these are read. A quote inside of a text is escaped in JSON, so
/// nothing else can look like this.
bool is_unsigned(const Entry& seal) {
  return seal.payload.find(R"("outcome":"unsigned_outage")") != std::string::npos;
}

/// The receipt a seal or a late signature belongs to; empty if its payload was removed.
Result<std::optional<Plan>> plan_at(Reader& reader, std::uint64_t sequence) {
  SIEGEL_TRY(const std::vector<Entry> found, reader.read(Sequence(sequence), 1));
  if (found.empty() || found.front().payload_removed || found.front().kind != entry_kind::plan)
    return std::optional<Plan>();
  SIEGEL_TRY(Plan plan, plan_from_json(found.front().payload));
  return std::optional<Plan>(std::move(plan));
}

/// Makes records of entries: what is known of master data and open outages so far.
class Teller {
 public:
  Teller(Reader& reader, const Visit& visit) : m_reader(reader), m_visit(visit) {}

  Status take(const Entry& entry) {
    if (entry.payload_removed) return Ok{};
    const std::string_view kind = entry.kind;
    if (kind == entry_kind::seal) return is_unsigned(entry) ? take_seal(entry) : flush();
    // A TSE is asked when the plan is durable: one that comes after the begin has not noticed it. A
    // signature device is asked before, there the plan stands between the begin and its seal.
    if (kind == entry_kind::plan)
      return m_begin && !m_signers.contains(m_begin->device) ? flush() : Ok{};
    if (kind == entry_kind::started) return take_started(entry);
    // A begin waits for the receipt or Vorgang it was noticed by, which stands right behind it.
    SIEGEL_TRY_OK(flush());
    if (kind == entry_kind::outage_begin) return take_begin(entry);
    if (kind == entry_kind::outage_end) return take_end(entry);
    if (kind == entry_kind::outage_note) return take_note(entry);
    if (kind == entry_kind::late_signature) return take_late(entry);
    if (kind == entry_kind::tse_switch) return take_switch(entry);
    return take_master(entry);
  }

  Status flush() {
    if (!m_begin) return Ok{};
    const OutageRow row = *std::exchange(m_begin, std::nullopt);
    return m_visit(row);
  }

 private:
  struct Named {
    std::string manufacturer;
    std::string serial;
  };
  struct Open {
    std::uint64_t number = 0;
    LocalStamp since;
    std::string code;
    std::string text;
  };

  Status take_master(const Entry& entry) {
    if (entry.kind == entry_kind::business) {
      SIEGEL_TRY(const Business business, business_from_json(entry.payload));
      m_client = business.name;
      m_zone = business.time_zone;
    } else if (entry.kind == entry_kind::tse) {
      SIEGEL_TRY(const TseInfo info, tse_from_json(entry.payload));
      m_devices[info.serial] = {info.manufacturer, info.serial};
    } else if (entry.kind == entry_kind::signer) {
      SIEGEL_TRY(const SignerInfo info, signer_from_json(entry.payload));
      m_devices[info.id] = {info.provider, info.serial};
      m_signers.insert(info.id);
    } else if (entry.kind == entry_kind::register_) {
      SIEGEL_TRY(const RegisterInfo info, register_from_json(entry.payload));
      m_printers[info.id.text()] = info.printer;
    }
    return Ok{};
  }

  /// A record of that device, of its open outage.
  Result<OutageRow> row_of(OutageEvent event, const Entry& entry, const std::string& device,
                           Instant at) const {
    OutageRow row;
    row.event = event;
    row.sequence = entry.sequence;
    row.device = device;
    row.client = m_client;
    row.actor = entry.actor;
    row.serial = device;
    if (device.starts_with(printer_prefix)) row.printer = device.substr(printer_prefix.size());
    if (device.starts_with(register_prefix))
      row.register_id = device.substr(register_prefix.size());
    if (const auto named = m_devices.find(device); named != m_devices.end()) {
      row.manufacturer = named->second.manufacturer;
      row.serial = named->second.serial;
    }
    SIEGEL_TRY(row.at, LocalStamp::from(at, m_zone));
    if (const auto open = m_open.find(device); open != m_open.end()) {
      row.number = open->second.number;
      row.since = open->second.since;
      row.code = open->second.code;
      row.text = open->second.text;
    }
    return row;
  }

  Status take_begin(const Entry& entry) {
    SIEGEL_TRY(const OutageBegan began, outage_began_from_json(entry.payload));
    SIEGEL_TRY(const LocalStamp since, LocalStamp::from(began.since, m_zone));
    m_open[began.tse_serial] = {began.number, since, began.code, began.text};
    SIEGEL_TRY(m_begin, row_of(OutageEvent::began, entry, began.tse_serial, began.since));
    return Ok{};
  }

  Status take_end(const Entry& entry) {
    SIEGEL_TRY(const OutageEnded ended, outage_ended_from_json(entry.payload));
    SIEGEL_TRY(OutageRow row, row_of(OutageEvent::ended, entry, ended.tse_serial, ended.until));
    row.number = ended.number;
    row.receipts = ended.receipts;
    row.code = code_ended;
    row.text.clear();
    m_open.erase(ended.tse_serial);
    return m_visit(row);
  }

  /// Who stood at the till when the failure was noticed.
  Status flush_noticed(const OutageRow& by) {
    if (m_begin && m_begin->device == by.device && m_begin->number == by.number) {
      m_begin->register_id = by.register_id;
      m_begin->cashier = by.cashier;
      m_begin->printer = by.printer;
    }
    return flush();
  }

  Status take_seal(const Entry& entry) {
    SIEGEL_TRY(const Seal seal, seal_from_json(entry.payload));
    const std::string& device = seal.signer.empty() ? seal.tse_serial : seal.signer;
    SIEGEL_TRY(OutageRow row, row_of(OutageEvent::receipt, entry, device, entry.at));
    SIEGEL_TRY(const LocalStamp since, LocalStamp::from(seal.outage_since, m_zone));
    row.since = since;
    row.number = seal.outage_number;
    row.receipt = seal.outage_receipt;
    row.code = seal.error_code;
    row.text = seal.error_text;
    row.register_id = entry.register_id;
    row.printer = printer_of(entry.register_id);
    SIEGEL_TRY(const std::optional<Plan> plan, plan_at(m_reader, seal.plan_sequence));
    if (plan) {
      row.at = plan->decided;
      row.receipt_number = plan->receipt_number;
      row.cashier = plan->cashier;
    }
    SIEGEL_TRY_OK(flush_noticed(row));
    return m_visit(row);
  }

  Status take_started(const Entry& entry) {
    SIEGEL_TRY(const VorgangStarted started, vorgang_started_from_json(entry.payload));
    // Without a device, or of a signature device, nothing is started.
    if (started.transaction != 0 || started.tse_serial.empty()) return flush();
    SIEGEL_TRY(OutageRow row, row_of(OutageEvent::start, entry, started.tse_serial, entry.at));
    row.register_id = entry.register_id;
    row.vorgang = started.vorgang.get();
    row.code = started.error_code;
    SIEGEL_TRY_OK(flush_noticed(row));
    return m_visit(row);
  }

  Status take_late(const Entry& entry) {
    SIEGEL_TRY(const LateSignature late, late_signature_from_json(entry.payload));
    SIEGEL_TRY(OutageRow row,
               row_of(OutageEvent::late_signature, entry, late.tse_serial, entry.at));
    row.code = code_late_signature;
    row.text.clear();
    row.register_id = entry.register_id;
    row.transaction = late.transaction;
    row.signature_counter = late.signature_counter;
    SIEGEL_TRY(const std::optional<Plan> plan, plan_at(m_reader, late.plan_sequence));
    if (plan) {
      row.receipt_number = plan->receipt_number;
      row.cashier = plan->cashier;
    }
    return m_visit(row);
  }

  Status take_note(const Entry& entry) {
    SIEGEL_TRY(const OutageNote note, outage_note_from_json(entry.payload));
    SIEGEL_TRY(OutageRow row, row_of(OutageEvent::note, entry, note.tse_serial, entry.at));
    if (row.number != note.number) row.since.reset();
    row.number = note.number;
    row.code = code_note;
    row.text.clear();
    row.reason = note.reason;
    row.steps = note.steps;
    return m_visit(row);
  }

  Status take_switch(const Entry& entry) {
    SIEGEL_TRY(const TseSwitch change, tse_switch_from_json(entry.payload));
    SIEGEL_TRY(OutageRow row, row_of(OutageEvent::switched, entry, change.tse_serial, entry.at));
    // The outage that begins or ends by it is told of by its own rows.
    row.number = 0;
    row.since.reset();
    switch (change.mode) {
      case TseSwitch::Mode::on:
        row.code = code_switched_on;
        break;
      case TseSwitch::Mode::off:
        row.code = code_switched_off;
        break;
      case TseSwitch::Mode::emergency:
        row.code = code_emergency;
        break;
    }
    row.text = word_of(change.mode);
    row.reason = change.reason;
    return m_visit(row);
  }

  [[nodiscard]] std::string printer_of(const std::string& register_id) const {
    const auto found = m_printers.find(register_id);
    return found == m_printers.end() ? std::string() : found->second;
  }

  Reader& m_reader;
  const Visit& m_visit;
  std::string m_client;
  std::string m_zone = "Europe/Berlin";
  std::map<std::string, Named> m_devices;
  std::set<std::string> m_signers;  // ids of signature devices
  std::map<std::string, Open> m_open;
  std::map<std::string, std::string> m_printers;  // by register
  std::optional<OutageRow> m_begin;
};

bool in_period(const OutageFilter& filter, const Date& day) {
  return (!filter.first || *filter.first <= day) && (!filter.last || day <= *filter.last);
}

bool of_outage(const OutageFilter& filter, const std::string& device, std::uint64_t number) {
  return (!filter.device || *filter.device == device) &&
         (!filter.number || *filter.number == number);
}

Result<journal::Head> visit_all(Reader& reader, const Visit& visit) {
  Teller teller(reader, visit);
  SIEGEL_TRY(const journal::Head head,
             walk(reader, [&](const Entry& entry) { return teller.take(entry); }));
  SIEGEL_TRY_OK(teller.flush());
  return head;
}

using OutageId = std::pair<std::string, std::uint64_t>;

/// Notes come when their outage has long been told of.
Result<std::map<OutageId, std::uint64_t>> count_notes(Reader& reader) {
  std::map<OutageId, std::uint64_t> notes;
  SIEGEL_TRY_OK(walk(reader, [&](const Entry& entry) -> Status {
    if (entry.kind != entry_kind::outage_note || entry.payload_removed) return Ok{};
    SIEGEL_TRY(const OutageNote note, outage_note_from_json(entry.payload));
    ++notes[{note.tse_serial, note.number}];
    return Ok{};
  }));
  return notes;
}

}  // namespace

std::string_view word_of(OutageEvent event) {
  switch (event) {
    case OutageEvent::began:
      return "began";
    case OutageEvent::receipt:
      return "receipt";
    case OutageEvent::start:
      return "start";
    case OutageEvent::late_signature:
      return "late_signature";
    case OutageEvent::note:
      return "note";
    case OutageEvent::ended:
      return "ended";
    case OutageEvent::switched:
      return "switched";
  }
  return {};
}

Result<journal::Head> visit_outages(Reader& reader, const OutageFilter& filter,
                                    const Visit& visit) {
  return visit_all(reader, [&](const OutageRow& row) -> Status {
    if (!of_outage(filter, row.device, row.number) || !in_period(filter, row.at.date()))
      return Ok{};
    return visit(row);
  });
}

Result<journal::Head> list_outages(Reader& reader, const OutageFilter& filter,
                                   const std::function<Status(const Outage&)>& visit) {
  SIEGEL_TRY(const auto notes, count_notes(reader));
  std::map<std::string, Outage> open;
  const auto tell = [&](Outage outage) -> Status {
    if (!of_outage(filter, outage.device, outage.number) ||
        (filter.last && outage.since.date() > *filter.last) ||
        (filter.first && outage.until && outage.until->date() < *filter.first))
      return Ok{};
    if (const auto found = notes.find({outage.device, outage.number}); found != notes.end())
      outage.notes = found->second;
    return visit(outage);
  };
  SIEGEL_TRY(const journal::Head head, visit_all(reader, [&](const OutageRow& row) -> Status {
               if (row.event == OutageEvent::began) {
                 open[row.device] = {.device = row.device,
                                     .manufacturer = row.manufacturer,
                                     .serial = row.serial,
                                     .number = row.number,
                                     .since = row.at,
                                     .until = {},
                                     .code = row.code,
                                     .text = row.text};
                 return Ok{};
               }
               const auto found = open.find(row.device);
               if (found == open.end() || row.number != found->second.number) return Ok{};
               Outage& outage = found->second;
               if (row.event == OutageEvent::receipt) ++outage.receipts;
               if (row.event == OutageEvent::start) ++outage.starts;
               if (row.event == OutageEvent::late_signature) ++outage.late_signatures;
               if (row.event != OutageEvent::ended) return Ok{};
               outage.until = row.at;
               Outage ended = std::move(outage);
               open.erase(found);
               return tell(std::move(ended));
             }));
  for (auto& [device, outage] : open) SIEGEL_TRY_OK(tell(std::move(outage)));
  return head;
}

}  // namespace siegel::views
