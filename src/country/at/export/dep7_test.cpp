#include "country/at/export/dep7.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "base/file.h"
#include "country/at/export/container.h"
#include "crypto/ec.h"
#include "format/json.h"
#include "format/jws.h"

namespace siegel::country::at {
namespace {

SignerInfo signer(std::string serial, std::vector<std::string_view> certificates) {
  SignerInfo info;
  info.id = "card";
  info.serial = std::move(serial);
  info.provider = "AT1";
  for (const std::string_view each : certificates) info.certificates.push_back(to_bytes(each));
  return info;
}

TEST(Dep7, AGroupEndsWhereAnotherCertificateBegins) {
  MemorySink sink;
  Dep7Writer writer(sink);
  const SignerInfo first = signer("1a", {"leaf", "issuer", "root"});
  const SignerInfo closed = signer("U:ATU12345678-K1", {});
  ASSERT_TRUE(writer.add(first, "_a", to_bytes("sig")).ok());
  ASSERT_TRUE(writer.add(first, "_b", {}).ok());
  ASSERT_TRUE(writer.add(closed, "_c", to_bytes("sig")).ok());
  ASSERT_TRUE(writer.add(first, "_d", to_bytes("sig")).ok());
  ASSERT_TRUE(writer.finish().ok());
  const std::string header = "eyJhbGciOiJFUzI1NiJ9.";
  const std::string outage = "U2ljaGVyaGVpdHNlaW5yaWNodHVuZyBhdXNnZWZhbGxlbg";
  const std::string certificates =
      R"("Signaturzertifikat":"bGVhZg==","Zertifizierungsstellen":["aXNzdWVy","cm9vdA=="]})";
  EXPECT_EQ(text_of(sink.bytes()),
            R"({"Belege-Gruppe":[{"Belege-kompakt":[")" + header + R"(X2E.c2ln",")" + header +
                "X2I." + outage + R"("],)" + certificates + R"(,{"Belege-kompakt":[")" + header +
                R"(X2M.c2ln"],"Signaturzertifikat":"","Zertifizierungsstellen":[]})" +
                R"(,{"Belege-kompakt":[")" + header + R"(X2Q.c2ln"],)" + certificates + "]}");
}

TEST(Dep7, WithoutReceiptsItIsStillAnExport) {
  MemorySink sink;
  ASSERT_TRUE(Dep7Writer(sink).finish().ok());
  EXPECT_EQ(text_of(sink.bytes()), R"({"Belege-Gruppe":[]})");
}

TEST(Dep7, AFailureOfTheSinkIsTold) {
  class Full final : public Sink {
   public:
    Status write(BytesView /*bytes*/) override { return unavailable("E-FIL-004", "full"); }
  } full;
  Dep7Writer writer(full);
  const SignerInfo card = signer("1a", {"leaf"});
  Status last = Ok{};
  // What is held back is bounded, so the failure cannot wait for the end.
  for (int i = 0; i < 2000 && last.ok(); ++i) {
    last = writer.add(card, std::string(200, 'x'), to_bytes("signature"));
  }
  ASSERT_FALSE(last.ok());
  EXPECT_EQ(last.error().code, "E-FIL-004");
}

TEST(Container, HoldsKeyCertificatesAndPublicKeys) {
  const auto key = crypto::PrivateKey::generate(crypto::Curve::p256).value();
  SignerInfo closed = signer("U:ATU12345678-K1", {});
  closed.public_key = key.public_key().point();
  const SignerInfo open[] = {signer("1a", {"old"}), closed, signer("1a", {"leaf", "issuer"})};
  const auto aes = crypto::SecretBytes::copy_of(Bytes(32, std::byte{0}));
  const crypto::SecretBytes text = container_json(aes, open);
  EXPECT_EQ(text_of(text.reveal()),
            R"({"base64AESKey":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",)"
            R"("certificateOrPublicKeyMap":{"1a":{"id":"1a",)"
            R"("signatureCertificateOrPublicKey":"bGVhZg==","signatureDeviceType":"CERTIFICATE"},)"
            R"("U:ATU12345678-K1":{"id":"U:ATU12345678-K1","signatureCertificateOrPublicKey":")" +
                base64(key.public_key().spki_der()) + R"(","signatureDeviceType":"PUBLIC_KEY"}}})");
}

std::string string_in(const json::Value& value, std::string_view key) {
  return *value.object()->find(key)->string();
}

TEST(Dep7, TheWorkedExampleIsWrittenReceiptByReceipt) {
  RecordProperty("proves", "AMA-012 AMA-018 AMA-069");
  const char* vectors = std::getenv("SIEGEL_VECTORS");
  if (vectors == nullptr) GTEST_SKIP() << "no vectors";
  const std::filesystem::path folder = std::filesystem::path(vectors) / "rksv" / "worked-example";
  const auto text = read_file(folder / "dep-export.json", std::uint64_t{1} << 20);
  ASSERT_TRUE(text.ok());
  const json::Value theirs = json::parse(text_of(*text)).value();
  const json::Array& groups = *theirs.object()->find("Belege-Gruppe")->array();
  MemorySink sink;
  Dep7Writer writer(sink);
  for (const json::Value& group : groups) {
    SignerInfo device = signer("1a2b3c4d5e6f", {});
    const auto leaf = from_base64(string_in(group, "Signaturzertifikat")).value();
    if (!leaf.empty()) device.certificates.push_back(leaf);
    for (const json::Value& issuer : *group.object()->find("Zertifizierungsstellen")->array()) {
      device.certificates.push_back(from_base64(*issuer.string()).value());
    }
    for (const json::Value& receipt : *group.object()->find("Belege-kompakt")->array()) {
      const std::string& jws = *receipt.string();
      const std::size_t first = jws.find('.');
      const std::size_t second = jws.find('.', first + 1);
      const auto payload = from_base64url(jws.substr(first + 1, second - first - 1)).value();
      Bytes signature = from_base64url(jws.substr(second + 1)).value();
      if (text_of(signature) == "Sicherheitseinrichtung ausgefallen") signature.clear();
      ASSERT_TRUE(writer.add(device, text_of(payload), signature).ok());
    }
  }
  ASSERT_TRUE(writer.finish().ok());
  EXPECT_EQ(json::parse(text_of(sink.bytes())).value(), theirs);
}

}  // namespace
}  // namespace siegel::country::at
