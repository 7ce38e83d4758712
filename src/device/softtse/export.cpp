#include <fmt/format.h>

#include <limits>

#include "crypto/x509.h"
#include "device/softtse/engine.h"
#include "format/tar.h"

// Archives [TR-03153-1 6; docs/formats/tse-export.md]. These functions run in any thread: they read
// on a connection of their own, in short queries by counter, below a bound taken at the beginning.
// Messages never change and are not deleted while an export runs, so that is a snapshot without a
// long read that would keep the WAL from beginning anew.

namespace siegel::device::softtse {

namespace {

constexpr std::uint64_t counters_per_query = 1024;
constexpr std::int64_t forever = std::numeric_limits<std::int64_t>::max();

constexpr std::string_view message_query =
    "SELECT m.bytes, 0 FROM message m WHERE m.signature_counter BETWEEN ?1 AND ?2"
    " AND (m.kind <> 1 OR ((?3 < 0 OR m.transaction_number = ?3) AND (?4 < 0 OR m.client = ?4)))"
    " AND m.log_ms BETWEEN ?5 AND ?6 ORDER BY m.signature_counter";
constexpr std::string_view copy_query =
    "SELECT c.bytes, c.copy FROM message_copy c JOIN message m USING(signature_counter)"
    " WHERE c.signature_counter BETWEEN ?1 AND ?2"
    " AND (m.kind <> 1 OR ((?3 < 0 OR m.transaction_number = ?3) AND (?4 < 0 OR m.client = ?4)))"
    " AND m.log_ms BETWEEN ?5 AND ?6 ORDER BY c.signature_counter, c.copy";

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

std::string info_csv(Generation generation, std::string_view description) {
  if (generation == Generation::one) {
    return fmt::format("\"description:\",{},\"manufacturer:\",{},\"version:\",{}\n",
                       quoted(description), quoted(manufacturer_name), quoted(device_version));
  }
  std::string out;
  for (const std::string_view component :
       {"device", "storage", "integration-interface", "CSP", "SMA"}) {
    out += fmt::format(
        "\"component:\",{},\"manufacturer:\",{},\"model:\",{},\"version:\",{},"
        "\"certification-id:\",\"\"\n",
        quoted(component), quoted(manufacturer_name), quoted("softtse"), quoted(device_version));
  }
  return out + fmt::format("\"description:\",{},,,,,,,,\n", quoted(description));
}

/// Which messages, as bounds and values of the queries.
struct Bounds {
  std::uint64_t first = 1;
  std::uint64_t last = 0;
  std::int64_t transaction = -1;
  std::int64_t client = -1;
  std::int64_t time_first = 0;
  std::int64_t time_last = forever;
};

bool one_group_at_most(const TseFilter& filter) {
  const bool range = filter.transaction_first || filter.transaction_last;
  const bool time = filter.time_first || filter.time_last;
  if ((filter.transaction ? 1 : 0) + (range ? 1 : 0) + (time ? 1 : 0) > 1) return false;
  if (range && (!filter.transaction_first || !filter.transaction_last ||
                *filter.transaction_first > *filter.transaction_last)) {
    return false;
  }
  return !filter.time_first || !filter.time_last || *filter.time_first <= *filter.time_last;
}

std::uint64_t column(const sqlite::Statement& statement, int index) {
  return static_cast<std::uint64_t>(statement.integer(index));
}

/// Calls `visit(bytes, copy)` for each message within the bounds until it says stop (false).
template <class Visit>
Status each_message(sqlite::Database& database, const Bounds& bounds, const Visit& visit) {
  for (const std::string_view query : {message_query, copy_query}) {
    SIEGEL_TRY(sqlite::Statement get, database.prepare(query));
    for (std::uint64_t first = bounds.first; first <= bounds.last; first += counters_per_query) {
      const std::uint64_t last = std::min(bounds.last, first + counters_per_query - 1);
      get.bind(1, first).bind(2, last).bind(3, bounds.transaction).bind(4, bounds.client);
      get.bind(5, bounds.time_first).bind(6, bounds.time_last);
      const sqlite::ResetGuard guard(get);
      for (;;) {
        SIEGEL_TRY(const bool more, get.step());
        if (!more) break;
        SIEGEL_TRY(const bool go_on, visit(get.blob(0), static_cast<unsigned>(get.integer(1))));
        if (!go_on) return Ok{};
      }
    }
  }
  return Ok{};
}

}  // namespace

/// One export: registered as running while it lives.
struct SoftTse::Impl::Selection {
  Impl& impl;
  sqlite::Database database;
  Bounds bounds;
  bool registered = false;

