#include "device/checked.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <deque>
#include <functional>

#include "crypto/hash.h"

namespace siegel::device {
namespace {

Bytes digest_of(std::string_view text) {
  const Hash256 hash = crypto::sha256(bytes_of(text));
  return {hash.begin(), hash.end()};
}

crypto::PrivateKey new_key() { return crypto::PrivateKey::generate(crypto::Curve::p256).value(); }

using Answer = std::function<Result<Bytes>(const crypto::PrivateKey&, BytesView)>;
Result<Bytes> good(const crypto::PrivateKey& key, BytesView digest) {
  return key.sign_ecdsa_digest(digest);
}
Result<Bytes> empty(const crypto::PrivateKey&, BytesView) { return Bytes(); }

/// Answers as the script says, one step a call, then well.
class ScriptedSigner final : public Signer {
 public:
  struct Script {
    crypto::PrivateKey key = new_key();
    std::deque<Answer> answers = {};
    int asked = 0;
    int identities = 0;
    std::optional<Error> identity_error = {};
  };
  explicit ScriptedSigner(Script& script) : m_script(script) {}
  Result<SignerIdentity> identity() override {
    ++m_script.identities;
    if (m_script.identity_error) return *m_script.identity_error;
    return SignerIdentity{.kind = "scripted",
                          .algorithm = "ecdsa-plain-SHA256",
                          .public_key = m_script.key.public_key().point()};
  }
  Result<std::vector<Bytes>> certificates() override {
    return std::vector<Bytes>{to_bytes("certificate")};
  }
  Result<Bytes> sign_digest(BytesView digest) override {
    ++m_script.asked;
    if (m_script.answers.empty()) return good(m_script.key, digest);
    const Answer answer = std::move(m_script.answers.front());
    m_script.answers.pop_front();
    return answer(m_script.key, digest);
  }

 private:
  Script& m_script;
};

TEST(CheckedSigner, PassesOnWhatVerifies) {
  ScriptedSigner::Script script;
  CheckedSigner signer(std::make_unique<ScriptedSigner>(script));
  const Bytes digest = digest_of("receipt");
  const auto signature = signer.sign_digest(digest);
  ASSERT_TRUE(signature.ok());
  EXPECT_TRUE(script.key.public_key().verify_ecdsa_digest(digest, *signature));
  EXPECT_EQ(script.asked, 1);
  EXPECT_EQ(script.identities, 1);
  ASSERT_TRUE(signer.sign_digest(digest).ok());
  EXPECT_EQ(script.identities, 1);
  EXPECT_EQ(signer.identity()->kind, "scripted");
  EXPECT_EQ(signer.certificates()->size(), 1U);
}

TEST(CheckedSigner, OneBadAnswerIsAskedForAgain) {
  ScriptedSigner::Script script;
  CheckedSigner signer(std::make_unique<ScriptedSigner>(script), script.key.public_key());
  const std::vector<Answer> bad = {
      empty,
      [](const crypto::PrivateKey&, BytesView) { return Bytes(64); },
      [](const crypto::PrivateKey& key, BytesView) {
        return key.sign_ecdsa_digest(digest_of("another receipt"));
      },
      [](const crypto::PrivateKey& key, BytesView digest) {
        return crypto::der_from_plain(crypto::Curve::p256, good(key, digest).value());
      },
      [](const crypto::PrivateKey& key, BytesView digest) {
        Bytes longer = good(key, digest).value();
        longer.push_back(std::byte{0});
        return longer;
      },
      [](const crypto::PrivateKey&, BytesView digest) { return good(new_key(), digest); },
  };
  for (const Answer& one : bad) {
    script.asked = 0;
    script.answers = {one};
    const auto signature = signer.sign_digest(digest_of("receipt"));
    ASSERT_TRUE(signature.ok());
    EXPECT_TRUE(script.key.public_key().verify_ecdsa_digest(digest_of("receipt"), *signature));
    EXPECT_EQ(script.asked, 2);
  }
  EXPECT_EQ(script.identities, 0) << "the key was given: nobody else is to be asked";
}

TEST(CheckedSigner, TwoBadAnswersAreAnOutageAndTheThirdCallWorks) {
  ScriptedSigner::Script script;
  CheckedSigner signer(std::make_unique<ScriptedSigner>(script));
  const std::vector<Answer> twice_bad = {
      empty, [](const crypto::PrivateKey&, BytesView) { return Bytes(64, std::byte{1}); }};
  for (const Answer& one : twice_bad) {
    script.asked = 0;
    script.answers = {one, one};
    const auto refused = signer.sign_digest(digest_of("receipt"));
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().kind, ErrorKind::unavailable);
    EXPECT_EQ(refused.error().code, "E-SIG-103");
    EXPECT_EQ(script.asked, 2);
    EXPECT_TRUE(signer.sign_digest(digest_of("receipt")).ok());
  }
}

TEST(CheckedSigner, ErrorsPassThroughAndAreNotRetried) {
  ScriptedSigner::Script script;
  CheckedSigner signer(std::make_unique<ScriptedSigner>(script), script.key.public_key());
  for (const Error& error : {unavailable("E-SIG-101", "gone"), unknown("E-SIG-102", "no answer"),
                             unavailable("E-SIG-201", "wrong PIN")}) {
    script.asked = 0;
    script.answers = {[&](const crypto::PrivateKey&, BytesView) { return error; }};
    const auto refused = signer.sign_digest(digest_of("receipt"));
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error(), error);
    EXPECT_EQ(script.asked, 1);
  }
  script.answers = {empty, [](const crypto::PrivateKey&, BytesView) -> Result<Bytes> {
                      return unknown("E-SIG-102", "no answer");
                    }};
  EXPECT_EQ(signer.sign_digest(digest_of("receipt")).error().code, "E-SIG-102");
}

