#include "verify/dsfinvk/dsfinvk.h"

#include <gtest/gtest.h>

#include "verify/dsfinvk/own_export.h"

namespace siegel::verify::dsfinvk {
namespace {

using namespace testing;

TEST(own_export, has_no_violation) {
  const OwnExport own;
  const Outcome outcome = verify(own.files());
  EXPECT_EQ(outcome.report.count(Severity::violation), 0U) << listed(outcome.report);
  EXPECT_EQ(outcome.report.signatures.valid, 31U);
  std::cout << listed(outcome.report);
}

}  // namespace
}  // namespace siegel::verify::dsfinvk
