#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "base/file.h"
#include "crypto/ec.h"
#include "crypto/password_sink.h"
#include "crypto/x509_make.h"

// The `openssl` program as a second opinion: it reads what is written here and the reverse.

namespace siegel::crypto {
namespace {

namespace fs = std::filesystem;

class OpensslProgram : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "siegel_crypto_XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    m_folder = pattern;
    if (!run("version")) GTEST_SKIP() << "no openssl program";
  }
  void TearDown() override { fs::remove_all(m_folder); }

  // Runs in the folder of the test; true if it succeeds.
  [[nodiscard]] bool run(const std::string& arguments) const {
    const auto command = "cd '" + m_folder.string() + "' && openssl " + arguments + " >>log 2>&1";
    return std::system(command.c_str()) == 0;  // NOLINT(cert-env33-c): a fixed command of this test
  }
  void write(const std::string& name, BytesView content) const {
    ASSERT_TRUE(write_file(m_folder / name, content).ok());
  }
  [[nodiscard]] Bytes read(const std::string& name) const {
    return read_file(m_folder / name, 1 << 20).value();
  }

 private:
  fs::path m_folder;
};

std::string openssl_name(HashAlgorithm hash) {
  switch (hash) {
    case HashAlgorithm::sha224:
      return "-sha224";
    case HashAlgorithm::sha256:
      return "-sha256";
    case HashAlgorithm::sha384:
      return "-sha384";
    case HashAlgorithm::sha512:
      return "-sha512";
    case HashAlgorithm::sha3_224:
      return "-sha3-224";
    case HashAlgorithm::sha3_256:
      return "-sha3-256";
    case HashAlgorithm::sha3_384:
      return "-sha3-384";
    case HashAlgorithm::sha3_512:
      return "-sha3-512";
  }
  return {};
}

TEST_F(OpensslProgram, VerifiesOurSignaturesAndWeVerifyIts) {
  const auto message = to_bytes("V0;955002-00;Kassenbeleg-V1;Beleg^0.00_2.55_0.00_0.00_0.00^");
  write("message", message);
  constexpr std::array hashes = {HashAlgorithm::sha256, HashAlgorithm::sha512,
                                 HashAlgorithm::sha3_384};
  for (const auto curve : all_curves) {
    const auto key = PrivateKey::generate(curve).value();
    write("key.der", key.pkcs8().reveal());
    write("public.der", key.public_key().spki_der());
    for (const auto hash : hashes) {
      const auto name = std::string(curve_name(curve)) + openssl_name(hash);
      const auto ours = key.sign_ecdsa(hash, message).value();
      write("ours", der_from_plain(curve, ours).value());
      EXPECT_TRUE(run("dgst " + openssl_name(hash) +
                      " -keyform DER -verify public.der -signature ours message"))
          << name;
      ASSERT_TRUE(
          run("dgst " + openssl_name(hash) + " -keyform DER -sign key.der -out theirs message"))
          << name;
      const auto theirs = plain_from_der(curve, read("theirs"));
      ASSERT_TRUE(theirs.ok()) << name;
      EXPECT_TRUE(key.public_key().verify_ecdsa(hash, message, *theirs)) << name;
    }
  }
}

TEST_F(OpensslProgram, ReadsOurKeysAndWeReadIts) {
  ASSERT_TRUE(run("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:brainpoolP384r1 "
                  "-outform DER -out pkcs1.der") &&
              run("pkcs8 -topk8 -nocrypt -inform DER -in pkcs1.der -outform DER -out theirs.der"));
  ASSERT_TRUE(run("pkey -inform DER -in theirs.der -pubout -outform DER -out theirs.pub"));
  const auto key = PrivateKey::from_pkcs8(SecretBytes::copy_of(read("theirs.der")));
  ASSERT_TRUE(key.ok()) << key.error().detail;
  EXPECT_EQ(key->public_key().spki_der(), read("theirs.pub"));
  EXPECT_EQ(key->curve(), Curve::brainpool_p384r1);
}

TEST_F(OpensslProgram, AcceptsTheChainsAndListsMadeHere) {
  SeededRandom random(3);
  const auto root_key = PrivateKey::generate(Curve::brainpool_p512r1).value();
  const auto leaf_key = PrivateKey::generate(Curve::p256).value();
  const auto from = Instant::from_unix(1767225600);
  const auto until = Instant::from_unix(4102444800);
  const auto root = make_root({.subject = {.common_name = "Root"},
                               .role = CertificateRole::ca,
                               .not_before = from,
                               .not_after = until},
                              root_key, random)
                        .value();
  const auto leaf =
      make_certificate({.subject = {.common_name = "Leaf"}, .not_before = from, .not_after = until},
                       leaf_key.public_key(), {root, root_key}, random)
          .value();
  const auto list = [&](std::vector<CrlEntry> revoked) {
    return make_crl({.this_update = from, .next_update = until, .revoked = std::move(revoked)},
                    {root, root_key})
        .value();
  };
  write("root.pem", bytes_of(root.pem()));
  write("leaf.pem", bytes_of(leaf.pem()));
  write("revoking.der", list({{leaf, from, 1}}).der());
  write("empty.der", list({}).der());
  const std::string verify = "verify -x509_strict -attime 1800000000 -CAfile root.pem ";
  EXPECT_TRUE(run(verify + "leaf.pem"));
  for (const std::string name : {"revoking", "empty"}) {
    ASSERT_TRUE(run("crl -inform DER -in " + name + ".der -out " + name + ".pem"));
    EXPECT_TRUE(run("crl -in " + name + ".pem -CAfile root.pem -noout -verify"));
  }
  EXPECT_TRUE(run(verify + "-crl_check -CRLfile empty.pem leaf.pem"));
  EXPECT_FALSE(run(verify + "-crl_check -CRLfile revoking.pem leaf.pem"));
}

TEST_F(OpensslProgram, OpensWhatAPasswordSinkWrote) {
  const auto passphrase = SecretBytes::copy_of(bytes_of("a long passphrase"));
  SeededRandom random(7);
  Bytes text(200'001);
  random.fill(text);
  MemorySink file;
  auto sink = PasswordSink::create(passphrase, random, file);
  ASSERT_TRUE(sink.ok());
  ASSERT_TRUE((*sink)->write(BytesView(text).first(1)).ok());
  ASSERT_TRUE((*sink)->write(BytesView(text).subspan(1)).ok());
  ASSERT_TRUE((*sink)->finish().ok());
  write("file.enc", file.bytes());
  const auto open = [&](const std::string& word) {
    return run("enc -d -aes-256-cbc -pbkdf2 -iter 600000 -md sha256 -pass 'pass:" + word +
               "' -in file.enc -out file");
  };
  ASSERT_TRUE(open("a long passphrase"));
  EXPECT_EQ(read("file"), text);
  EXPECT_FALSE(open("another") && read("file") == text);
}

}  // namespace
}  // namespace siegel::crypto