TEST(CheckedSigner, AnotherCardIsNamed) {
  ScriptedSigner::Script script;
  CheckedSigner signer(std::make_unique<ScriptedSigner>(script), new_key().public_key());
  const auto refused = signer.sign_digest(digest_of("receipt"));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(refused.error().code, "E-SIG-106");
  EXPECT_EQ(signer.identity().error().code, "E-SIG-106");
}

TEST(CheckedSigner, ADeviceThatIsNotThereYetIsAskedForItsKeyLater) {
  ScriptedSigner::Script script;
  script.identity_error = unavailable("E-SIG-101", "gone");
  CheckedSigner signer(std::make_unique<ScriptedSigner>(script));
  const auto refused = signer.sign_digest(digest_of("receipt"));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, "E-SIG-101");
  EXPECT_EQ(script.asked, 0);
  script.identity_error.reset();
  EXPECT_TRUE(signer.sign_digest(digest_of("receipt")).ok());
}

TEST(CheckedSigner, WhateverTheDeviceSaysOnlyAValidSignatureComesOut) {
  EXPECT_TRUE(rc::check("bytes turned over anywhere never pass", [] {
    ScriptedSigner::Script script;
    CheckedSigner signer(std::make_unique<ScriptedSigner>(script), script.key.public_key());
    const auto place = *rc::gen::inRange<std::size_t>(0, 64);
    const auto flip = static_cast<std::byte>(*rc::gen::inRange(1, 256));
    const Answer broken = [=](const crypto::PrivateKey& key, BytesView digest) {
      Bytes bytes = good(key, digest).value();
      bytes[place] ^= flip;
      return bytes;
    };
    const bool twice = *rc::gen::arbitrary<bool>();
    script.answers = {broken};
    if (twice) script.answers.push_back(broken);
    const auto signature = signer.sign_digest(digest_of("receipt"));
    RC_ASSERT(signature.ok() == !twice);
    if (signature.ok()) {
      RC_ASSERT(script.key.public_key().verify_ecdsa_digest(digest_of("receipt"), *signature));
    }
  }));
}

}  // namespace
}  // namespace siegel::device
