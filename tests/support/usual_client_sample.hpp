// What a client measures in an ordinary call.
#pragma once

#include "quality/client_sample.hpp"

namespace callroom::quality::test {

inline ClientSample usual_client_sample() {
  ClientSample sample;
  sample.interval_ms = 3000;
  sample.rtt_ms = 100;
  sample.jitter_ms = 10;
  sample.sent = {2.0, 800, 30, {640, 480}};
  sample.received = {0.5, 700, 29, {640, 480}};
  return sample;
}

}  // namespace callroom::quality::test
