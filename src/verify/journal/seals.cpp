#include "verify/journal/seals.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <system_error>
#include <thread>

namespace siegel::verify::journal {

namespace {

constexpr std::size_t jobs_of_a_group = 4096;

bool signature_fits(const SealJob& job, const KnownTse& known) {
  const qr::FinishFacts facts{.client = job.facts.client,
                              .process_type = job.facts.process_type,
                              .process_data = job.facts.process_data,
                              .transaction = job.transaction,
                              .counter = job.counter,
                              .end = job.end};
  return qr::find_finish_form(facts, known.time, known.key, known.algorithm, job.signature)
      .has_value();
}

}  // namespace

void SealCheck::add_tse(const TseInfo& info, std::string_view place) {
  auto key = crypto::PublicKey::from_point(info.public_key);
  const auto algorithm = crypto::signature_algorithm_from_name(info.algorithm);
  const auto time = qr::time_kind_from(info.time_format);
  const auto unreadable = [&](std::string_view field, std::string_view found,
                              std::string_view expected) {
    m_report.add("JRN-0404", fmt::format("{} {}", place, field), found, expected);
  };
  if (!key.ok()) unreadable("/public_key", hex(info.public_key), key.error().detail);
  if (!algorithm.ok()) unreadable("/algorithm", info.algorithm, "a name as ecdsa-plain-SHA256");
  if (!time) unreadable("/time_format", info.time_format, "a word as unixTime");
  if (!key.ok() || !algorithm.ok()) return;
  const std::string serial = hex(key->point_hash());
  if (serial != info.serial) {
    m_report.add("JRN-0403", fmt::format("{} /serial", place), info.serial, serial);
  }
  if (m_by_serial.contains(info.serial)) return;
  m_by_serial.emplace(info.serial, m_tses.size());
  m_tses.push_back({info.serial, std::move(*key), *algorithm, time.value_or(tse::TimeKind::unix)});
}

std::optional<std::size_t> SealCheck::find_tse(std::string_view serial) const {
  const auto at = m_by_serial.find(serial);
  return at == m_by_serial.end() ? std::nullopt : std::optional(at->second);
}

void SealCheck::add(SealJob job) {
  m_jobs.push_back(std::move(job));
  if (m_jobs.size() >= jobs_of_a_group) check_all();
}

void SealCheck::add_signer(const SignerInfo& info, std::string_view place) {
  auto key = crypto::PublicKey::from_point(crypto::Curve::p256, info.public_key);
  if (!key.ok()) {
    m_report.add("JRN-0806", fmt::format("{} /public_key", place), hex(info.public_key),
                 key.error().detail);
    return;
  }
  // What was signed until now was signed with the key until now.
  check_all();
  m_signers.insert_or_assign(info.id, std::move(*key));
}

void SealCheck::add_code(CodeJob job) {
  if (!m_signers.contains(job.signer)) return;
  m_codes.push_back(std::move(job));
  if (m_codes.size() >= jobs_of_a_group) check_all();
}

void SealCheck::finish() { check_all(); }

void SealCheck::in_parallel(std::size_t count, const std::function<void(std::size_t)>& fits) {
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    constexpr std::size_t step = 16;
    while (true) {
      const std::size_t begin = next.fetch_add(step);
      if (begin >= count) return;
      for (std::size_t i = begin; i < std::min(begin + step, count); ++i) fits(i);
    }
  };
  std::vector<std::jthread> threads;
  const unsigned more = std::max(1U, std::thread::hardware_concurrency()) - 1;
  for (unsigned i = 0; i < more && count > 64; ++i) {
    try {
      threads.emplace_back(work);
    } catch (const std::system_error&) {
      break;  // as many threads as the system gives; this one works too
    }
  }
  work();
}

void SealCheck::check_all() {
  std::vector<std::uint8_t> fits(m_jobs.size() + m_codes.size(), 0);
  in_parallel(fits.size(), [&](std::size_t i) {
    if (i < m_jobs.size()) {
      fits[i] = signature_fits(m_jobs[i], m_tses[m_jobs[i].tse]) ? 1 : 0;
      return;
    }
    const CodeJob& code = m_codes[i - m_jobs.size()];
    fits[i] = m_signers.at(code.signer).verify_ecdsa_digest(code.digest, code.signature) ? 1 : 0;
  });
  for (std::size_t i = 0; i < fits.size(); ++i) {
    m_report.signatures.count(fits[i] != 0);
    if (fits[i] != 0) continue;
    if (i >= m_jobs.size()) {
      const CodeJob& code = m_codes[i - m_jobs.size()];
      m_report.add("JRN-0805", code.place + " /signature", hex(code.signature),
                   fmt::format("a signature of the code by {}", code.signer), code.order);
      continue;
    }
    const SealJob& job = m_jobs[i];
    m_report.add("JRN-0401", job.place + " /signature", hex(job.signature),
                 fmt::format("a signature of transaction {}, counter {} by {}", job.transaction,
                             job.counter, m_tses[job.tse].serial),
                 job.order);
  }
  m_jobs.clear();
  m_codes.clear();
}

}  // namespace siegel::verify::journal
