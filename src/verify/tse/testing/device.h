#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "base/stream.h"
#include "crypto/ec.h"
#include "crypto/tse_algorithm.h"
#include "crypto/x509_make.h"
#include "format/der.h"
#include "format/tar.h"

// A small device for tests, which can be told to misbehave anywhere. Shares nothing with the
// software TSE.

namespace siegel::verify::tse::testing {

namespace der_tag = format::der_tag;

struct NamedFile {
  std::string name;
  Bytes content;
};

inline Bytes tlv(std::uint8_t tag, BytesView content) {
  Bytes out;
  format::DerWriter(out).element(tag, content);
  return out;
}
inline Bytes tlv(std::uint8_t tag, std::string_view content) { return tlv(tag, bytes_of(content)); }
inline Bytes integer(std::uint64_t value, std::uint8_t tag = der_tag::integer) {
  Bytes out;
  format::DerWriter(out).unsigned_integer(value, tag);
  return out;
}
inline Bytes oid(std::string_view dotted) {
  Bytes out;
  format::DerWriter(out).oid(dotted);
  return out;
}

/// The elements of a message before it is signed; a test changes what it likes.
struct Draft {
  std::string name;
  Bytes version;
  Bytes kind;
  std::vector<Bytes> data;
  Bytes serial;
  Bytes algorithm;
  Bytes audit;
  Bytes counter;
  Bytes time;
};

class Device {
 public:
  using Change = std::function<void(Draft&)>;

  explicit Device(int generation_number = 1, crypto::Curve curve = crypto::Curve::p256)
      : generation(generation_number),
        key(crypto::PrivateKey::generate(curve).value()),
        root_key(crypto::PrivateKey::generate(crypto::Curve::p384).value()),
        root(crypto::make_root(spec("Test root", crypto::CertificateRole::ca), root_key,
                               system_random())
                 .value()),
        certificate(certify(serial_hex())) {}

  [[nodiscard]] std::string serial_hex() const { return hex(key.public_key().point_hash()); }

  [[nodiscard]] crypto::Certificate certify(const std::string& common_name) const {
    return crypto::make_certificate(spec(common_name, crypto::CertificateRole::leaf),
                                    key.public_key(), {root, root_key}, system_random())
        .value();
  }

  /// Validity 2025 to 2035; the clock begins in 2026.
  static crypto::CertificateSpec spec(const std::string& common_name,
                                      crypto::CertificateRole role) {
    return {.subject = {.common_name = common_name},
            .role = role,
            .not_before = Instant::parse("2025-01-01T00:00:00Z").value(),
            .not_after = Instant::parse("2035-01-01T00:00:00Z").value()};
  }

  std::uint64_t start(const std::string& client, const Change& change = {}) {
    transaction(++transactions, "Start", client, {"", ""}, change);
    return transactions;
  }
  void finish(std::uint64_t number, const std::string& client,
              const std::pair<std::string, std::string>& type_and_data =
                  {"Kassenbeleg-V1", "Beleg^1.00_0.00_0.00_0.00_0.00^1.00:Bar"},
              const Change& change = {}) {
    transaction(number, "Finish", client, type_and_data, change);
  }
  void transaction(std::uint64_t number, const std::string& step, const std::string& client,
                   const std::pair<std::string, std::string>& type_and_data, const Change& change) {
    Draft draft = begin(1);
    const std::string operation = (generation == 1 ? step : lower(step)) + "Transaction";
    draft.data = {tlv(0x80, operation), tlv(0x81, client), tlv(0x82, type_and_data.second),
                  tlv(0x83, type_and_data.first), integer(number, 0x85)};
    draft.name += fmt::format("_Log-Tra_No-{}_{}_Client-{}", number, step, client);
    sign(std::move(draft), change);
  }
  void system(const std::string& event, const Bytes& data, const Change& change = {}) {
    Draft draft = begin(2);
    draft.data = {tlv(0x80, event), tlv(generation == 1 ? 0x81 : 0xA3, data)};
    draft.name += "_Log-Sys_" + event;
    sign(std::move(draft), change);
  }
  void audit(const Change& change = {}) {
    Draft draft = begin(3);
    draft.audit = tlv(0x04, "anything");
    draft.name += "_Log-Aud";
    sign(std::move(draft), change);
  }
  void register_client(const std::string& client) {
    system("registerClient", generation == 1 ? tlv(0x81, client) : tlv(0x13, client));
  }
  /// A day that no rule has anything to say about.
  void good_day() {
    system("initialize", {});
    register_client("KASSE-1");
    for (int i = 0; i < 3; ++i) finish(start("KASSE-1"), "KASSE-1");
    audit();
  }

  [[nodiscard]] std::vector<NamedFile> certificate_files() const {
    const auto file = [](const crypto::Certificate& c) {
      return NamedFile{hex(c.public_key()->point_hash()) + "_X509.cer", c.der()};
    };
    return {file(certificate), file(root)};
  }
  [[nodiscard]] std::vector<NamedFile> all_files() const {
    std::vector<NamedFile> all{
        {"info.csv",
         to_bytes("\"description:\",\"d\",\"manufacturer:\",\"m\",\"version:\",\"v\"\n")}};
    for (const NamedFile& file : files) all.push_back(file);
    for (const NamedFile& file : certificate_files()) all.push_back(file);
    return all;
  }
  [[nodiscard]] Bytes tar() const { return tar_of(all_files()); }

  static Bytes tar_of(const std::vector<NamedFile>& all) {
    MemorySink sink;
    format::TarWriter writer(sink);
    for (const NamedFile& file : all) {
      EXPECT_TRUE(writer.add(file.name, file.content, 1767225600).ok()) << file.name;
    }
    EXPECT_TRUE(writer.finish().ok());
    return sink.take();
  }

  int generation;
  crypto::PrivateKey key;
  crypto::PrivateKey root_key;
  crypto::Certificate root;
  crypto::Certificate certificate;
  crypto::SignatureAlgorithm algorithm{};
  std::uint64_t counter = 0;
  std::uint64_t transactions = 0;
  std::int64_t clock = 1767225600;
  std::vector<NamedFile> files;

 private:
  static std::string lower(std::string text) {
    text[0] = static_cast<char>(text[0] + 32);
    return text;
  }

  Draft begin(int kind) {
    ++counter;
    ++clock;
    Draft draft;
    draft.name = fmt::format("Unixt_{}_Sig-{}", clock, counter);
    draft.version = integer(generation == 1 ? 2 : 3);
    draft.kind = oid(fmt::format("0.4.0.127.0.7.3.7.1.{}", kind));
    draft.serial = tlv(0x04, BytesView(key.public_key().point_hash()));
    draft.algorithm = tlv(0x30, BytesView(tlv(0x06, BytesView(oid_of(algorithm)))));
    draft.counter = integer(counter);
    draft.time = integer(static_cast<std::uint64_t>(clock));
    return draft;
  }

  void sign(Draft draft, const Change& change) {
    if (change) change(draft);
    Bytes content;
    append(content, draft.version);
    append(content, draft.kind);
    for (const Bytes& element : draft.data) append(content, element);
    for (const Bytes* element :
         {&draft.serial, &draft.algorithm, &draft.audit, &draft.counter, &draft.time}) {
      append(content, *element);
    }
    append(content, tlv(0x04, BytesView(key.sign_ecdsa(algorithm.hash, content).value())));
    files.push_back({draft.name + ".log", tlv(0x30, BytesView(content))});
  }
};

}  // namespace siegel::verify::tse::testing