  explicit Selection(Impl& of) : impl(of) {}
  Selection(const Selection&) = delete;
  Selection& operator=(const Selection&) = delete;
  ~Selection() {
    if (!registered) return;
    const Lock lock(impl.m_mutex);
    --impl.m_shared.exports_running;
  }

  Status begin() {
    const Lock lock(impl.m_mutex);
    if (!impl.generation_one() && impl.m_shared.role == role_t) {
      return impl.error(TrError::user_not_authorized, "the time admin may not export");
    }
    if (impl.m_shared.deleting) {
      return impl.error(TrError::retrieve_log_message_failed, "messages are being deleted");
    }
    ++impl.m_shared.exports_running;
    registered = true;
    return Ok{};
  }

  Status open() {
    sqlite::Options options = sqlite_options(impl.m_place);
    options.read_only = true;
    auto opened = sqlite::Database::open(options);
    if (!opened.ok()) {
      return impl.error(TrError::retrieve_log_message_failed, opened.error().detail);
    }
    database = std::move(opened).value();
    SIEGEL_TRY(sqlite::Statement get,
               database.prepare("SELECT coalesce(min(signature_counter), 1),"
                                " coalesce(max(signature_counter), 0) FROM message"));
    SIEGEL_TRY_OK(get.step());
    bounds.first = column(get, 0);
    bounds.last = column(get, 1);
    return Ok{};
  }

  Status resolve(const TseFilter& filter) {
    if (filter.client) {
      SIEGEL_TRY(sqlite::Statement get, database.prepare("SELECT id FROM client WHERE name = ?1"));
      SIEGEL_TRY(const bool found, get.bind(1, *filter.client).step());
      if (!found) {
        return impl.error(TrError::client_id_not_found,
                          fmt::format("there was never a client \"{}\"", *filter.client));
      }
      bounds.client = get.integer(0);
    }
    if (filter.transaction) {
      bounds.transaction = static_cast<std::int64_t>(*filter.transaction);
      return transactions(*filter.transaction, *filter.transaction);
    }
    if (filter.transaction_first) {
      return transactions(*filter.transaction_first, *filter.transaction_last);
    }
    if (filter.time_first) bounds.time_first = filter.time_first->unix_ms();
    if (filter.time_last) bounds.time_last = filter.time_last->unix_ms();
    return Ok{};
  }

  /// Everything between the first and the last message of these transactions.
  Status transactions(std::uint64_t first, std::uint64_t last) {
    SIEGEL_TRY(sqlite::Statement get,
               database.prepare("SELECT min(CASE start_counter WHEN 0 THEN last_counter ELSE"
                                " start_counter END), max(last_counter), count(*)"
                                " FROM tse_transaction WHERE number BETWEEN ?1 AND ?2"
                                " AND (?3 < 0 OR client = ?3)"));
    SIEGEL_TRY_OK(get.bind(1, first).bind(2, last).bind(3, bounds.client).step());
    if (get.integer(2) == 0) {
      return impl.error(TrError::transaction_number_not_found,
                        fmt::format("no transaction {} to {} is stored", first, last));
    }
    bounds.first = column(get, 0);
    bounds.last = column(get, 1);
    return Ok{};
  }

