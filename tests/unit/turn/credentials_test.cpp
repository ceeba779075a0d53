#include "turn/credentials.hpp"

#include <string>

#include "support/cmocka.hpp"

using namespace callroom;
using namespace callroom::turn;
using std::chrono::seconds;

namespace {

WallTime at(std::int64_t unix_seconds) {
  return WallTime(seconds(unix_seconds));
}

// The password was made with: printf '1700003600:alice' | openssl dgst -sha1 -hmac north -binary | base64
void rest_credentials_are_what_openssl_makes(void**) {
  const auto made = mint_rest_credentials("north", "alice", at(1700003600));

  assert_string_equal(made.username.c_str(), "1700003600:alice");
  assert_string_equal(made.password.c_str(), "wjwSXO2ch1B6VaLTLMy2Avn5O9o=");
}

void names_cannot_break_the_user_name(void**) {
  const auto colon = mint_rest_credentials("s", "a:b c\n", at(1)).username;
  const auto empty = mint_rest_credentials("s", "", at(1)).username;
  const auto longest = mint_rest_credentials("s", std::string(500, 'x'), at(1)).username.size();

  assert_string_equal(colon.c_str(), "1:a_b_c_");
  assert_string_equal(empty.c_str(), "1:callroom");
  assert_int_equal(longest, 66);
}

void expiry_is_read_from_the_user_name(void**) {
  const auto now = at(1700000000);
  const auto past = read_expiry("1699999999:bob", now).expiry;
  const auto exactly_now = read_expiry("1700000000:bob", now).expiry;
  const auto future = read_expiry("1700000001:bob", now).expiry;
  const auto past_ms = read_expiry("1699999999000:bob", now).expiry;
  const auto future_ms = read_expiry("1700000001000:bob", now).expiry;
  const auto name = read_expiry("bob", now).expiry;
  const auto telephone = read_expiry("4915112345678", now).expiry;
  const auto mixed = read_expiry("16999999x9:bob", now).expiry;
  const auto short_number = read_expiry("12:bob", now).expiry;

  assert_true(past == Expiry::kPast);
  assert_true(exactly_now == Expiry::kPast);
  assert_true(future == Expiry::kValid);
  assert_true(past_ms == Expiry::kPastMilliseconds);
  assert_true(future_ms == Expiry::kValidMilliseconds);
  assert_true(name == Expiry::kNone);
  assert_true(telephone == Expiry::kNone);
  assert_true(mixed == Expiry::kNone);
  assert_true(short_number == Expiry::kNone);
}

ServerConfig server(const char* url) {
  ServerConfig config;
  config.id = "a";
  config.url = url;
  return config;
}

void clients_get_credentials_of_their_own(void**) {
  auto rest = server("turn.example.org");
  rest.secret = "north";
  auto fixed = server("turns:turn.example.org");
  fixed.username = "bob";
  fixed.password = "secret";
  const auto a = ice_server_for(rest, "alice", at(1700000000), seconds(3600));
  const auto b = ice_server_for(fixed, "alice", at(1700000000), seconds(3600));
  const auto c = ice_server_for(server("stun:turn.example.org"), "alice", at(0), seconds(1));
  const auto wrong = ice_server_for(server("http://x"), "alice", at(0), seconds(1));
  const std::string a_url = a ? a->url : "";
  const std::string a_user = a && a->credentials ? a->credentials->username : "";
  const std::string b_user = b && b->credentials ? b->credentials->username : "";
  const bool c_without = c && !c->credentials;
  const bool wrong_refused = !wrong;

  assert_string_equal(a_url.c_str(), "turn:turn.example.org:3478?transport=udp");
  assert_string_equal(a_user.c_str(), "1700003600:alice");
  assert_string_equal(b_user.c_str(), "bob");
  assert_true(c_without);
  assert_true(wrong_refused);
}

std::string complaint(ServerConfig config) {
  const auto valid = validate(config);
  return valid ? "" : valid.error().text.substr(0, valid.error().text.find(':'));
}

void a_bad_category_names_its_key(void**) {
  auto both = server("turn:h");
  both.secret = "s";
  both.password = "p";
  auto half = server("turn:h");
  half.username = "u";
  auto stun = server("stun:h");
  stun.secret = "s";
  auto often = server("turn:h");
  often.check_every = seconds(5);
  auto good = server("turn:h");
  good.username = "u";
  good.password = "p";
  const auto a = complaint(both), b = complaint(half), c = complaint(stun), d = complaint(often), e = complaint(good);
  const auto f = complaint(server("turn:h:x"));

  assert_string_equal(a.c_str(), "secret");
  assert_string_equal(b.c_str(), "password");
  assert_string_equal(c.c_str(), "username, password, secret");
  assert_string_equal(d.c_str(), "check_every");
  assert_string_equal(e.c_str(), "");
  assert_string_equal(f.c_str(), "url");
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(rest_credentials_are_what_openssl_makes),
      cmocka_unit_test(names_cannot_break_the_user_name),
      cmocka_unit_test(expiry_is_read_from_the_user_name),
      cmocka_unit_test(clients_get_credentials_of_their_own),
      cmocka_unit_test(a_bad_category_names_its_key),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}
