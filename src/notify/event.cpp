#include "notify/event.h"

#include <array>

#include "format/json_fields.h"

namespace siegel::notify {
namespace {

constexpr std::array<std::string_view, 15> names = {
    "backup.due",
    "clock.suspicious",
    "closing.created",
    "device.certificate_expiring",
    "device.storage_forecast",
    "journal.copied",
    "journal.unwritable",
    "message",
    "outage.ended",
    "outage.reminder",
    "outage.started",
    "report.due",
    "signature.late",
    "special_receipt.due",
    "test",
};

constexpr std::size_t id_max = 200;
constexpr std::size_t text_max = 20'000;
constexpr std::size_t list_max = 100;

json::Array array_of(const std::vector<std::string>& texts) {
  json::Array out;
  for (const std::string& text : texts) out.emplace_back(text);
  return out;
}

json::Object object_of(const mail::Text& text) {
  json::Object out;
  out.set("body", text.body);
  out.set("subject", text.subject);
  return out;
}

Result<std::vector<std::string>> texts_of(json::Fields& fields, std::string_view key) {
  SIEGEL_TRY(const json::Items items, fields.optional_array(key, list_max));
  std::vector<std::string> out;
  for (std::size_t i = 0; i < items.size(); ++i) {
    SIEGEL_TRY(auto text, items.string(i, id_max));
    out.push_back(std::move(text));
  }
  return out;
}

Result<mail::Text> text_of_fields(json::Fields& fields, std::string_view key) {
  SIEGEL_TRY(auto inner, fields.required_object(key));
  mail::Text text;
  SIEGEL_TRY(const auto body, inner.optional_text("body", text_max));
  SIEGEL_TRY(const auto subject, inner.optional_string("subject", text_max));
  SIEGEL_TRY_OK(inner.finish());
  text.body = body.value_or("");
  text.subject = subject.value_or("");
  return text;
}

Result<Event> read(const json::Value& value) {
  SIEGEL_TRY(auto fields, json::Fields::of(value));
  Event event;
  if (const json::Value* data = fields.any("data"); data != nullptr && data->object() != nullptr)
    event.data = *data->object();
  SIEGEL_TRY(event.devices, texts_of(fields, "devices"));
  SIEGEL_TRY(event.id, fields.required_string("id", id_max));
  SIEGEL_TRY(event.registers, texts_of(fields, "registers"));
  SIEGEL_TRY(auto text, fields.required_object("text"));
  SIEGEL_TRY(event.de, text_of_fields(text, "de"));
  SIEGEL_TRY(event.en, text_of_fields(text, "en"));
  SIEGEL_TRY_OK(text.finish());
  SIEGEL_TRY(const std::string at, fields.required_string("timestamp", id_max));
  SIEGEL_TRY(event.at, Instant::parse(at));
  SIEGEL_TRY(event.name, fields.required_string("type", id_max));
  SIEGEL_TRY_OK(fields.finish());
  return event;
}

}  // namespace

std::vector<std::string_view> event_names() { return {names.begin(), names.end()}; }

json::Object to_json_value(const Event& event) {
  json::Object text;
  text.set("de", object_of(event.de));
  text.set("en", object_of(event.en));
  json::Object object;
  object.set("data", event.data);
  object.set("devices", array_of(event.devices));
  object.set("id", event.id);
  object.set("registers", array_of(event.registers));
  object.set("text", std::move(text));
  object.set("timestamp", event.at.text());
  object.set("type", event.name);
  return object;
}

Result<Event> event_from_json(const json::Value& value) {
  auto event = read(value);
  if (event.ok()) return event;
  return corrupt("E-NOT-105", "an event cannot be read: " + event.error().detail,
                 event.error().place);
}

}  // namespace siegel::notify
