#include <fmt/format.h>

#include "app/care/care.h"
#include "crypto/ec.h"
#include "crypto/tse_algorithm.h"
#include "verify/tse/message.h"

namespace siegel::app {
namespace {

archive::Message::Step step_of(verify::tse::Event event) {
  using verify::tse::Event;
  if (event == Event::start) return archive::Message::Step::start;
  if (event == Event::update) return archive::Message::Step::update;
  if (event == Event::finish) return archive::Message::Step::finish;
  return archive::Message::Step::none;
}

Status parse(BytesView bytes, verify::tse::Message& message) {
  verify::tse::Notes notes;
  if (verify::tse::parse_message(bytes, message, notes)) return Ok{};
  return invalid("E-ARC-105", notes.empty() ? std::string("it is no message of a TSE")
                                            : fmt::format("it is no message of a TSE: {}",
                                                          excerpt(notes.back().found)));
}

archive::Message message_of(const verify::tse::Message& from) {
  archive::Message out;
  out.step = step_of(from.event);
  out.counter = from.counter;
  out.time = from.time;
  out.transaction = from.transaction;
  out.client = from.client;
  out.process_type = from.process_type;
  out.process_data = from.process_data();
  out.signature.assign(from.signature.begin(), from.signature.end());
  return out;
}

}  // namespace

Result<archive::MessageReader> message_reader(const TseInfo& tse) {
  SIEGEL_TRY(const crypto::PublicKey key, crypto::PublicKey::from_point(tse.public_key));
  const auto read = [](BytesView bytes) -> Result<archive::Message> {
    verify::tse::Message message;
    SIEGEL_TRY_OK(parse(bytes, message));
    return message_of(message);
  };
  const auto check = [key](BytesView bytes) -> Result<archive::Message> {
    verify::tse::Message message;
    SIEGEL_TRY_OK(parse(bytes, message));
    const Hash256 serial = key.point_hash();
    if (!std::equal(serial.begin(), serial.end(), message.serial.begin(), message.serial.end()))
      return invalid("E-ARC-105", fmt::format("it is of TSE {}", hex(message.serial)));
    const auto algorithm = crypto::signature_algorithm_from_oid(message.algorithm_oid);
    if (!algorithm) return invalid("E-ARC-105", algorithm.error().detail);
    if (!crypto::verify(key, *algorithm, message.signed_bytes, message.signature))
      return invalid("E-ARC-105", fmt::format("signature {} does not verify with the TSE's key",
                                              message.counter));
    return message_of(message);
  };
  return archive::MessageReader{.read = read, .check = check};
}

}  // namespace siegel::app