  /// E-TSE-222, E-TSE-223, before a byte is written.
  Status check_count(std::uint64_t records_max) {
    const bool must_have = !impl.generation_one();
    if (records_max == 0 && !must_have) return Ok{};
    std::uint64_t count = 0;
    SIEGEL_TRY_OK(each_message(database, bounds, [&](BytesView, unsigned) -> Result<bool> {
      ++count;
      return records_max != 0 && count <= records_max;
    }));
    if (must_have && count == 0) {
      return impl.error(TrError::no_data_available, "no message fits the filter");
    }
    if (records_max != 0 && count > records_max) {
      return impl.error(TrError::too_many_records,
                        fmt::format("more than {} messages fit the filter", records_max));
    }
    return Ok{};
  }
};

namespace {

Status add_certificates(format::TarWriter& tar, const std::vector<Bytes>& certificates,
                        std::int64_t mtime) {
  for (const Bytes& der : certificates) {
    SIEGEL_TRY(const auto certificate, crypto::Certificate::parse(der));
    SIEGEL_TRY(const auto key, certificate.public_key());
    SIEGEL_TRY_OK(tar.add(hex(key.point_hash()) + "_X509.der", der, mtime));
  }
  return Ok{};
}

}  // namespace

Result<ExportSummary> SoftTse::Impl::export_messages(const TseFilter& filter, std::uint64_t above,
                                                     Sink& sink) {
  Selection selection(*this);
  SIEGEL_TRY_OK(selection.begin());
  if (!one_group_at_most(filter)) {
    return error(TrError::parameter_mismatch,
                 "give one of: transaction, first and last transaction, times; and none of them "
                 "upside down");
  }
  SIEGEL_TRY_OK(selection.open());
  const std::uint64_t newest = selection.bounds.last;
  selection.bounds.first = std::max(selection.bounds.first, above + 1);
  SIEGEL_TRY_OK(selection.resolve(filter));
  SIEGEL_TRY_OK(selection.check_count(filter.records_max));

  const Instant now = m_environment.clock.now().wall;
  ExportSummary out{.file_name = "Export_" + time_name(m_settings.time_format, now) + ".tar"};
  std::string description;
  {
    const Lock lock(m_mutex);
    description = m_shared.description;
  }
  format::TarWriter tar(sink);
  const std::int64_t mtime = now.unix_seconds();
  SIEGEL_TRY_OK(tar.add("info.csv", bytes_of(info_csv(m_settings.generation, description)), mtime));
  SIEGEL_TRY_OK(add_certificates(tar, m_settings.certificates, mtime));
  const auto add = [&](BytesView bytes, unsigned copy) -> Result<bool> {
    SIEGEL_TRY(const ParsedMessage message, parse_message(bytes));
    SIEGEL_TRY_OK(tar.add(message.file_name(copy), bytes, mtime));
    ++out.messages;
    if (out.first_counter == 0) out.first_counter = message.counter;
    out.last_counter = std::max(out.last_counter, message.counter);
    return true;
  };
  SIEGEL_TRY_OK(each_message(selection.database, selection.bounds, add));
  SIEGEL_TRY_OK(tar.finish());
  const bool complete = !filter.transaction && !filter.transaction_first && !filter.time_first &&
                        !filter.time_last && !filter.client;
  const Lock lock(m_mutex);
  if (complete && above <= m_shared.exported_up_to) {
    m_shared.exported_up_to = std::max(m_shared.exported_up_to, newest);
  }
  return out;
}

Result<ExportSummary> SoftTse::Impl::export_certificates(Sink& sink) {
  Selection selection(*this);
  SIEGEL_TRY_OK(selection.begin());
  const Instant now = m_environment.clock.now().wall;
  format::TarWriter tar(sink);
  SIEGEL_TRY_OK(add_certificates(tar, m_settings.certificates, now.unix_seconds()));
  SIEGEL_TRY_OK(tar.finish());
  return ExportSummary{.file_name =
                           "CertificateExport_" + time_name(m_settings.time_format, now) + ".tar"};
}

}  // namespace siegel::device::softtse
