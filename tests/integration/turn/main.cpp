#include <cstdio>
#include <exception>

#include "cases.hpp"
#include "certificates.hpp"

int main(int argc, char** argv) {
  try {
    turn_test::Bench bench(argc > 1 ? argv[1] : "");
    const turn_test::Certificates made;
    bench.one_by_one(turn_test::healthy_cases());
    bench.one_by_one(turn_test::coturn_cases(made));
    bench.side_by_side(turn_test::fake_cases());
    bench.one_by_one(turn_test::service_cases());
    return bench.finish();
  } catch (const std::exception& error) {
    std::printf("%s\n0 passed, 1 failed\n", error.what());
    return 1;
  }
}
