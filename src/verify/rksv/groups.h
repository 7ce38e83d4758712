#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/x509.h"
#include "verify/report.h"
#include "verify/rksv/dep_reader.h"
#include "verify/rksv/material.h"

// The certificates that a DEP names for its groups. Not part of the module's contract.

namespace siegel::verify::rksv {

/// One element of `Belege-Gruppe` while its receipts are under way.
struct Group {
  std::uint64_t index = 0;  ///< from 0
  std::string certificate;
  std::vector<std::string> issuers;
  std::set<std::string, std::less<>> serials;  ///< fields 11 of its receipts, the first few
  std::uint64_t first_receipt = 0;             ///< from 1; 0: none
  static constexpr std::size_t serials_max = 64;
};

/// Checks groups one after the other (RKS-05xx). Memory does not grow with their number.
class GroupCheck {
 public:
  GroupCheck(const Material& material, const std::vector<crypto::Certificate>& trust_anchors,
             Report& report)
      : m_material(material), m_trust_anchors(trust_anchors), m_report(report) {}

  void check(const Group& group);

 private:
  void find(std::string_view rule, std::string_view found, std::string_view expected);
  void check_presence(const Group& group);
  void check_chain(const Group& group, const crypto::Certificate& signer);
  void check_serials(const Group& group, const crypto::Certificate& signer);
  void remember(const crypto::Certificate& certificate);

  static constexpr std::size_t remembered_max = 1000;

  const Material& m_material;
  const std::vector<crypto::Certificate>& m_trust_anchors;
  Report& m_report;
  std::string m_place;
  std::uint64_t m_order = 0;
  std::uint64_t m_with = 0;
  std::uint64_t m_without = 0;
  std::set<Hash256> m_seen_chains;
  std::map<std::string, Hash256> m_numbers;  // serial of a certificate: its fingerprint
};

}  // namespace siegel::verify::rksv
