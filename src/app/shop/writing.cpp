#include <fmt/format.h>

#include <future>
#include <utility>

#include "app/shop/open_shop.h"
#include "format/json.h"
#include "model/codec.h"

namespace siegel::app {

Result<Ok> OpenShop::need_writing() const {
  if (!m_engine) return conflict("E-DAT-005", "the data folder is open for reading only");
  return Ok{};
}

Result<recorder::Lookup> OpenShop::look_up(const RegisterId& register_id, const std::string& key,
                                           const ReceiptDraft* draft) {
  recorder::Lookup lookup;
  SIEGEL_TRY(const auto known, m_index->keys().find(register_id.text(), key));
  lookup.position = known.position.get();
  if (known.found) lookup.key = {known.found->sequence.get(), known.found->fingerprint};
  if (draft == nullptr || draft->kind != ReceiptKind::reversal) return lookup;
  return with_reader([&](journal::Reader& entries) -> Result<recorder::Lookup> {
    SIEGEL_TRY(const auto row, m_index->receipts().find(entries, draft->reverses));
    if (!row) return lookup;
    SIEGEL_TRY(Receipt original, m_index->receipts().load(entries, row->plan_sequence));
    lookup.original = std::move(original.plan);
    lookup.original_reversed = row->reversed_by.get() != 0;
    return lookup;
  });
}

Result<recorder::Accepted> OpenShop::call(const std::string& actor, runtime::Engine::Body body) {
  SIEGEL_TRY_OK(need_writing());
  SIEGEL_TRY_OK(check_clock());
  // A closing brings master data into force.
  if (!std::holds_alternative<recorder::Master>(body) &&
      !std::holds_alternative<recorder::Close>(body))
    return m_engine->call(actor, std::move(body));
  m_masters.change_begins();
  auto accepted = m_engine->call(actor, std::move(body));
  if (!accepted) look_at(accepted.error());
  if (accepted) {
    m_masters.change_ends(accepted->sequence);
  } else if (accepted.error().kind == ErrorKind::invalid ||
             accepted.error().kind == ErrorKind::conflict ||
             accepted.error().kind == ErrorKind::not_found) {
    m_masters.change_ends({});
  }
  return accepted;
}

void OpenShop::sell_async(const SaleRequest& request,
                          std::function<void(Result<recorder::Accepted>)> done) {
  if (const auto ready = need_writing(); !ready) {
    done(ready.error());
    return;
  }
  if (const auto believed = check_clock(); !believed) {
    done(believed.error());
    return;
  }
  std::string key = request.key;
  if (key.empty()) {
    ByteArray<16> random{};
    m_environment.random.fill(random);
    key = hex(random);
  }
  auto lookup = look_up(request.register_id, key, &request.draft);
  if (!lookup) {
    done(lookup.error());
    return;
  }
  m_engine->submit(request.actor,
                   recorder::Sell{.register_id = request.register_id,
                                  .flow = request.flow,
                                  .key = std::move(key),
                                  .fingerprint = request.fingerprint,
                                  .draft = request.draft,
                                  .lookup = std::move(*lookup)},
                   [this, done = std::move(done)](Result<recorder::Accepted> result) {
                     if (!result) look_at(result.error());
                     done(std::move(result));
                   });
}

/// Plan and seal have just been decided: only master data may have to be read.
Result<SaleAnswer> OpenShop::answer_of(recorder::Accepted accepted) {
  Receipt receipt;
  if (accepted.plan && accepted.seal) {
    receipt.plan_sequence = accepted.sequence;
    receipt.plan = std::move(*accepted.plan);
    receipt.seal = std::move(accepted.seal);
    if (m_masters.complete(receipt)) return SaleAnswer{std::move(receipt), accepted.replayed};
  }
  SIEGEL_TRY(receipt, receipt_at(accepted.sequence));
  m_masters.keep(receipt);
  return SaleAnswer{std::move(receipt), accepted.replayed};
}

Result<SaleAnswer> OpenShop::sell(const SaleRequest& request) {
  for (int i = 0;; ++i) {
    std::promise<Result<recorder::Accepted>> promise;
    auto future = promise.get_future();
    sell_async(request,
               [&](Result<recorder::Accepted> result) { promise.set_value(std::move(result)); });
    auto accepted = future.get();
    if (!accepted) {
      if (accepted.error().code == "E-API-603" && i < lookups_max) continue;
      return accepted.error();
    }
    return answer_of(std::move(*accepted));
  }
}

Result<recorder::Accepted> OpenShop::open_vorgang(const RegisterId& register_id,
                                                  const VorgangId& vorgang,
                                                  const std::string& actor) {
  SIEGEL_TRY_OK(need_writing());
  SIEGEL_TRY(auto lookup, look_up(register_id, vorgang.get(), nullptr));
  return call(actor, recorder::Open{register_id, vorgang, std::move(lookup)});
}

Status OpenShop::update_vorgang(const RegisterId& register_id, const VorgangId& vorgang,
                                const ReceiptDraft& draft, const std::string& actor) {
  SIEGEL_TRY_OK(
      call(actor, recorder::Update{register_id, vorgang, json::canonical(to_json_value(draft))}));
  return Ok{};
}

Status OpenShop::set_business(const Business& business, const std::string& actor) {
  SIEGEL_TRY_OK(call(actor, recorder::Master{.value = business}));
  return Ok{};
}

Status OpenShop::set_profile(const Profile& profile, const std::string& actor) {
  SIEGEL_TRY_OK(call(actor, recorder::Master{.value = profile}));
  return Ok{};
}

Status OpenShop::add_register(const RegisterInfo& info, bool replaces, const std::string& actor) {
  SIEGEL_TRY_OK(need_writing());
  // The device first: a register that is on record can always be signed for.
  const recorder::State known = m_engine->state();
  if (known.registers.contains(info.id.text()) && !replaces)
    return conflict("E-REG-103", fmt::format("register {} exists already", info.id.text()), "/id");
  if (m_settings.country == "at") {
    SIEGEL_TRY(crypto::SecretBytes key, aes_key(info.id));
    m_engine->set_key(info.id, std::move(key));
    SIEGEL_TRY_OK(call(actor, recorder::Master{.value = info, .replaces = replaces}));
    return Ok{};
  }
  // Without a TSE it is known and waits to be mapped (BIO-046): it cannot sell yet.
  std::vector<std::string> serials = info.backup_tses;
  if (!info.tse_serial.empty()) serials.insert(serials.begin(), info.tse_serial);
  for (const std::string& serial : serials) {
    const auto tse = known.tses.find(serial);
    if (tse == known.tses.end())
      return not_found("E-TSE-302", fmt::format("no TSE {} is in operation", serial));
    if (known.retired(serial))
      return conflict("E-RET-101", fmt::format("TSE {} is out of operation", tse->second.id));
    SIEGEL_TRY_OK(m_engine->on_device(serial, [&](device::Tse& device) {
      return register_client(device, tse->second.id, info.id.text(), *m_vault);
    }));
  }
  SIEGEL_TRY_OK(call(actor, recorder::Master{.value = info, .replaces = replaces}));
  return Ok{};
}

Result<TseInfo> OpenShop::create_tse(const CreateTse& create, const std::string& actor) {
  SIEGEL_TRY_OK(need_writing());
  SIEGEL_TRY_OK(vault::SecretId::parse(create.id));  // the id names a folder and secrets
  const recorder::State known = m_engine->state();
  for (const auto& [serial, info] : known.tses)
    if (info.id == create.id)
      return conflict("E-TSE-304", fmt::format("there is a TSE \"{}\" already", create.id), "--id");
  SIEGEL_TRY(auto tse, create_soft_tse(m_place, create, *m_vault, m_environment));
  SIEGEL_TRY(TseInfo info, tse->identity());
  info.id = create.id;
  m_engine->add_device(info.serial, tse.get());
  m_devices[info.serial] = std::move(tse);
  SIEGEL_TRY_OK(call(actor, recorder::Master{.value = info}));
  return info;
}

Status OpenShop::on_tse(const std::string& id, const std::function<Status(device::Tse&)>& work) {
  SIEGEL_TRY_OK(need_writing());
  const recorder::State known = m_engine->state();
  for (const auto& [serial, info] : known.tses)
    if (info.id == id) return m_engine->on_device(serial, work);
  return not_found("E-TSE-302", fmt::format("no TSE \"{}\" is in operation", id), "--tse");
}

Result<Notifier*> OpenShop::notifier() {
  SIEGEL_TRY_OK(need_writing());
  if (!m_notifier)
    return not_found("E-NOT-102", "nobody is configured to be told",
                     (m_place.folder / "notify.json").string());
  return m_notifier.get();
}

Status OpenShop::set_notify(const notify::Settings& settings,
                            const std::vector<NewSecret>& secrets) {
  SIEGEL_TRY_OK(need_writing());
  for (const NewSecret& one : secrets) SIEGEL_TRY_OK(m_vault->put(one.id, one.secret));
  return notify::write_settings(m_place.folder, settings);
}

Result<bool> OpenShop::has_secret(const vault::SecretId& id) {
  SIEGEL_TRY(vault::Vault* const secrets, vault());
  const auto found = secrets->get(id);
  if (found) return true;
  if (found.error().kind == ErrorKind::not_found) return false;
  return found.error();
}

void OpenShop::look_at(const Error& error) {
  if (!m_notifier) return;
  if (error.code == "E-JRN-203" || error.code == "E-JRN-204" || error.kind == ErrorKind::corrupt) {
    m_notifier->urgent("journal/" + error.code,
                       {{}, mail::JournalNotWritable{.cause = error.detail, .code = error.code}});
  } else if (error.code == "E-CLK-101") {
    const mail::Announcement what{
        .de = "Die Uhr der Kasse steht weit neben dem letzten Beleg: Es wird nicht verkauft.",
        .en = "The till's clock is far from the last receipt: nothing is sold.",
        .remedy_de = "Datum und Uhrzeit prüfen; stimmen sie: siegel clock confirm.",
        .remedy_en = "Check date and time; if they are right: siegel clock confirm.",
        .code = error.code};
    m_notifier->urgent("clock/" + error.code, {{}, what});
  }
}

}  // namespace siegel::app
