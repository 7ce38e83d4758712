#include "views/rksv_export.h"

#include <fmt/format.h>

#include <functional>
#include <map>
#include <memory>
#include <string_view>
#include <utility>

#include "country/at/export/dep7.h"
#include "crypto/hash.h"
#include "format/json_writer.h"
#include "model/codec.h"
#include "model/entries.h"
#include "model/rksv.h"

namespace siegel::views {
namespace {

using country::at::Dep131Form;
using country::at::Dep131Writer;
using country::at::Dep7Writer;
using country::at::Recorded;
using journal::Entry;
using journal::Reader;
using journal::Sequence;

constexpr std::size_t chunk_entries = 2000;
constexpr std::size_t date_length = 10;

/// Counts and hashes what passes.
class HashingSink final : public Sink {
 public:
  explicit HashingSink(Sink& to) : m_to(to) {}
  Status write(BytesView bytes) override {
    m_hash.update(bytes);
    m_bytes += bytes.size();
    return m_to.write(bytes);
  }
  [[nodiscard]] std::uint64_t bytes() const { return m_bytes; }
  [[nodiscard]] Hash256 digest() const { return m_hash.digest(); }

 private:
  Sink& m_to;
  crypto::Sha256 m_hash;
  std::uint64_t m_bytes = 0;
};

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

/// Field `index` of the code, from 1; empty if there are not so many.
std::string_view field(std::string_view payload, int index) {
  for (int i = 0; i < index; ++i) {
    const std::size_t at = payload.find('_');
    if (at == std::string_view::npos) return {};
    payload.remove_prefix(at + 1);
  }
  return payload.substr(0, payload.find('_'));
}

bool in_period(const RksvSelection& selection, std::string_view day) {
  return (!selection.first || selection.first->text() <= day) &&
         (!selection.last || day <= selection.last->text());
}

/// The devices as the journal names them so far.
class Devices {
 public:
  Status take(const Entry& entry) {
    if (entry.kind != entry_kind::signer || entry.payload_removed) return Ok{};
    SIEGEL_TRY(SignerInfo info, signer_from_json(entry.payload));
    std::string id = info.id;
    m_by_id.insert_or_assign(std::move(id), std::move(info));
    return Ok{};
  }
  [[nodiscard]] Result<const SignerInfo*> find(const std::string& id) const {
    const auto found = m_by_id.find(id);
    if (found != m_by_id.end()) return &found->second;
    return corrupt("E-RKX-101", fmt::format("the journal knows no signature device \"{}\"", id));
  }

 private:
  std::map<std::string, SignerInfo> m_by_id;
};

void count(RksvExported& done, std::string_view number, bool is_signed) {
  if (done.receipts == 0) done.first_receipt = number;
  done.last_receipt = number;
  ++done.receipts;
  if (!is_signed) ++done.unsigned_receipts;
}

/// One receipt with a code, in the order of the chain.
struct Coded {
  const Seal& seal;
  const Devices& devices;
};

/// Every receipt of the selection that has a code.
Result<RksvExported> each_code(Reader& reader, const RksvSelection& selection,
                               const std::function<Status(const Coded&)>& visit) {
  RksvExported done;
  Devices devices;
  SIEGEL_TRY(done.head, walk(reader, [&](const Entry& entry) -> Status {
               SIEGEL_TRY_OK(devices.take(entry));
               if (entry.kind != entry_kind::seal || entry.payload_removed) return Ok{};
               SIEGEL_TRY(const Seal seal, seal_from_json(entry.payload));
               const std::string_view code = seal.code_payload;
               if (code.empty() || field(code, 2) != selection.register_id ||
                   !in_period(selection, field(code, 4).substr(0, date_length))) {
                 return Ok{};
               }
               count(done, field(code, 3), !seal.signature.empty());
               return visit({.seal = seal, .devices = devices});
             }));
  return done;
}

void finish(RksvExported& done, const HashingSink& sink) {
  done.bytes = sink.bytes();
  done.sha256 = sink.digest();
}

/// Day of a receipt as DEP 131 sorts it: field 4, or the till clock where there is no code.
std::string day_of(const Plan& plan) {
  return plan.rksv ? plan.rksv->time.substr(0, date_length) : plan.decided.date().text();
}

}  // namespace

Result<RksvExported> export_dep7(Reader& reader, const RksvSelection& selection, Sink& sink) {
  HashingSink hashing(sink);
  Dep7Writer writer(hashing);
  SIEGEL_TRY(RksvExported done, each_code(reader, selection, [&](const Coded& receipt) -> Status {
               SIEGEL_TRY(const SignerInfo* signer, receipt.devices.find(receipt.seal.signer));
               return writer.add(*signer, receipt.seal.code_payload, receipt.seal.signature);
             }));
  SIEGEL_TRY_OK(writer.finish());
  finish(done, hashing);
  return done;
}

Result<RksvExported> export_codes(Reader& reader, const RksvSelection& selection, CodeForm form,
                                  Sink& sink) {
  HashingSink hashing(sink);
  std::string line = "[";
  SIEGEL_TRY(RksvExported done, each_code(reader, selection, [&](const Coded& receipt) -> Status {
               const Seal& seal = receipt.seal;
               json::append_string(line, form == CodeForm::qr
                                             ? rksv::code(seal.code_payload, seal.signature)
                                             : rksv::ocr_code(seal.code_payload, seal.signature));
               Status written = hashing.write(bytes_of(line));
               line = ",\n";
               return written;
             }));
  line = done.receipts == 0 ? "[]\n" : "]\n";
  SIEGEL_TRY_OK(hashing.write(bytes_of(line)));
  finish(done, hashing);
  return done;
}

Result<RksvExported> export_dep131(Reader& reader, const RksvSelection& selection, Dep131Form form,
                                   Sink& sink) {
  HashingSink hashing(sink);
  Dep131Writer writer(hashing, form);
  RksvExported done;
  // Plans whose seal has not come yet: a handful at most.
  std::map<std::uint64_t, std::string> open;
  SIEGEL_TRY(done.head, walk(reader, [&](const Entry& entry) -> Status {
               if (entry.payload_removed || entry.register_id != selection.register_id) return Ok{};
               if (entry.kind == entry_kind::plan) open[entry.sequence.get()] = entry.payload;
               if (entry.kind != entry_kind::seal) return Ok{};
               SIEGEL_TRY(const Seal seal, seal_from_json(entry.payload));
               const auto mine = open.extract(seal.plan_sequence);
               if (mine.empty()) return Ok{};
               SIEGEL_TRY(const Plan plan, plan_from_json(mine.mapped()));
               if (!in_period(selection, day_of(plan))) return Ok{};
               count(done, plan.receipt_number, seal.outcome != Seal::Outcome::unsigned_outage);
               return writer.add({.plan_sequence = seal.plan_sequence,
                                  .seal_sequence = entry.sequence.get(),
                                  .plan_json = mine.mapped(),
                                  .seal_json = entry.payload,
                                  .plan = plan,
                                  .seal = seal});
             }));
  SIEGEL_TRY_OK(writer.finish());
  finish(done, hashing);
  return done;
}

Result<std::vector<SignerInfo>> rksv_signers(Reader& reader) {
  std::vector<SignerInfo> all;
  SIEGEL_TRY_OK(walk(reader, [&](const Entry& entry) -> Status {
    if (entry.kind != entry_kind::signer || entry.payload_removed) return Ok{};
    SIEGEL_TRY(all.emplace_back(), signer_from_json(entry.payload));
    return Ok{};
  }));
  return all;
}

}  // namespace siegel::views
