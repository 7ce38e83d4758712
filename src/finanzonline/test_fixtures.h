#pragma once

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/file.h"

// Answers for tests: those others recorded, and small ones of our own in the same form.
namespace siegel::finanzonline {

/// A recorded answer of FinanzOnline; empty if there are no vectors on this machine.
inline std::optional<std::string> recorded(std::string_view name) {
  const char* vectors = std::getenv("SIEGEL_VECTORS");
  if (vectors == nullptr) return std::nullopt;
  const auto bytes =
      read_file(std::filesystem::path(vectors) / "rksv" / "finanzonline" / name, 1 << 20);
  if (!bytes) return std::nullopt;
  return std::string(text_of(*bytes));
}

inline std::string in_envelope(std::string_view content) {
  return R"(<?xml version="1.0"?><S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/">)"
         "<S:Body>" +
         std::string(content) + "</S:Body></S:Envelope>";
}

/// `inner`: what follows the message within the one result.
inline std::string rkdb_answer(std::string_view code, std::string_view inner = {}) {
  return in_envelope(
      R"(<n:rkdbResponse xmlns:n="https://finanzonline.bmf.gv.at/rkdb"><n:paket_nr>7</n:paket_nr>)"
      "<n:ts_erstellung>2026-11-21T06:06:07</n:ts_erstellung><n:result><n:satznr>1</n:satznr>"
      "<n:rkdbMessage><n:rc>" +
      std::string(code) + "</n:rc><n:msg>Text</n:msg></n:rkdbMessage>" + std::string(inner) +
      "</n:result></n:rkdbResponse>");
}

inline std::string status_answer(std::string_view state) {
  return rkdb_answer("0",
                     "<abfrage_ergebnis><ts_registrierung>2026-11-20T10:00:00.000+01:00"
                     "</ts_registrierung><status>" +
                         std::string(state) +
                         "</status><ts_status>2026-11-20T10:05:00.000+01:00</ts_status>"
                         "</abfrage_ergebnis>");
}

inline std::string login_answer(int code, std::string_view session) {
  return in_envelope(R"(<loginResponse xmlns="https://finanzonline.bmf.gv.at/fon/ws/session">)"
                     "<id>" +
                     std::string(session) + "</id><rc>" + std::to_string(code) +
                     "</rc><msg>Text</msg></loginResponse>");
}

inline std::string protocol_of(std::uint32_t number, std::string_view code) {
  return R"(<rkdbResponse xmlns="https://finanzonline.bmf.gv.at/rkdb"><paket_nr>)" +
         std::to_string(number) +
         "</paket_nr><art_uebermittlung>T</art_uebermittlung>"
         "<ts_erstellung>2026-11-21T06:06:07</ts_erstellung><info>Text</info>"
         "<result><satznr>1</satznr><rkdbMessage><rc>" +
         std::string(code) + "</rc><msg/></rkdbMessage></result></rkdbResponse>";
}

}  // namespace siegel::finanzonline
