#pragma once

#include <gtest/gtest.h>

#include "device/smartcard/pcsc.h"
#include "device/smartcard/testing/pcsc_service.h"

// Private to the tests of this module.

namespace siegel::device::smartcard::testing {

/// One service for all tests of this program, because starting it takes longer than using it. Null:
/// it is not installed, or this user may not run it; a service that does not start is a failure.
inline PcscService* service_of_program() {
  static const Result<std::unique_ptr<PcscService>> service = PcscService::start();
  if (service) return service->get();
  if (service.error().kind != ErrorKind::not_found) ADD_FAILURE() << service.error().detail;
  return nullptr;
}

}  // namespace siegel::device::smartcard::testing
