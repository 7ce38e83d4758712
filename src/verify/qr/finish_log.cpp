#include "verify/qr/finish_log.h"

#include <algorithm>
#include <array>

#include "format/der.h"

namespace siegel::verify::qr {

namespace der_tag = format::der_tag;

namespace {

constexpr std::array all_times = {tse::TimeKind::unix, tse::TimeKind::utc_seconds,
                                  tse::TimeKind::utc, tse::TimeKind::generalized,
                                  tse::TimeKind::generalized_millis};

/// UTCTime holds two digits of the year.
bool can_write(tse::TimeKind kind, Instant at) {
  const bool is_utc = kind == tse::TimeKind::utc || kind == tse::TimeKind::utc_seconds;
  return !is_utc || at < Instant::from_unix(2524608000);  // 2050-01-01
}

void write_time(format::DerWriter& writer, tse::TimeKind kind, Instant at) {
  switch (kind) {
    case tse::TimeKind::unix:
      writer.integer(at.unix_seconds());
      break;
    case tse::TimeKind::utc: {
      const std::string text = at.text();  // YYYY-MM-DDThh:mm:ss.fffZ
      writer.text(der_tag::utc_time, text.substr(2, 2) + text.substr(5, 2) + text.substr(8, 2) +
                                         text.substr(11, 2) + text.substr(14, 2) + "Z");
      break;
    }
    case tse::TimeKind::utc_seconds:
      writer.utc_time(at);
      break;
    case tse::TimeKind::generalized:
      writer.generalized_time(Instant::from_unix(at.unix_seconds()));
      break;
    case tse::TimeKind::generalized_millis:
      writer.generalized_time(at, {.milliseconds = true});
      break;
  }
}

}  // namespace

void build_finish(const FinishFacts& facts, const FinishForm& form, const crypto::PublicKey& key,
                  crypto::SignatureAlgorithm algorithm, Bytes& out) {
  out.clear();
  format::DerWriter writer(out);
  writer.integer(form.generation + 1);
  writer.oid("0.4.0.127.0.7.3.7.1.1");
  writer.text(der_tag::context(0),
              form.generation == 1 ? "FinishTransaction" : "finishTransaction");
  writer.text(der_tag::context(1), facts.client);
  if (form.indefinite) {
    constexpr std::array open = {std::byte{0xA2}, std::byte{0x80}};
    constexpr std::array close = {std::byte{0}, std::byte{0}};
    writer.raw(open);
    // With no data there is no piece either.
    if (!facts.process_data.empty()) writer.octets(bytes_of(facts.process_data));
    writer.raw(close);
  } else {
    writer.text(der_tag::context(2), facts.process_data);
  }
  writer.text(der_tag::context(3), facts.process_type);
  writer.unsigned_integer(facts.transaction, der_tag::context(5));
  writer.octets(key.point_hash());
  writer.begin(der_tag::sequence);
  writer.element(der_tag::oid, oid_of(algorithm));
  writer.end();
  writer.unsigned_integer(facts.counter);
  write_time(writer, form.time, facts.end);
}

std::optional<FinishForm> find_finish_form(const FinishFacts& facts, tse::TimeKind named,
                                           const crypto::PublicKey& key,
                                           crypto::SignatureAlgorithm algorithm,
                                           BytesView signature) {
  std::vector<tse::TimeKind> times{named};
  std::ranges::copy_if(all_times, std::back_inserter(times),
                       [&](tse::TimeKind kind) { return kind != named; });
  Bytes message;
  for (const tse::TimeKind time : times) {
    if (!can_write(time, facts.end)) continue;
    for (const int generation : {1, 2}) {
      for (const bool indefinite : {false, true}) {
        const FinishForm form{generation, indefinite, time};
        build_finish(facts, form, key, algorithm, message);
        if (crypto::verify(key, algorithm, message, signature)) return form;
      }
    }
  }
  return std::nullopt;
}

std::optional<tse::TimeKind> time_kind_from(std::string_view word) {
  for (const tse::TimeKind kind : all_times) {
    if (tse::time_kind_name(kind) == word) return kind;
  }
  return std::nullopt;
}

}  // namespace siegel::verify::qr
