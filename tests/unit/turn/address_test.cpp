#include "turn/address.hpp"

#include <string>

#include "support/cmocka.hpp"

using namespace callroom::turn;

namespace {

struct Case {
  const char* text;
  const char* kind;
};

void kinds(void**) {
  constexpr Case kCases[] = {
      {"8.8.8.8", "public"},
      {"2001:4860:4860::8888", "public"},
      {"0.0.0.0", "unspecified"},
      {"::", "unspecified"},
      {"127.0.0.1", "loopback"},
      {"127.255.255.254", "loopback"},
      {"::1", "loopback"},
      {"::ffff:127.0.0.1", "loopback"},
      {"::127.0.0.1", "loopback"},
      {"64:ff9b::7f00:1", "loopback"},
      {"2002:7f00:1::", "loopback"},
      {"10.1.2.3", "private"},
      {"172.16.0.1", "private"},
      {"172.32.0.1", "public"},
      {"192.168.1.1", "private"},
      {"100.64.0.1", "private"},
      {"fd12::1", "private"},
      {"fec0::1", "private"},
      {"169.254.1.1", "link-local"},
      {"fe80::1", "link-local"},
      {"169.254.169.254", "metadata"},
      {"::ffff:169.254.169.254", "metadata"},
      {"64:ff9b::a9fe:a9fe", "metadata"},
      {"fd00:ec2::254", "metadata"},
      {"100.100.100.200", "metadata"},
      {"168.63.129.16", "metadata"},
      {"224.0.0.1", "multicast"},
      {"ff02::1", "multicast"},
      {"255.255.255.255", "reserved"},
      {"240.0.0.1", "reserved"},
      {"192.0.2.1", "reserved"},
      {"2001:db8::1", "reserved"},
      {"2001::1", "reserved"},
      {"4000::1", "reserved"},
  };
  std::string wrong;
  for (const auto& [text, kind] : kCases) {
    const auto address = parse_ip(text, 0);
    const std::string got = address ? kind_name(classify(*address)) : "no address";
    if (got != kind) wrong += std::string(text) + " -> " + got + "; ";
  }
  assert_string_equal(wrong.c_str(), "");
}

void text_and_back(void**) {
  const auto v4 = parse_ip("192.0.2.1", 3478);
  const auto v6 = parse_ip("[2001:db8:0:0::1]", 3478);
  const std::string a = v4 ? to_text(*v4) : "";
  const std::string b = v6 ? to_text(*v6) : "";
  const bool name = parse_ip("localhost", 0).has_value();
  const bool zone = parse_ip("fe80::1%eth0", 0).has_value();
  const bool nul = parse_ip(std::string_view("1.2.3.4\0x", 9), 0).has_value();

  assert_string_equal(a.c_str(), "192.0.2.1:3478");
  assert_string_equal(b.c_str(), "[2001:db8::1]:3478");
  assert_false(name);
  assert_false(zone);
  assert_false(nul);
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {cmocka_unit_test(kinds), cmocka_unit_test(text_and_back)};
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}
