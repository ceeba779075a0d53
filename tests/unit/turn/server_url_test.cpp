#include "turn/server_url.hpp"

#include <string>

#include "support/cmocka.hpp"

using namespace callroom::turn;

namespace {

std::string parsed(std::string_view text) {
  const auto url = parse_server_url(text);
  if (!url) return "error";
  return url->text() + (url->scheme_added ? " (scheme added)" : "");
}

struct Case {
  const char* text;
  const char* expected;
};

void urls(void**) {
  constexpr Case kCases[] = {
      {"turn:turn.example.org", "turn:turn.example.org:3478?transport=udp"},
      {"turn:turn.example.org:80?transport=tcp", "turn:turn.example.org:80?transport=tcp"},
      {"TURN:Turn.Example.ORG?Transport=TCP", "turn:turn.example.org:3478?transport=tcp"},
      {"turns:turn.example.org", "turns:turn.example.org:5349?transport=tcp"},
      {"turns:turn.example.org:443?transport=tcp", "turns:turn.example.org:443?transport=tcp"},
      {"stun:192.0.2.1", "stun:192.0.2.1:3478"},
      {"turn:[2001:db8::1]:4000", "turn:[2001:db8::1]:4000?transport=udp"},
      {"turn.example.org:3478", "turn:turn.example.org:3478?transport=udp (scheme added)"},
      {"turn.example.org", "turn:turn.example.org:3478?transport=udp (scheme added)"},
      {"192.0.2.1:3478?transport=tcp", "turn:192.0.2.1:3478?transport=tcp (scheme added)"},
      {"", "error"},
      {"turn:", "error"},
      {"http://turn.example.org", "error"},
      {"turn://turn.example.org", "error"},
      {"turn:user:pass@turn.example.org", "error"},
      {"turn:turn.example.org:0", "error"},
      {"turn:turn.example.org:65536", "error"},
      {"turn:turn.example.org:34x8", "error"},
      {"turn:turn.example.org:", "error"},
      {"turn:turn.example.org?transport=sctp", "error"},
      {"turns:turn.example.org?transport=udp", "error"},
      {"stun:turn.example.org?transport=udp", "error"},
      {"stuns:turn.example.org", "error"},
      {"turn:[2001:db8::1", "error"},
      {"turn:[192.0.2.1]", "error"},
      {"turn:2001:db8::1", "error"},
      {"turn:2130706433", "error"},  // 127.0.0.1 as one number
      {"turn:0x7f.0.0.1", "error"},  // 127.0.0.1 with a hexadecimal part
      {"turn:127.1", "error"},       //
      {"turn:turn.example.org/x", "error"},
      {"turn:turn example.org", "error"},
  };
  std::string wrong;
  for (const auto& [text, expected] : kCases) {
    const auto got = parsed(text);
    if (got != expected) wrong += std::string(text) + " -> " + got + "; ";
  }
  assert_string_equal(wrong.c_str(), "");
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {cmocka_unit_test(urls)};
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}
