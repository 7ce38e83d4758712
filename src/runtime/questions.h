#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "device/checked.h"
#include "device/device.h"
#include "recorder/recorder.h"

// What both worlds (threads and simulation) do with a device on behalf of the recorder.

namespace siegel::runtime {

/// The error of a device that is configured but not there.
[[nodiscard]] Error no_device();

/// Is the device usable again? Self-test, then its clock, which is set where it is a second off. A
/// device that refuses that (nobody is logged in) but has its time set is usable.
[[nodiscard]] Status probe(device::Tse* tse, Instant now);

/// The error of a signature device that is configured but not there.
[[nodiscard]] Error no_signer();
/// Does the signature device sign again? One signature over a fixed digest that is no receipt's.
[[nodiscard]] Status probe(device::CheckedSigner* signer);

/// Everything the device holds for the clients asked about, above their numbers and of those
/// numbers.
[[nodiscard]] Result<std::vector<device::TseTransaction>> reconcile(
    device::Tse* tse, const recorder::Reconcile& question);
[[nodiscard]] std::vector<std::string> clients_of(const recorder::Reconcile& question);

}  // namespace siegel::runtime
