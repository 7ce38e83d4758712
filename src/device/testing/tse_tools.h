#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "crypto/secret.h"
#include "device/device.h"
#include "format/der.h"
#include "format/tar.h"

// What tests of devices share; the contract itself is contract.h.

namespace siegel::device::testing {

/// A device in operation: initialized, time set, client "KASSE-1" registered, nobody logged in but,
/// where transactions need one, the logger.
class TseUnderTest {
 public:
  virtual ~TseUnderTest() = default;
  virtual Tse& tse() = 0;
  /// Takes the power away and gives it back; log_in of the logger included.
  virtual void restart() = 0;
  /// Lets time pass.
  virtual void pass(std::chrono::milliseconds time) = 0;
  virtual crypto::SecretBytes admin_pin() = 0;
};

struct TsePlug {
  std::string name;
  std::function<std::unique_ptr<TseUnderTest>()> make;
  friend std::ostream& operator<<(std::ostream& out, const TsePlug& plug) {
    return out << plug.name;
  }
};

inline crypto::SecretBytes secret(std::string_view text) {
  return crypto::SecretBytes::copy_of(bytes_of(text));
}

/// Collects the answers of perform().
class CollectedAnswers final : public TseAnswers {
 public:
  explicit CollectedAnswers(std::size_t count) : m_answers(count) {}
  void answered(std::size_t index, Result<TseAnswer> answer) override {
    ASSERT_LT(index, m_answers.size());
    EXPECT_FALSE(m_answers[index].has_value()) << "answered twice: " << index;
    m_answers[index].emplace(std::move(answer));
  }
  [[nodiscard]] bool complete() const {
    return std::ranges::all_of(m_answers, [](const auto& answer) { return answer.has_value(); });
  }
  [[nodiscard]] const Result<TseAnswer>& at(std::size_t index) const { return *m_answers[index]; }
  Result<TseAnswer> take(std::size_t index) { return std::move(*m_answers[index]); }

 private:
  std::vector<std::optional<Result<TseAnswer>>> m_answers;
};

inline Result<TseAnswer> perform_one(Tse& tse, const TseCall& call) {
  CollectedAnswers answers(1);
  tse.perform({&call, 1}, answers);
  if (!answers.complete()) return unknown("E-TSE-104", "no answer");
  return answers.take(0);
}

inline TseCall start_call(std::string client = "KASSE-1") {
  return {.operation = TseCall::Operation::start,
          .client = std::move(client),
          .process_type = {},
          .process_data = {}};
}
inline TseCall finish_call(std::uint64_t number, std::string client = "KASSE-1") {
  return {.operation = TseCall::Operation::finish,
          .client = std::move(client),
          .transaction = number,
          .process_type = "Kassenbeleg-V1",
          .process_data = "Beleg^1.00_0.00_0.00_0.00_0.00^1.00:Bar"};
}
/// The finish of what the call before it starts.
inline TseCall joined_finish(std::string client = "KASSE-1") {
  TseCall call = finish_call(0, std::move(client));
  call.of_previous = true;
  return call;
}
inline TseCall update_call(std::uint64_t number, std::string data, bool force = false) {
  return {.operation = TseCall::Operation::update,
          .client = "KASSE-1",
          .transaction = number,
          .process_type = "Bestellung-V1",
          .process_data = std::move(data),
          .force_signature = force};
}

/// The log files of an archive: name and bytes.
struct ArchiveFile {
  std::string name;
  Bytes bytes;
};
inline std::vector<ArchiveFile> files_of(BytesView archive) {
  std::vector<ArchiveFile> out;
  format::TarView tar(archive);
  for (;;) {
    const auto more = tar.next();
    EXPECT_TRUE(more.ok());
    if (!more.ok() || !*more) return out;
    EXPECT_EQ(tar.entry().flags, 0U);
    out.push_back(
        {std::string(tar.entry().name), Bytes(tar.content().begin(), tar.content().end())});
  }
}
inline std::vector<ArchiveFile> logs_of(BytesView archive) {
  std::vector<ArchiveFile> out = files_of(archive);
  std::erase_if(out, [](const ArchiveFile& file) { return !file.name.ends_with(".log"); });
  return out;
}

/// Splits a message into what is signed and the signature, by the last element.
struct SignedParts {
  BytesView signed_bytes;
  BytesView signature;
};
inline SignedParts parts_of(BytesView message) {
  format::DerReader outer(message);
  format::DerElement sequence;
  EXPECT_TRUE(outer.read(format::der_tag::sequence, sequence));
  format::DerReader inside(sequence.content);
  format::DerElement element;
  std::size_t before = 0;
  while (!inside.at_end()) {
    before = sequence.content.size() - inside.rest().size();
    if (!inside.read(element)) break;
  }
  return {sequence.content.first(before), element.content};
}

}  // namespace siegel::device::testing
