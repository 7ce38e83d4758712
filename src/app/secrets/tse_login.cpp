#include "app/secrets/tse_login.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/mutant.h"
#include "format/json.h"
#include "format/json_fields.h"

namespace siegel::app {
namespace {

using crypto::SecretBytes;
using device::TseUser;
using vault::SecretId;

constexpr std::size_t pin_digits = 8;

/// The names in the vault are those software TSEs were made with from the beginning.
std::string_view name_in_vault(TseUser user) {
  switch (user) {
    case TseUser::admin:
      return "admin";
    case TseUser::time_admin:
      return "time-admin";
    case TseUser::logger:
      return "logger";
  }
  return "";
}

Result<SecretId> id_of(const std::string& tse, TseUser user, std::string_view what) {
  return SecretId::parse(fmt::format("tse/{}/{}-{}", tse, name_in_vault(user), what));
}

Result<std::optional<PinMemory>> read_memory(vault::Vault& vault, const SecretId& id) {
  const auto bytes = vault.get(id);
  if (!bytes && bytes.error().kind == ErrorKind::not_found) return std::optional<PinMemory>();
  if (!bytes) return bytes.error();
  const auto parse = [&]() -> Result<PinMemory> {
    SIEGEL_TRY(const json::Value value, json::parse(text_of(bytes->reveal())));
    SIEGEL_TRY(json::Fields fields, json::Fields::of(value));
    PinMemory memory;
    SIEGEL_TRY(const std::string at, fields.required_string("at", 40));
    SIEGEL_TRY(memory.at, Instant::parse(at));
    SIEGEL_TRY(const auto left, fields.optional_int("left", 0, 1000));
    if (left) memory.left = static_cast<unsigned>(*left);
    SIEGEL_TRY(memory.refused, fields.optional_bool("refused", false));
    SIEGEL_TRY(const auto unanswered, fields.optional_int("unanswered", 0, 1'000'000));
    memory.unanswered = static_cast<std::uint64_t>(unanswered.value_or(0));
    SIEGEL_TRY_OK(fields.finish());
    return memory;
  };
  auto memory = parse();
  if (!memory) return corrupt("E-VLT-003", memory.error().detail, id.text());
  return std::optional(*memory);
}

Status write_memory(vault::Vault& vault, const SecretId& id, const PinMemory& memory) {
  json::Object object;
  object.set("at", memory.at.text());
  if (memory.left) object.set("left", static_cast<std::int64_t>(*memory.left));
  if (memory.refused) object.set("refused", true);
  if (memory.unanswered > 0) object.set("unanswered", static_cast<std::int64_t>(memory.unanswered));
  return vault.put(id, SecretBytes::copy_of(bytes_of(json::canonical(object))));
}

Status forget(vault::Vault& vault, const SecretId& id) {
  auto removed = vault.remove(id);
  if (removed || removed.error().kind == ErrorKind::not_found) return Ok{};
  return removed;
}

/// The answer to something secret that was shown, remembered.
Status remember(vault::Vault& vault, const SecretId& id, PinMemory memory,
                std::optional<unsigned> left, const Status& answer) {
  if (answer) return forget(vault, id);
  const Error& error = answer.error();
  // No answer: it may have cost a try. It stays counted.
  if (error.kind == ErrorKind::unknown) return Ok{};
  memory.unanswered -= 1;
  memory.refused = memory.refused || error.code == "E-TSE-210" || error.code == "E-TSE-211" ||
                   error.code == "E-TSE-213";
  memory.left = left;
  if (!memory.refused && memory.unanswered == 0) return forget(vault, id);
  return write_memory(vault, id, memory);
}

Result<std::optional<unsigned>> tries_left(device::Tse& tse, TseUser user,
                                           const PinMemory& memory) {
  SIEGEL_TRY(auto left, tse.pin_tries_left(user));
  if (left) return left;
  const std::uint64_t last = memory.left.value_or(usual_tries);
  return std::optional(static_cast<unsigned>(last - std::min(last, memory.unanswered)));
}

/// Shows a PIN of which `left` tries are left, everything written down before.
Status show_pin(device::Tse& tse, TseUser user, const SecretBytes& pin, vault::Vault& vault,
                const SecretId& id, PinMemory memory, Instant now) {
  memory.at = now;
  memory.unanswered += 1;
  if (!SIEGEL_MUTANT("pin-try-forgotten")) SIEGEL_TRY_OK(write_memory(vault, id, memory));
  const Status answer = tse.log_in(user, pin);
  std::optional<unsigned> left;
  if (!answer) {
    if (const auto said = tse.pin_tries_left(user)) left = *said;
    if (!left && memory.left && *memory.left > 0) left = *memory.left - 1;
    if (!left) left = usual_tries - 1;
  }
  Status remembered = remember(vault, id, memory, left, answer);
  if (!answer) return answer.error();
  return remembered;
}

Error too_few(const std::string& tse, TseUser user, unsigned left) {
  return conflict("E-VLT-302",
                  fmt::format("the PIN of {} of {} has {} tries left: it is not shown; give the "
                              "right one with siegel tse pin, or set a new one with siegel tse "
                              "unblock",
                              word_of(user), tse, left),
                  tse);
}

}  // namespace

std::string_view word_of(TseUser user) {
  switch (user) {
    case TseUser::admin:
      return "admin";
    case TseUser::time_admin:
      return "time_admin";
    case TseUser::logger:
      return "logger";
  }
  return "";
}

Result<SecretId> pin_id(const std::string& tse, TseUser user) { return id_of(tse, user, "pin"); }
Result<SecretId> puk_id(const std::string& tse, TseUser user) { return id_of(tse, user, "puk"); }

SecretBytes random_digits(std::size_t count, Random& random) {
  SecretBytes digits(count);
  for (std::byte& digit : digits.writable()) digit = static_cast<std::byte>('0' + random.below(10));
  return digits;
}

Result<std::optional<PinMemory>> pin_memory(vault::Vault& vault, const std::string& tse,
                                            TseUser user) {
  SIEGEL_TRY(const SecretId id, id_of(tse, user, "tries"));
  return read_memory(vault, id);
}

Status log_in(device::Tse& tse, const std::string& tse_id, TseUser user, vault::Vault& vault,
              Instant now) {
  SIEGEL_TRY(const SecretId secret, pin_id(tse_id, user));
  SIEGEL_TRY(const SecretBytes pin, vault.get(secret));
  SIEGEL_TRY(const SecretId id, id_of(tse_id, user, "tries"));
  SIEGEL_TRY(const auto known, read_memory(vault, id));
  const PinMemory memory = known.value_or(PinMemory{});
  if (memory.refused)
    return conflict(
        "E-VLT-301",
        fmt::format("the PIN of {} of {} was refused on {} and is not shown again; give "
                    "the right one with siegel tse pin",
                    word_of(user), tse_id, memory.at.text()),
        tse_id);
  SIEGEL_TRY(const auto left, tries_left(tse, user, memory));
  if (*left <= tries_for_people && !SIEGEL_MUTANT("pin-guessed"))
    return too_few(tse_id, user, *left);
  return show_pin(tse, user, pin, vault, id, memory, now);
}

Status confirm_pin(device::Tse& tse, const std::string& tse_id, TseUser user,
                   const SecretBytes& pin, vault::Vault& vault, Instant now) {
  SIEGEL_TRY(const SecretId secret, pin_id(tse_id, user));
  SIEGEL_TRY(const SecretId id, id_of(tse_id, user, "tries"));
  SIEGEL_TRY(const auto known, read_memory(vault, id));
  const PinMemory memory = known.value_or(PinMemory{});
  SIEGEL_TRY(const auto left, tries_left(tse, user, memory));
  if (*left < 2) return too_few(tse_id, user, *left);
  SIEGEL_TRY_OK(show_pin(tse, user, pin, vault, id, memory, now));
  SIEGEL_TRY_OK(vault.put(secret, pin));
  return tse.log_out();
}

Status unblock_pin(device::Tse& tse, const std::string& tse_id, TseUser user, vault::Vault& vault,
                   Random& random, Instant now) {
  SIEGEL_TRY(const SecretId puk_secret, puk_id(tse_id, user));
  SIEGEL_TRY(const SecretBytes puk, vault.get(puk_secret));
  SIEGEL_TRY(const SecretId puk_tries, id_of(tse_id, user, "puk-tries"));
  SIEGEL_TRY(const auto known, read_memory(vault, puk_tries));
  PinMemory memory = known.value_or(PinMemory{});
  if (memory.refused)
    return conflict("E-VLT-303",
                    fmt::format("the PUK of {} of {} was refused on {} and is not shown again",
                                word_of(user), tse_id, memory.at.text()),
                    tse_id);
  // The new PIN first: a device must not have one that nobody knows.
  SIEGEL_TRY(const SecretId next_id, id_of(tse_id, user, "pin-next"));
  auto next = vault.get(next_id);
  if (!next && next.error().kind != ErrorKind::not_found) return next.error();
  if (!next) {
    next = random_digits(pin_digits, random);
    SIEGEL_TRY_OK(vault.put(next_id, *next));
  }
  memory.at = now;
  memory.unanswered += 1;
  SIEGEL_TRY_OK(write_memory(vault, puk_tries, memory));
  Status answer = tse.unblock_pin(user, puk, *next);
  SIEGEL_TRY_OK(remember(vault, puk_tries, memory, {}, answer));
  if (!answer) return answer;
  SIEGEL_TRY(const SecretId secret, pin_id(tse_id, user));
  SIEGEL_TRY_OK(vault.put(secret, *next));
  SIEGEL_TRY_OK(forget(vault, next_id));
  SIEGEL_TRY(const SecretId id, id_of(tse_id, user, "tries"));
  return forget(vault, id);
}

}  // namespace siegel::app
