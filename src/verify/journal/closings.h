#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <tuple>

#include "model/closing.h"
#include "model/plan.h"
#include "verify/journal/rksv_story.h"

// The sums of each closing, made again from its receipts. Not part of the module's contract.

namespace siegel::verify::journal {

/// Takes the entries of the registers in order: rules JRN-09xx.
class ClosingStory {
 public:
  /// `whole`: from the first entry on, so that what runs over all closings is judged too.
  ClosingStory(FindHere find, bool whole) : m_find(std::move(find)), m_whole(whole) {}

  void take_register(const RegisterInfo& info);
  void take_plan(const Plan& plan, std::uint64_t sequence);
  void take_seal(const std::string& register_id, std::uint64_t plan_sequence,
                 const std::string& tse_serial);
  /// A payload of this register was removed: its sums up to the next closing are not judged.
  void take_removed(const std::string& register_id);
  void take_closing(const Closing& closing, std::uint64_t sequence);

 private:
  using Case = std::tuple<GvTyp, std::string, int, int, int>;  // last: key, rate
  using Payment = std::pair<PaymentKind, std::string>;
  struct Day {
    bool known = true;
    std::uint64_t receipts = 0;
    std::uint64_t first_number = 0;
    std::uint64_t last_number = 0;
    std::uint64_t first_sequence = 0;
    std::map<Case, std::int64_t> cases;
    std::map<Payment, std::int64_t> payments;
    std::map<std::string, std::int64_t> cash;
    std::map<std::string, bool> tses;
  };
  struct Till {
    std::string base = "EUR";
    Day day;
    bool drawer_known = true;
    std::map<std::string, std::int64_t> drawer;
    std::uint64_t last_closing = 0;
    std::map<std::uint64_t, std::string> open;  ///< plans without seal: number
  };

  void check_numbers(const Closing& closing, const Till& till);
  void check_sums(const Closing& closing, const Day& day);
  void check_nets(const Closing& closing);
  void check_drawer(const Closing& closing, const Till& till);

  FindHere m_find;
  bool m_whole;
  std::map<std::string, Till, std::less<>> m_tills;
};

}  // namespace siegel::verify::journal
