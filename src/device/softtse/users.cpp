#include <fmt/format.h>

#include "crypto/secret.h"
#include "device/softtse/engine.h"

// Users, PINs and PUKs [TR-03151-1 4.3].

namespace siegel::device::softtse {

namespace {

// Three wrong PUKs are free, then each one blocks the next: 60 s, 120 s, ... at most an hour.
constexpr int free_puk_failures = 3;
std::chrono::milliseconds puk_delay(int failures) {
  if (failures < free_puk_failures) return std::chrono::milliseconds(0);
  const int doublings = std::min(failures - free_puk_failures, 6);
  return std::min<std::chrono::milliseconds>(std::chrono::seconds(60) * (1 << doublings),
                                             std::chrono::hours(1));
}

Role role_of(std::string_view user) {
  if (user == "admin" || user == "Admin") return Role::admin;
  if (user == "timeadmin" || user == "TimeAdmin") return Role::time_admin;
  return Role::logger;
}

constexpr Needs user_needs{.enabled = true};

}  // namespace

void SoftTse::Impl::set_user(std::optional<Role> role, std::string id) {
  m_user = role;
  m_user_id = std::move(id);
  m_last_call = m_environment.clock.now().steady;
  const Lock lock(m_mutex);
  m_shared.role = static_cast<Roles>(role.value_or(Role::unauthenticated));
}

Result<UserRow*> SoftTse::Impl::find_user(const std::string& user) {
  const auto found = m_state.users.find(user);
  if (found != m_state.users.end()) return &found->second;
  return error(TrError::unknown_user_id, fmt::format("there is no user \"{}\"", user));
}

Status SoftTse::Impl::compare_pin(const std::string& user, const crypto::SecretBytes& pin) {
  SIEGEL_TRY(UserRow * row, find_user(user));
  // The try is taken off for good before anything is compared: a power cut between the two must
  // not give it back.
  UserRow tried = *row;
  --tried.tries_left;
  SIEGEL_TRY(Work work, Work::begin(*this, 0));
  SIEGEL_TRY_OK(work.note(work.store().put_user(tried)));
  SIEGEL_TRY_OK(work.commit());
  m_state.users[user] = tried;
  const bool right = tried.pin.empty()
                         ? pin.empty()
                         : crypto::equal_constant_time(tried.pin, pin_hash(tried.salt, "pin", pin));
  if (right) return Ok{};
  SIEGEL_TRY_OK(log_event(events().authenticate(
      caller(),
      {.user = user, .outcome = PinOutcome::incorrect_pin, .tries_left = tried.tries_left})));
  return error(TrError::incorrect_pin, fmt::format("the PIN of \"{}\" is wrong, {} tries are left",
                                                   user, tried.tries_left));
}

Status SoftTse::Impl::authenticate(const std::string& user, const crypto::SecretBytes& pin) {
  SIEGEL_TRY_OK(enter());
  SIEGEL_TRY_OK(check(user_needs));
  if (user.size() > 64 || !printable_string(user)) {
    return error(TrError::parameter_syntax, "the user id is no PrintableString of at most 64");
  }
  if (const auto found = find_user(user); !found.ok()) {
    SIEGEL_TRY_OK(log_event(events().authenticate(
        caller(), {.user = user, .outcome = PinOutcome::unknown_user, .tries_left = 0})));
    return found.error();
  }
  if (m_state.users[user].tries_left <= 0) {
    SIEGEL_TRY_OK(log_event(events().authenticate(
        caller(), {.user = user, .outcome = PinOutcome::blocked, .tries_left = 0})));
    return error(TrError::pin_blocked,
                 fmt::format("the PIN of \"{}\" is blocked; the PUK sets a new one", user));
  }
  SIEGEL_TRY_OK(compare_pin(user, pin));
  return finish_log_in(user);
}

Status SoftTse::Impl::finish_log_in(const std::string& user) {
  UserRow row = m_state.users[user];
  row.tries_left = m_settings.limits.pin_tries;
  const auto give_back = [&]() -> Status {
    SIEGEL_TRY(Work work, Work::begin(*this, 0));
    SIEGEL_TRY_OK(work.note(work.store().put_user(row)));
    return work.commit();
  };
  const auto log_in = [&]() -> Status {
    SIEGEL_TRY(Work work, Work::begin(*this, 2));
    if (m_user) {
      SIEGEL_TRY_OK(work.log(events().log_out(caller(), m_user_id, LogOutCause::different_user)));
    }
    SIEGEL_TRY_OK(work.log(events().authenticate(
        caller(), {.user = user, .outcome = PinOutcome::success, .tries_left = row.tries_left})));
    static_cast<void>(work.note(work.store().put_user(row)).ok());
    return work.commit();
  };
  if (const Status done = log_in(); !done.ok()) {
    // The PIN was right; a device that cannot sign must not eat its tries.
    if (m_store != nullptr && give_back().ok()) m_state.users[user] = row;
    return done;
  }
  m_state.users[user] = row;
  set_user(role_of(user), user);
  return Ok{};
}

Result<unsigned> SoftTse::Impl::tries_left(const std::string& user) {
  SIEGEL_TRY_OK(enter());
  SIEGEL_TRY(const UserRow* const row, find_user(user));
  return static_cast<unsigned>(std::max(row->tries_left, 0));
}

Status SoftTse::Impl::log_out(LogOutCause cause) {
  if (!m_user) return error(TrError::user_not_authenticated, "nobody is logged in");
  const Cause by = cause == LogOutCause::timeout ? Cause() : Cause(caller());
  SIEGEL_TRY_OK(log_event(events().log_out(by, m_user_id, cause)));
  set_user({}, {});
  return Ok{};
}

Status SoftTse::Impl::unblock(const std::string& user, const crypto::SecretBytes& puk,
                              const crypto::SecretBytes& new_pin) {
  SIEGEL_TRY_OK(enter());
  SIEGEL_TRY_OK(check(user_needs));
  if (new_pin.size() < 4 || new_pin.size() > 64 || user.size() > 64 || !printable_string(user)) {
    return error(TrError::parameter_syntax, "a PIN has 4 to 64 bytes");
  }
  const auto log = [&](UnblockOutcome outcome, const std::function<Status(Store&)>& change = {}) {
    return log_event(events().unblock(caller(), user, outcome), change);
  };
  if (const auto found = find_user(user); !found.ok()) {
    SIEGEL_TRY_OK(log(UnblockOutcome::unknown_user));
    return found.error();
  }
  UserRow row = m_state.users[user];
  const Instant now = m_environment.clock.now().wall;
  if (now < row.puk_blocked_until) {
    SIEGEL_TRY_OK(log(UnblockOutcome::blocked));
    return error(TrError::puk_temporarily_blocked,
                 "no PUK is accepted before " + row.puk_blocked_until.text());
  }
  // As with a PIN: the failure is durable before the comparison, a success takes it back.
  ++row.puk_failures;
  row.puk_blocked_until = now + puk_delay(row.puk_failures);
  SIEGEL_TRY(Work work, Work::begin(*this, 0));
  SIEGEL_TRY_OK(work.note(work.store().put_user(row)));
  SIEGEL_TRY_OK(work.commit());
  m_state.users[user] = row;
  if (row.puk.empty() || !crypto::equal_constant_time(row.puk, pin_hash(row.salt, "puk", puk))) {
    SIEGEL_TRY_OK(log(UnblockOutcome::incorrect_puk));
    return error(TrError::incorrect_puk, fmt::format("the PUK of \"{}\" is wrong", user));
  }
  row.puk_failures = 0;
  row.puk_blocked_until = Instant();
  row.tries_left = m_settings.limits.pin_tries;
  row.pin = pin_hash(row.salt, "pin", new_pin);
  SIEGEL_TRY_OK(log(UnblockOutcome::success, [&](Store& store) { return store.put_user(row); }));
  m_state.users[user] = row;
  return Ok{};
}

}  // namespace siegel::device::softtse
