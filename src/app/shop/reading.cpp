#include <fmt/format.h>

#include <utility>

#include "app/shop/open_shop.h"
#include "app/shop/snapshot.h"

namespace siegel::app {

Result<std::unique_ptr<journal::Reader>> OpenShop::reader() {
  return m_journal ? m_journal->reader() : make_journal_reader(m_place);
}

Result<recorder::State> OpenShop::state() {
  if (m_engine) return m_engine->state();
  SIEGEL_TRY(auto entries, reader());
  return load_state(snapshot_file(), *entries);
}

Result<Plan> OpenShop::preview(const SaleRequest& request) {
  SIEGEL_TRY(const recorder::State known, state());
  const auto reg = known.registers.find(request.register_id.text());
  if (reg == known.registers.end())
    return not_found("E-REG-104",
                     fmt::format("register {} is not known", request.register_id.text()),
                     "/register");
  if (!known.business)
    return conflict("E-REG-106", "name and address of the business are not set yet");
  SIEGEL_TRY(const LocalStamp now,
             LocalStamp::from(m_environment.clock.now().wall, known.business->time_zone));
  SIEGEL_TRY(const recorder::Lookup lookup,
             look_up(request.register_id, request.key, &request.draft));
  const auto tse = known.tses.find(reg->second.info.tse_serial);
  country::RksvFacts rksv;
  crypto::SecretBytes key;
  if (const auto& state_of = reg->second.rksv) {
    if (auto found = aes_key(request.register_id)) key = std::move(*found);
    rksv = {.counter = state_of->counter,
            .chaining = state_of->chaining,
            .last_time = state_of->last_time,
            .started = state_of->start.has_value(),
            .ended = state_of->ended,
            .aes_key = key.empty() ? nullptr : &key};
  }
  return m_country->decide(request.draft,
                           {.now = now,
                            .business = known.business_of(reg->second),
                            .business_sequence = reg->second.business_sequence,
                            .register_info = reg->second.info,
                            .tse = tse == known.tses.end() ? nullptr : &tse->second,
                            .profile = known.profile,
                            .next_number = reg->second.next_number,
                            .vorgang = VorgangId(request.key),
                            .began = now,
                            .transaction = 0,
                            .original = lookup.original ? &*lookup.original : nullptr,
                            .original_reversed = lookup.original_reversed,
                            .rksv = reg->second.rksv ? &rksv : nullptr,
                            .next_stock_number = reg->second.next_stock_number});
}

Result<Receipt> OpenShop::receipt(const std::string& receipt_number) {
  return with_reader([&](journal::Reader& entries) -> Result<Receipt> {
    SIEGEL_TRY(const auto row, m_index->receipts().find(entries, receipt_number));
    if (!row)
      return not_found("E-SAL-543", fmt::format("there is no receipt \"{}\"", receipt_number));
    return m_index->receipts().load(entries, row->plan_sequence);
  });
}

Result<Receipt> OpenShop::receipt_at(std::uint64_t plan_sequence) {
  return with_reader([&](journal::Reader& entries) {
    return m_index->receipts().load(entries, journal::Sequence(plan_sequence));
  });
}

Result<std::vector<views::ReceiptRow>> OpenShop::receipts(const views::ReceiptFilter& filter,
                                                          std::size_t limit) {
  return with_reader([&](journal::Reader& entries) {
    return m_index->receipts().list(entries, filter, limit, {});
  });
}

}  // namespace siegel::app
