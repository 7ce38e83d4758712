#include <fmt/format.h>

#include <string>
#include <vector>

#include "app/shop/closings.h"
#include "app/shop/shop.h"
#include "report.h"
#include "verify/journal/day.h"

// Closing a day of a thousand receipts: the closing itself and its sums made again from the
// entries, beside reading the same entries once.

namespace siegel::bench {
namespace {

constexpr int receipts = 1000;
constexpr std::size_t chunk_entries = 2000;

/// Visits the entries of the day.
template <class Visit>
Status read_day(app::Shop& shop, std::uint64_t first, const Visit& visit) {
  SIEGEL_TRY(const auto reader, shop.reader());
  journal::Sequence next(first);
  while (true) {
    SIEGEL_TRY(const auto entries, reader->read(next, chunk_entries));
    if (entries.empty()) return Ok{};
    for (const journal::Entry& entry : entries) visit(entry);
    next = journal::Sequence(entries.back().sequence.get() + 1);
  }
}

Status sell_day(app::Shop& shop, const RegisterId& id, int day) {
  for (int i = 0; i < receipts; ++i) {
    app::SaleRequest sale{.register_id = id, .key = fmt::format("{}-{}", day, i), .actor = "bench"};
    for (const char* vat : {"A", "B", "B"}) {
      LineDraft line;
      line.text = "Brezel";
      line.amount = Money::from_cents(180 + i % 50);
      line.vat = vat;
      sale.draft.lines.push_back(std::move(line));
    }
    PaymentDraft cash;
    cash.amount = Money::from_cents(1000);
    sale.draft.payments = {cash};
    SIEGEL_TRY_OK(shop.sell(sale));
  }
  return Ok{};
}

Result<std::unique_ptr<app::Shop>> open_shop(const std::filesystem::path& folder,
                                             const RegisterId& id) {
  const app::Environment environment{system_clock(), system_random()};
  Business business;
  business.name = "Bench";
  business.street = "Weg 1";
  business.postcode = "10115";
  business.city = "Berlin";
  business.vat_id = "DE123456788";
  SIEGEL_TRY_OK(app::Shop::create({{folder, {}}, business, {}, {}}, environment));
  SIEGEL_TRY(auto shop, app::Shop::open({folder, {}}, app::Shop::Mode::write, environment));
  SIEGEL_TRY(const TseInfo tse, shop->create_tse({}, "bench"));
  SIEGEL_TRY_OK(shop->add_register({id, "Kasse 1", tse.serial}, false, "bench"));
  return shop;
}

Status run(const Settings& settings, Report& report) {
  SIEGEL_TRY(const RegisterId id, RegisterId::parse("KASSE-01"));
  SIEGEL_TRY(const auto shop, open_shop(fresh_folder(settings, "closing") / "data", id));
  std::vector<double> closing_ms;
  std::vector<double> reading_ms;
  std::vector<double> checked_ms;
  for (int day = 0; day < settings.runs; ++day) {
    SIEGEL_TRY_OK(sell_day(*shop, id, day));
    const double begin = seconds_now();
    SIEGEL_TRY(const app::DayClosed closed,
               shop->close_day(id, fmt::format("z-{}", day), {}, "bench"));
    SIEGEL_TRY(const app::ClosingView view, app::load_closing_at(*shop, closed.sequence));
    verify::journal::DayCheck sums(view.register_info, {}, {});
    SIEGEL_TRY_OK(read_day(*shop, view.closing.first_sequence, [&](const journal::Entry& entry) {
      if (entry.sequence.get() < closed.sequence)
        sums.take(entry.sequence.get(), entry.kind, entry.register_id, entry.payload);
    }));
    const verify::Report found = sums.finish(view.closing, closed.sequence);
    closing_ms.push_back((seconds_now() - begin) * 1000);
    if (found.count("JRN-0903") != 0) return corrupt("E-MOD-101", "the sums of the day are wrong");

    const double read_begin = seconds_now();
    std::size_t bytes = 0;
    SIEGEL_TRY_OK(read_day(*shop, view.closing.first_sequence,
                           [&](const journal::Entry& entry) { bytes += entry.payload.size(); }));
    reading_ms.push_back((seconds_now() - read_begin) * 1000);
    if (bytes == 0) return corrupt("E-MOD-101", "nothing was read");

    const double check_begin = seconds_now();
    SIEGEL_TRY(const app::SelfCheck check, app::self_check(*shop, view));
    checked_ms.push_back((seconds_now() - check_begin) * 1000);
    if (check.report.verdict() == verify::Verdict::fail)
      return corrupt("E-MOD-101", "the self-check found something");
  }
  report.add({.name = "close a day of 1,000 receipts",
              .unit = "ms",
              .value = median(closing_ms),
              .bare = median(reading_ms),
              .at_least = {},
              .at_most = 5.0,
              .ratio = {},
              .note = "with its sums made again; beside reading its entries once"});
  report.add({.name = "  self-check with its signatures",
              .unit = "ms",
              .value = median(checked_ms),
              .bare = {},
              .at_least = {},
              .at_most = {},
              .ratio = {},
              .note = {}});
  return Ok{};
}

}  // namespace

void bench_closing(const Settings& settings, Report& report) {
  if (const Status done = run(settings, report); !done.ok())
    report.failed("closing", done.error().detail);
}

}  // namespace siegel::bench
