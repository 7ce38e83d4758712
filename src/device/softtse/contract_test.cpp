#include "device/testing/contract.h"
#include "device/softtse/test_device.h"

namespace siegel::device::softtse {
namespace {

TestDevice::Options with(Generation generation, crypto::Curve curve, TimeFormat format,
                         UpdateVariant updates) {
  return {.curve = curve, .generation = generation, .time_format = format, .updates = updates};
}

testing::TsePlug plug(std::string name, const TestDevice::Options& options) {
  return {.name = std::move(name), .make = [options]() -> std::unique_ptr<testing::TseUnderTest> {
            auto device = std::make_unique<TestDevice>(options);
            device->commission();
            return device;
          }};
}

}  // namespace
}  // namespace siegel::device::softtse

namespace siegel::device::testing {

// The fixture is the contract's; every generation, time format, curve and kind of update passes it.
INSTANTIATE_TEST_SUITE_P(
    Softtse, TseContract,
    ::testing::Values(
        softtse::plug("generation_1", softtse::with(softtse::Generation::one, crypto::Curve::p256,
                                                    softtse::TimeFormat::unix_time,
                                                    softtse::UpdateVariant::always_signed)),
        softtse::plug("generation_2", softtse::with(softtse::Generation::two, crypto::Curve::p256,
                                                    softtse::TimeFormat::unix_time,
                                                    softtse::UpdateVariant::aggregating)),
        softtse::plug("generation_1_utc_p384",
                      softtse::with(softtse::Generation::one, crypto::Curve::p384,
                                    softtse::TimeFormat::utc_time,
                                    softtse::UpdateVariant::aggregating)),
        softtse::plug("generation_2_milliseconds_brainpool",
                      softtse::with(softtse::Generation::two, crypto::Curve::brainpool_p256r1,
                                    softtse::TimeFormat::generalized_time_with_ms,
                                    softtse::UpdateVariant::always_signed_and_aggregating))),
    [](const auto& tested) { return tested.param.name; });

}  // namespace siegel::device::testing
