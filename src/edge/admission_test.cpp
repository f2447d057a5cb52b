// Goal: bulk work is refused before live traffic and that before checkout, and none of it flutters.
#include "edge/admission.h"

#include <gtest/gtest.h>

namespace crossfoot::edge {
namespace {

constexpr AdmissionLimits limits{.accepts_max = 100,
                                 .queue_max = 1000,
                                 .log_bytes_max = 1000,
                                 .disk_free_bytes_min = 1000,
                                 .resident_bytes_max = 1000};

int shed_classes(const Admission& admission) {
  int count = 0;
  for (const auto one : {AdmissionClass::bulk, AdmissionClass::live, AdmissionClass::checkout}) {
    if (!admission.refusal(one)) break;
    ++count;
  }
  return count;
}

TEST(Admission, ShedsByClassAsALimitComesNear) {
  Admission admission(limits);
  for (const auto& [accepts, shed] :
       {std::pair{0U, 0}, {59U, 0}, {60U, 1}, {80U, 2}, {95U, 3}, {1000U, 3}}) {
    admission.look({.accepts = accepts});
    EXPECT_EQ(shed_classes(admission), shed) << accepts;
  }
}

TEST(Admission, ComesBackTenPointsLower) {
  Admission admission(limits);
  admission.look({.queue = 800});
  EXPECT_EQ(shed_classes(admission), 2);
  for (const auto& [queue, shed] :
       {std::pair{701U, 2}, {700U, 2}, {699U, 1}, {501U, 1}, {499U, 0}, {599U, 0}}) {
    admission.look({.queue = queue});
    EXPECT_EQ(shed_classes(admission), shed) << queue;
  }
}

TEST(Admission, KeepsTheDiskFree) {
  Admission admission(limits);
  for (const auto& [free, shed] :
       {std::pair{1'000'000U, 0}, {1700U, 0}, {1600U, 1}, {1250U, 2}, {1000U, 3}, {0U, 3}}) {
    admission.look({.disk_free_bytes = free});
    EXPECT_EQ(shed_classes(admission), shed) << free;
  }
  EXPECT_EQ(admission.refusal(AdmissionClass::checkout)->retry_s, 60);
  EXPECT_EQ(admission.refusal(AdmissionClass::checkout)->resource, Resource::disk);
  admission.look({});
  EXPECT_EQ(shed_classes(admission), 0) << "what is not known is not judged";
}

TEST(Admission, LooksAtEveryResource) {
  Admission admission(limits);
  admission.look({.log_bytes = 900});
  EXPECT_EQ(admission.refusal(AdmissionClass::live)->resource, Resource::log);
  admission.look({.resident_bytes = 2000});
  EXPECT_EQ(admission.refusal(AdmissionClass::live)->resource, Resource::memory);
  admission.look({.accepts = 99, .resident_bytes = 2000});
  EXPECT_EQ(admission.refusal(AdmissionClass::bulk)->resource, Resource::memory)
      << "the longest wait is the honest one";
  Admission blind({.accepts_max = 0, .queue_max = 0});
  blind.look({.accepts = UINT64_MAX, .queue = UINT64_MAX, .disk_free_bytes = 0});
  EXPECT_EQ(shed_classes(blind), 0);
}

}  // namespace
}  // namespace crossfoot::edge
