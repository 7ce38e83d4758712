#include "app/day.h"

#include "format/json.h"
#include "format/json_fields.h"
#include "model/codec.h"

namespace siegel::app {
namespace {

Result<std::optional<LocalStamp>> take_stamp(json::Object& object, std::string_view key,
                                             const std::string& place) {
  const json::Value* found = object.find(key);
  if (found == nullptr) return std::optional<LocalStamp>();
  if (found->string() == nullptr)
    return invalid("E-JSN-021", "a time is expected", json::pointer(place, key));
  auto stamp = LocalStamp::parse(*found->string());
  if (!stamp) return invalid(stamp.error().code, stamp.error().detail, json::pointer(place, key));
  object.remove(key);
  return std::optional<LocalStamp>(*stamp);
}

Result<Day::Step> step_from(json::Value value, const std::string& place) {
  json::Object* object = value.object();
  if (object == nullptr) return invalid("E-JSN-021", "an object is expected", place);
  Day::Step step;
  SIEGEL_TRY(const auto at, take_stamp(*object, "at", place));
  if (!at) return invalid("E-JSN-020", "\"at\" is missing", place);
  step.at = *at;
  SIEGEL_TRY(step.opened_at, take_stamp(*object, "opened_at", place));
  if (const json::Value* key = object->find("key"); key != nullptr && key->string() != nullptr)
    step.key = *key->string();
  if (const json::Value* print = object->find("print"); print != nullptr && print->boolean())
    step.print = *print->boolean();
  object->remove("key");
  object->remove("print");
  object->remove("flow");
  auto draft = draft_from_json(value);
  if (!draft) {
    Error error = draft.error();
    error.place = place + error.place;
    return error;
  }
  step.draft = std::move(*draft);
  return step;
}

}  // namespace

Result<Day> day_from_json(std::string_view text) {
  SIEGEL_TRY(const json::Value value, json::parse(text, {.bytes_max = std::size_t{8} << 20}));
  SIEGEL_TRY(json::Fields fields, json::Fields::of(value));
  Day day;
  const json::Value* business = fields.any("business");
  if (business == nullptr) return invalid("E-JSN-020", "\"business\" is missing", "/business");
  SIEGEL_TRY(day.business, business_from_request(*business, "/business"));
  SIEGEL_TRY(json::Fields reg, fields.required_object("register"));
  SIEGEL_TRY(const std::string id, reg.required_string("id", 30));
  SIEGEL_TRY(day.register_id, RegisterId::parse(id));
  SIEGEL_TRY(day.register_name, reg.required_string("name", 60));
  SIEGEL_TRY(const json::Items receipts, fields.required_array("receipts", 10'000));
  for (std::size_t i = 0; i < receipts.size(); ++i) {
    SIEGEL_TRY(Day::Step step, step_from(receipts.at(i), json::pointer("/receipts", i)));
    day.steps.push_back(std::move(step));
  }
  return day;
}

Now DayClock::now() const {
  Now now = m_real.now();
  const std::int64_t ahead_ms = m_ahead_ms.load();
  now.wall = now.wall + std::chrono::milliseconds(ahead_ms);
  // Time that is skipped has passed: a device's own clock, which runs by steady time, keeps up.
  now.steady += std::chrono::milliseconds(ahead_ms - m_start_ms);
  return now;
}

void DayClock::set(Instant wall) {
  const std::int64_t ahead = (wall - m_real.now().wall).count();
  std::int64_t current = m_ahead_ms.load();
  while (ahead > current && !m_ahead_ms.compare_exchange_weak(current, ahead)) {
  }
}

}  // namespace siegel::app
