#pragma once

#include <vector>

#include "bench.hpp"
#include "coturn.hpp"
#include "fake_server.hpp"

namespace turn_test {

class Certificates;

std::vector<Case> healthy_cases();  // time is judged: one after the other
std::vector<Case> coturn_cases(const Certificates& made);
std::vector<Case> fake_cases();
std::vector<Case> service_cases();

}  // namespace turn_test
