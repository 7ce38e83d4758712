#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "app/doctor/subject.h"

namespace siegel::app {
namespace {

/// Asks `look` of each TSE that has answered; nothing if none has.
template <class Look>
Looked each(Subject& subject, const char* good_de, const char* good_en, Look look) {
  Collected out;
  bool any = false;
  for (const AskedTse& tse : subject.tses()) {
    if (!tse.status) continue;
    any = true;
    look(tse, *tse.status, out);
  }
  if (!any) return {};
  return std::move(out).finding(good_de, good_en);
}

std::int64_t days_until(Instant then, Instant now) {
  return std::chrono::duration_cast<std::chrono::hours>(then - now).count() / 24;
}

Looked present(Subject& subject) {
  if (!subject.german()) return {};
  const std::size_t count = subject.tses().size();
  return found(count == 0 ? Health::failure : Health::ok, fmt::format("{} TSE in Betrieb", count),
               fmt::format("{} TSEs in operation", count));
}

Looked answers(Subject& subject) {
  if (subject.tses().empty()) return {};
  Collected out;
  for (const AskedTse& tse : subject.tses()) {
    if (!tse.error) continue;
    const Health state = subject.writing() ? Health::failure : Health::unknown;
    const std::string text =
        fmt::format("{}: {} {}", tse.info.id, tse.error->code, tse.error->detail);
    out.add(state, text, text);
  }
  return std::move(out).finding("antwortet", "answers");
}

Looked active(Subject& subject) {
  return each(subject, "bereit zu signieren", "ready to sign",
              [](const AskedTse& tse, const device::TseStatus& status, Collected& out) {
                if (status.state == "active") return;
                const std::string text = fmt::format("{}: {}", tse.info.id, status.state);
                out.add(Health::failure, text, text);
              });
}

Looked certified(Subject& subject) {
  if (subject.tses().empty()) return {};
  Collected out;
  for (const AskedTse& tse : subject.tses())
    if (!tse.info.certified)
      out.add(Health::warning, tse.info.id + " ist nicht zertifiziert",
              tse.info.id + " is not certified");
  return std::move(out).finding("zertifiziert", "certified");
}

Looked certificate(Subject& subject) {
  return each(subject, "noch länger als 180 Tage gültig", "valid for more than 180 days",
              [&](const AskedTse& tse, const device::TseStatus& status, Collected& out) {
                constexpr std::int64_t far = 180;
                constexpr std::int64_t near = 30;
                const std::int64_t days = days_until(status.certificate_until, subject.now());
                if (days > far) return;
                const std::string date = status.certificate_until.text().substr(0, 10);
                out.add(days <= near ? Health::failure : Health::warning,
                        fmt::format("{} endet am {} ({} Tage)", tse.info.id, date, days),
                        fmt::format("{} ends on {} ({} days)", tse.info.id, date, days));
              });
}

Looked signatures(Subject& subject) {
  return each(subject, "genug Signaturen frei", "enough signatures left",
              [](const AskedTse& tse, const device::TseStatus& status, Collected& out) {
                const std::uint64_t all = status.signature_counter + status.signatures_left;
                if (status.signatures_left > all / 10) return;
                out.add(status.signatures_left > all / 50 ? Health::warning : Health::failure,
                        fmt::format("{}: noch {} Signaturen", tse.info.id, status.signatures_left),
                        fmt::format("{}: {} signatures left", tse.info.id, status.signatures_left));
              });
}

Looked storage(Subject& subject) {
  return each(subject, "genug Speicher frei", "enough storage free",
              [](const AskedTse& tse, const device::TseStatus& status, Collected& out) {
                if (status.storage_bytes == 0) return;
                const std::uint64_t percent =
                    status.storage_used_bytes * 100 / status.storage_bytes;
                if (percent < 80) return;
                out.add(percent < 95 ? Health::warning : Health::failure,
                        fmt::format("{}: {} % belegt", tse.info.id, percent),
                        fmt::format("{}: {} % used", tse.info.id, percent));
              });
}

/// Every register that signs on a TSE is its client.
Looked clients(Subject& subject) {
  return each(
      subject, "jede Kasse ist angemeldet", "every register is registered",
      [&](const AskedTse& tse, const device::TseStatus& status, Collected& out) {
        for (const auto& [id, reg] : subject.state()->registers) {
          if (reg.info.tse_serial != tse.info.serial) continue;
          if (std::find(status.clients.begin(), status.clients.end(), id) != status.clients.end())
            continue;
          out.add(Health::failure, fmt::format("{} fehlt an {}", id, tse.info.id),
                  fmt::format("{} is not known to {}", id, tse.info.id));
        }
      });
}

Looked client_limit(Subject& subject) {
  return each(
      subject, "Platz für weitere Kassen", "room for more registers",
      [](const AskedTse& tse, const device::TseStatus& status, Collected& out) {
        if (status.clients_max == 0 || status.clients.size() < status.clients_max) return;
        out.add(
            Health::warning,
            fmt::format("{}: {} von {}", tse.info.id, status.clients.size(), status.clients_max),
            fmt::format("{}: {} of {}", tse.info.id, status.clients.size(), status.clients_max));
      });
}

/// More than the registers have open by their own account.
Looked open_transactions(Subject& subject) {
  return each(subject, "keine offene Transaktion ohne Vorgang",
              "no open transaction without a Vorgang",
              [&](const AskedTse& tse, const device::TseStatus& status, Collected& out) {
                const std::uint64_t known = subject.state()->vorgaenge.size() +
                                            subject.state()->unsealed.size() +
                                            subject.state()->left_open.size();
                const bool full = status.open_transactions_max > 0 &&
                                  status.open_transactions * 10 >= status.open_transactions_max * 9;
                if (status.open_transactions <= known && !full) return;
                out.add(full ? Health::failure : Health::warning,
                        fmt::format("{}: {} offen, {} davon bekannt", tse.info.id,
                                    status.open_transactions, known),
                        fmt::format("{}: {} open, {} of them known", tse.info.id,
                                    status.open_transactions, known));
              });
}

Looked self_test(Subject& subject) {
  return each(subject, "der Selbsttest ist nicht fällig", "the self-test is not due",
              [](const AskedTse& tse, const device::TseStatus& status, Collected& out) {
                if (status.self_test_due)
                  out.add(Health::warning, tse.info.id + ": fällig", tse.info.id + ": due");
              });
}

/// What the journal has seen the device use; less is another device, or an old copy of this one.
Looked counters(Subject& subject) {
  return each(subject, "nicht kleiner als im Journal", "not less than in the journal",
              [&](const AskedTse& tse, const device::TseStatus& status, Collected& out) {
                std::uint64_t transaction = 0;
                for (const auto& [id, reg] : subject.state()->registers)
                  if (const auto last = reg.transactions.find(tse.info.serial);
                      last != reg.transactions.end())
                    transaction = std::max(transaction, last->second);
                if (status.transaction_counter >= transaction) return;
                out.add(Health::failure,
                        fmt::format("{}: Transaktion {}, das Journal kennt {}", tse.info.id,
                                    status.transaction_counter, transaction),
                        fmt::format("{}: transaction {}, the journal knows {}", tse.info.id,
                                    status.transaction_counter, transaction));
              });
}

constexpr Check checks[] = {
    {"tse.present", "TSE", "TSE", "Eine TSE in Betrieb nehmen.", "Put a TSE into operation.",
     present},
    {"tse.answers", "Antwort der TSE", "Answer of the TSE",
     "Anschluss prüfen, TSE neu einstecken; die Kasse verkauft derweil mit Hinweis weiter.",
     "Check the connection, plug the TSE in again; meanwhile the shop sells with a note.", answers},
    {"tse.state", "Zustand der TSE", "State of the TSE",
     "Gesperrt: entsperren. Stillgelegt: eine neue TSE in Betrieb nehmen.",
     "Locked: unlock it. Disabled: put a new TSE into operation.", active},
    {"tse.certified", "Zertifizierung", "Certification",
     "Für den echten Betrieb eine zertifizierte TSE verwenden.",
     "Use a certified TSE for real business.", certified},
    {"tse.certificate", "Zertifikat der TSE", "Certificate of the TSE",
     "Rechtzeitig eine neue TSE bestellen und in Betrieb nehmen.",
     "Order a new TSE in time and put it into operation.", certificate},
    {"tse.signatures", "Freie Signaturen", "Signatures left", "Eine neue TSE bestellen.",
     "Order a new TSE.", signatures},
    {"tse.storage", "Speicher der TSE", "Storage of the TSE",
     "Exportieren und archivieren; wenn das Gerät es kann, danach löschen; sonst eine neue TSE.",
     "Export and archive; delete afterwards if the device can; else a new TSE.", storage},
    {"tse.clients", "Kassen an der TSE", "Registers at the TSE",
     "Die Kasse an der TSE anmelden (`siegel register add ... --replace`).",
     "Register it at the TSE (`siegel register add ... --replace`).", clients},
    {"tse.client_limit", "Platz für Kassen", "Room for registers",
     "Eine zweite TSE in Betrieb nehmen, bevor eine Kasse dazukommt.",
     "Put a second TSE into operation before a register is added.", client_limit},
    {"tse.open_transactions", "Offene Transaktionen", "Open transactions",
     "Beim nächsten Start werden sie als Abbruch beendet; bleibt es so, den Support rufen.",
     "They are ended as aborts at the next start; if it stays so, call support.",
     open_transactions},
    {"tse.self_test", "Selbsttest der TSE", "Self-test of the TSE", "`siegel tse selftest`",
     "`siegel tse selftest`", self_test},
    {"tse.counters", "Zähler von TSE und Journal", "Counters of TSE and journal",
     "Eine andere oder zurückgesetzte TSE: nicht verkaufen, die richtige anschließen.",
     "Another TSE, or one that was set back: do not sell, connect the right one.", counters},
};

}  // namespace

std::span<const Check> tse_checks() { return checks; }

}  // namespace siegel::app
