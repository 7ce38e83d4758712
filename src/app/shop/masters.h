#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/thread.h"
#include "model/plan.h"

namespace siegel::app {

/// Master data of the receipts sold last, so that a receipt need not be read back from the journal
/// to be shown. Believed only for plans after the last change. Any thread; all changes of master
/// data are made by this process and announced here.
class Masters {
 public:
  /// Before a change is handed over: until it ends, nothing is known.
  void change_begins() {
    const Lock lock(m_mutex);
    ++m_changes;
    m_receipts.clear();
  }
  /// `sequence`: of its entry; empty: nothing was changed. A change whose outcome is not known
  /// never ends.
  void change_ends(std::optional<std::uint64_t> sequence) {
    const Lock lock(m_mutex);
    --m_changes;
    m_receipts.clear();
    if (sequence && *sequence > m_since) m_since = *sequence;
  }

  /// True: `receipt`, which has plan and seal, has its master data now.
  [[nodiscard]] bool complete(Receipt& receipt) const {
    const Lock lock(m_mutex);
    if (m_changes > 0 || receipt.plan_sequence <= m_since) return false;
    const auto found = m_receipts.find(receipt.plan.register_id.text());
    if (found == m_receipts.end()) return false;
    const Known& known = found->second;
    if (known.device != device_of(receipt) ||
        known.business_sequence != receipt.plan.business_sequence)
      return false;
    receipt.business = known.business;
    receipt.register_info = known.register_info;
    receipt.tse = known.tse;
    receipt.signer = known.signer;
    return true;
  }
  /// Remembers those of a receipt that was read from the journal.
  void keep(const Receipt& receipt) {
    const Lock lock(m_mutex);
    if (m_changes > 0 || receipt.plan_sequence <= m_since) return;
    m_receipts[receipt.plan.register_id.text()] = {
        device_of(receipt), receipt.plan.business_sequence,
        receipt.business,   receipt.register_info,
        receipt.tse,        receipt.signer};
  }

 private:
  struct Known {
    std::string device;
    std::uint64_t business_sequence = 0;
    Business business;
    RegisterInfo register_info;
    std::optional<TseInfo> tse;
    std::optional<SignerInfo> signer;
  };
  /// The device whose master data belong to the receipt.
  static const std::string& device_of(const Receipt& receipt) {
    if (receipt.seal && !receipt.seal->signer.empty()) return receipt.seal->signer;
    const bool sealed_by = receipt.seal && !receipt.seal->tse_serial.empty();
    return sealed_by ? receipt.seal->tse_serial : receipt.plan.tse_serial;
  }

  mutable Mutex m_mutex;
  std::map<std::string, Known, std::less<>> m_receipts SIEGEL_GUARDED_BY(m_mutex);  // by register
  std::uint64_t m_since SIEGEL_GUARDED_BY(m_mutex) = 0;
  int m_changes SIEGEL_GUARDED_BY(m_mutex) = 0;
};

}  // namespace siegel::app
