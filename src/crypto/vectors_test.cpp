#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "base/file.h"
#include "crypto/ec.h"
#include "crypto/tse_algorithm.h"
#include "crypto/x509.h"
#include "crypto/x509_chain.h"

// Messages signed by devices and programs of others. The archive and the message are taken apart
// here by hand, so that this test needs nothing but the keys and signatures it is about.

namespace siegel::crypto {
namespace {

namespace fs = std::filesystem;

std::optional<fs::path> vectors() {
  const char* path = std::getenv("SIEGEL_VECTORS");
  if (path == nullptr || !fs::exists(path)) return std::nullopt;
  return fs::path(path);
}

using Files = std::map<std::string, Bytes>;

// Plain ustar without links or long names, as all of these archives are.
Files untar(BytesView tar) {
  Files files;
  while (tar.size() >= 512 && tar[0] != std::byte{0}) {
    const auto header = text_of(tar.first(512));
    const auto name = header.substr(0, std::min<std::size_t>(header.find('\0'), 100));
    const auto size = std::stoul(std::string(header.substr(124, 11)), nullptr, 8);
    const auto content = tar.subspan(512, size);
    if (header[156] == '0' || header[156] == '\0') {
      files[std::string(name)] = Bytes(content.begin(), content.end());
    }
    tar = tar.subspan(512 + (size + 511) / 512 * 512);
  }
  return files;
}

struct Tlv {
  unsigned tag = 0;
  BytesView content;
  std::size_t whole = 0;  // with tag and length
};

Tlv next(BytesView at) {
  const auto u = [&](std::size_t i) { return std::to_integer<std::size_t>(at[i]); };
  std::size_t head = 2;
  std::size_t length = u(1);
  if (length >= 0x80) {
    const std::size_t n = length - 0x80;
    length = 0;
    for (std::size_t i = 0; i < n; ++i) length = length << 8U | u(2 + i);
    head += n;
  }
  return {static_cast<unsigned>(u(0)), at.subspan(head, length), head + length};
}

struct Message {
  BytesView tbs;
  BytesView serial;
  BytesView algorithm;
  BytesView signature;
};

Message message_of(BytesView log) {
  const BytesView all = next(log).content;
  Message out;
  Tlv before;
  for (std::size_t at = 0; at < all.size();) {
    const auto tlv = next(all.subspan(at));
    if (tlv.tag == 0x30 && out.algorithm.empty()) {
      out.algorithm = next(tlv.content).content;
      out.serial = before.content;
    }
    out.tbs = all.first(at);
    out.signature = tlv.content;
    before = tlv;
    at += tlv.whole;
  }
  return out;
}

std::map<std::string, PublicKey> keys_of(const Files& files) {
  std::map<std::string, PublicKey> keys;
  for (const auto& [name, content] : files) {
    if (name.ends_with(".log") || name == "info.csv") continue;
    const auto certificate = Certificate::parse(content);
    EXPECT_TRUE(certificate.ok()) << name;
    if (!certificate.ok()) continue;
    const auto key = certificate->public_key();
    EXPECT_TRUE(key.ok()) << name;
    if (key.ok()) keys.emplace(hex(key->point_hash()), *key);
  }
  return keys;
}

struct Counts {
  int valid = 0;
  int flipped_valid = 0;
};

Counts verify_all(const fs::path& path) {
  const auto files = untar(read_file(path, 64 << 20).value());
  const auto keys = keys_of(files);
  Counts counts;
  for (const auto& [name, content] : files) {
    if (!name.ends_with(".log")) continue;
    const auto message = message_of(content);
    const auto key = keys.find(hex(message.serial));
    const auto algorithm = signature_algorithm_from_oid(message.algorithm);
    EXPECT_TRUE(key != keys.end() && algorithm.ok()) << name;
    if (key == keys.end() || !algorithm.ok()) continue;
    if (verify(key->second, *algorithm, message.tbs, message.signature)) ++counts.valid;
    Bytes changed(message.tbs.begin(), message.tbs.end());
    changed.back() ^= std::byte{1};
    if (verify(key->second, *algorithm, changed, message.signature)) ++counts.flipped_valid;
  }
  return counts;
}

TEST(Vectors, EveryMessageOfOtherMakersVerifies) {
  const auto root = vectors();
  if (!root) GTEST_SKIP() << "no vectors";
  const std::map<std::string, int> expected = {
      {"cryptovision/cryptovision_export_2020.tar", 14},
      {"bsi_simulator/sim_ECDSA_SHA256_bpP256r1.tar", 160},
      {"bsi_simulator/sim_ECDSA_SHA3-384_secp384r1.tar", 160},
      {"bsi_simulator/sim_ECDSA_SHA512_bpP512r1.tar", 160},
      {"bsi_simulator/sim_ECSDSA_SHA3-384_bpP384r1.tar", 160},
      {"bsi_simulator/sim_ECSDSA_SHA512_bpP256r1_truncated.tar", 160},
      {"synthetic_v3/v3_P256_SHA256_unixTime.tar", 264},
      {"synthetic_v3/v3_P521_SHA3-512_unixTime.tar", 264},
      {"synthetic_v3/v3_bpP384r1_SHA3-384_generalizedTime.tar", 264},
      {"synthetic_v3/v3_bpP512r1_SHA512_utcTime.tar", 264}};
  for (const auto& [name, messages] : expected) {
    const auto counts = verify_all(*root / "tse" / name);
    EXPECT_EQ(counts.valid, messages) << name;
    EXPECT_EQ(counts.flipped_valid, 0) << name;
  }
}

TEST(Vectors, SignedBytesOfRealDevicesHaveTheKnownDigests) {
  const auto root = vectors();
  if (!root) GTEST_SKIP() << "no vectors";
  for (const auto& entry : fs::directory_iterator(*root / "tse/swissbit")) {
    const auto log = read_file(entry.path(), 1 << 20).value();
    const auto message = message_of(log);
    EXPECT_EQ(message.tbs.size(), 107U);
    EXPECT_EQ(hex(digest(HashAlgorithm::sha384, message.tbs)),
              "c02b031cf0065a3d145d3aba7fbff8400f5657d5851b9910494f8fd6af609c9ab527916603e683071b0"
              "8c87c94e24edf");
    EXPECT_EQ(name_of(signature_algorithm_from_oid(message.algorithm).value()),
              "ecdsa-plain-SHA384");
  }
  const auto files =
      untar(read_file(*root / "tse/cryptovision/cryptovision_export_2020.tar", 1 << 20).value());
  const std::map<std::string, std::string> known = {
      {"Sig-713_", "f12fa4d3e2ffc312e75cceb43f1e8f65caf56c67c4192cf1547b5f722c9544ac"},
      {"Sig-724_", "bd907e2da1ce324a2135cbb2955520f05146ae82016cbaac87bd5655267a6489"}};
  std::size_t found = 0;
  for (const auto& [name, content] : files) {
    for (const auto& [part, expected] : known) {
      if (name.find(part) == std::string::npos) continue;
      ++found;
      EXPECT_EQ(hex(sha256(message_of(content).tbs)), expected) << name;
    }
  }
  EXPECT_EQ(found, known.size());
}

TEST(Vectors, TheChainOfARealDeviceIsCompleteAndItsRootUnknown) {
  const auto root = vectors();
  if (!root) GTEST_SKIP() << "no vectors";
  const auto files =
      untar(read_file(*root / "tse/cryptovision/cryptovision_export_2020.tar", 1 << 20).value());
  std::optional<Certificate> leaf;
  std::vector<Certificate> others;
  for (const auto& [name, content] : files) {
    if (!name.ends_with(".cer")) continue;
    auto certificate = Certificate::parse(content).value();
    // Certificate files are named after the hash of the key.
    EXPECT_TRUE(name.starts_with(hex(certificate.public_key().value().point_hash())));
    if (name.starts_with("4a3f03a2")) {
      leaf = certificate;
    } else {
      others.push_back(certificate);
    }
  }
  ASSERT_TRUE(leaf.has_value());
  const auto at = leaf->not_before() + std::chrono::hours(24);
  const auto result = check_chain(*leaf, {others, {}, {}, at});
  EXPECT_EQ(result.path.size(), 3U);
  EXPECT_TRUE(result.complete && !result.trusted && result.is_valid());
  ASSERT_EQ(result.findings.size(), 1U);
  EXPECT_EQ(result.findings[0].problem, ChainProblem::untrusted_root);
  const std::vector<Certificate> anchors = {result.path.back()};
  EXPECT_TRUE(check_chain(*leaf, {others, anchors, {}, at}).trusted);
}

}  // namespace
}  // namespace siegel::crypto
