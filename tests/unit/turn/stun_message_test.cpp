// The codec against the test vectors of RFC 5769, and against what a misbehaving server may send.
#include "turn/stun_message.hpp"

#include <string>
#include <vector>

#include "support/cmocka.hpp"

using namespace callroom::turn;

namespace {

constexpr char kPassword[] = "VOkJxbRl1RmTxUk/WvJxBt";  // of sections 2.1 to 2.3, short-term

const std::vector<std::uint8_t> kRequest = {
    0x00, 0x01, 0x00, 0x58,                                                  // Binding request, length 88
    0x21, 0x12, 0xa4, 0x42,                                                  // magic cookie
    0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae,  // transaction id
    0x80, 0x22, 0x00, 0x10,                                                  // SOFTWARE, 16 bytes
    0x53, 0x54, 0x55, 0x4e, 0x20, 0x74, 0x65, 0x73,                          // "STUN test client"
    0x74, 0x20, 0x63, 0x6c, 0x69, 0x65, 0x6e, 0x74,                          //
    0x00, 0x24, 0x00, 0x04, 0x6e, 0x00, 0x01, 0xff,                          // PRIORITY
    0x80, 0x29, 0x00, 0x08, 0x93, 0x2f, 0xf9, 0xb1, 0x51, 0x26, 0x3b, 0x36,  // ICE-CONTROLLED
    0x00, 0x06, 0x00, 0x09,                                                  // USERNAME, 9 bytes
    0x65, 0x76, 0x74, 0x6a, 0x3a, 0x68, 0x36, 0x76, 0x59, 0x20, 0x20, 0x20,  // "evtj:h6vY", padded with spaces
    0x00, 0x08, 0x00, 0x14,                                                  // MESSAGE-INTEGRITY
    0x9a, 0xea, 0xa7, 0x0c, 0xbf, 0xd8, 0xcb, 0x56, 0x78, 0x1e,              //
    0xf2, 0xb5, 0xb2, 0xd3, 0xf2, 0x49, 0xc1, 0xb5, 0x71, 0xa2,              //
    0x80, 0x28, 0x00, 0x04, 0xe5, 0x7a, 0x3b, 0xcf,                          // FINGERPRINT
};

const std::vector<std::uint8_t> kIpv4Response = {
    0x01, 0x01, 0x00, 0x3c,                                                  // Binding success, length 60
    0x21, 0x12, 0xa4, 0x42,                                                  // magic cookie
    0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae,  // transaction id
    0x80, 0x22, 0x00, 0x0b,                                                  // SOFTWARE, 11 bytes
    0x74, 0x65, 0x73, 0x74, 0x20, 0x76, 0x65, 0x63, 0x74, 0x6f, 0x72, 0x20,  // "test vector", padded
    0x00, 0x20, 0x00, 0x08,                                                  // XOR-MAPPED-ADDRESS
    0x00, 0x01, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43,                          // 192.0.2.1:32853
    0x00, 0x08, 0x00, 0x14,                                                  // MESSAGE-INTEGRITY
    0x2b, 0x91, 0xf5, 0x99, 0xfd, 0x9e, 0x90, 0xc3, 0x8c, 0x74,              //
    0x89, 0xf9, 0x2a, 0xf9, 0xba, 0x53, 0xf0, 0x6b, 0xe7, 0xd7,              //
    0x80, 0x28, 0x00, 0x04, 0xc0, 0x7d, 0x4c, 0x96,                          // FINGERPRINT
};

const std::vector<std::uint8_t> kIpv6Response = {
    0x01, 0x01, 0x00, 0x48,                                                  // Binding success, length 72
    0x21, 0x12, 0xa4, 0x42,                                                  // magic cookie
    0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae,  // transaction id
    0x80, 0x22, 0x00, 0x0b,                                                  // SOFTWARE, 11 bytes
    0x74, 0x65, 0x73, 0x74, 0x20, 0x76, 0x65, 0x63, 0x74, 0x6f, 0x72, 0x20,  // "test vector", padded
    0x00, 0x20, 0x00, 0x14,                                                  // XOR-MAPPED-ADDRESS
    0x00, 0x02, 0xa1, 0x47,                                                  // IPv6, port 32853
    0x01, 0x13, 0xa9, 0xfa, 0xa5, 0xd3, 0xf1, 0x79,                          // 2001:db8:1234:5678:11:2233:4455:6677
    0xbc, 0x25, 0xf4, 0xb5, 0xbe, 0xd2, 0xb9, 0xd9,                          //
    0x00, 0x08, 0x00, 0x14,                                                  // MESSAGE-INTEGRITY
    0xa3, 0x82, 0x95, 0x4e, 0x4b, 0xe6, 0x7b, 0xf1, 0x17, 0x84,              //
    0xc9, 0x7c, 0x82, 0x92, 0xc2, 0x75, 0xbf, 0xe3, 0xed, 0x41,              //
    0x80, 0x28, 0x00, 0x04, 0xc8, 0xfb, 0x0b, 0x4c,                          // FINGERPRINT
};

const std::vector<std::uint8_t> kLongTermRequest = {
    0x00, 0x01, 0x00, 0x60,                                                  // Binding request, length 96
    0x21, 0x12, 0xa4, 0x42,                                                  // magic cookie
    0x78, 0xad, 0x34, 0x33, 0xc6, 0xad, 0x72, 0xc0, 0x29, 0xda, 0x41, 0x2e,  // transaction id
    0x00, 0x06, 0x00, 0x12,                                                  // USERNAME, 18 bytes: six katakana
    0xe3, 0x83, 0x9e, 0xe3, 0x83, 0x88, 0xe3, 0x83, 0xaa,                    //
    0xe3, 0x83, 0x83, 0xe3, 0x82, 0xaf, 0xe3, 0x82, 0xb9, 0x00, 0x00,        //
    0x00, 0x15, 0x00, 0x1c,                                                  // NONCE, 28 bytes
    0x66, 0x2f, 0x2f, 0x34, 0x39, 0x39, 0x6b, 0x39, 0x35, 0x34, 0x64, 0x36, 0x4f, 0x4c,  //
    0x33, 0x34, 0x6f, 0x4c, 0x39, 0x46, 0x53, 0x54, 0x76, 0x79, 0x36, 0x34, 0x73, 0x41,  //
    0x00, 0x14, 0x00, 0x0b,                                                              // REALM, 11 bytes
    0x65, 0x78, 0x61, 0x6d, 0x70, 0x6c, 0x65, 0x2e, 0x6f, 0x72, 0x67, 0x00,              // "example.org"
    0x00, 0x08, 0x00, 0x14,                                                              // MESSAGE-INTEGRITY
    0xf6, 0x70, 0x24, 0x65, 0x6d, 0xd6, 0x4a, 0x3e, 0x02, 0xb8,                          //
    0xe0, 0x71, 0x2e, 0x85, 0xc9, 0xa2, 0x8c, 0xa8, 0x96, 0x66,                          //
};

Bytes bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

void rfc5769_request(void**) {
  const auto message = MessageView::parse(kRequest);
  const bool parsed = message.has_value();
  const bool is_request = parsed && message->is(MessageClass::kRequest, Method::kBinding);
  const std::string software(parsed ? message->text(Attribute::kSoftware).value_or("") : "");
  const std::string username(parsed ? message->text(Attribute::kUsername).value_or("") : "");
  const bool valid = parsed && message->integrity_valid(bytes_of(kPassword));
  const bool valid_with_other_key = parsed && message->integrity_valid(bytes_of("VOkJxbRl1RmTxUk/WvJxBT"));
  const auto fingerprint = parsed ? message->fingerprint() : Fingerprint::kAbsent;

  assert_true(is_request);
  assert_string_equal(software.c_str(), "STUN test client");
  assert_string_equal(username.c_str(), "evtj:h6vY");
  assert_true(valid);
  assert_false(valid_with_other_key);
  assert_true(fingerprint == Fingerprint::kValid);
}

void check_response(const std::vector<std::uint8_t>& bytes, const char* expected) {
  const auto message = MessageView::parse(bytes);
  const bool parsed = message.has_value();
  const auto mapped = parsed ? message->xor_address(Attribute::kXorMappedAddress) : std::nullopt;
  const std::string address = mapped ? to_text(*mapped) : "";
  const bool is_success = parsed && message->is(MessageClass::kSuccess, Method::kBinding);
  const bool valid = parsed && message->integrity_valid(bytes_of(kPassword));
  const auto fingerprint = parsed ? message->fingerprint() : Fingerprint::kAbsent;

  assert_true(is_success);
  assert_string_equal(address.c_str(), expected);
  assert_true(valid);
  assert_true(fingerprint == Fingerprint::kValid);
}

void rfc5769_ipv4_response(void**) {
  check_response(kIpv4Response, "192.0.2.1:32853");
}

void rfc5769_ipv6_response(void**) {
  check_response(kIpv6Response, "[2001:db8:1234:5678:11:2233:4455:6677]:32853");
}

void rfc5769_long_term_request(void**) {
  const std::string username = "\u30de\u30c8\u30ea\u30c3\u30af\u30b9";
  const auto key = long_term_key(username, "example.org", "TheMatrIX");
  const auto message = MessageView::parse(kLongTermRequest);
  const bool valid = message && message->integrity_valid(key);
  const std::string nonce(message ? message->text(Attribute::kNonce).value_or("") : "");
  const auto fingerprint = message ? message->fingerprint() : Fingerprint::kWrong;

  assert_true(valid);
  assert_string_equal(nonce.c_str(), "f//499k954d6OL34oL9FSTvy64sA");
  assert_true(fingerprint == Fingerprint::kAbsent);
}

// The long-term request has no FINGERPRINT; built with the same content it must carry the same MESSAGE-INTEGRITY once
// the length before FINGERPRINT is taken, which is what RFC 8489 section 14.5 asks for.
void built_message_has_the_vectors_integrity(void**) {
  TransactionId id;
  std::copy(kLongTermRequest.begin() + 8, kLongTermRequest.begin() + 20, id.begin());
  const std::string username = "\u30de\u30c8\u30ea\u30c3\u30af\u30b9";
  const auto key = long_term_key(username, "example.org", "TheMatrIX");
  MessageBuilder builder(MessageClass::kRequest, Method::kBinding, id);
  builder.text(Attribute::kUsername, username);
  builder.text(Attribute::kNonce, "f//499k954d6OL34oL9FSTvy64sA");
  builder.text(Attribute::kRealm, "example.org");
  const auto built = builder.finish(key);
  const std::vector<std::uint8_t> body(built.begin() + 4, built.begin() + 116);
  const std::vector<std::uint8_t> expected(kLongTermRequest.begin() + 4, kLongTermRequest.end());
  const auto message = MessageView::parse(built);
  const auto fingerprint = message ? message->fingerprint() : Fingerprint::kAbsent;

  assert_true(body == expected);
  assert_true(fingerprint == Fingerprint::kValid);
}

void types_survive_a_round_trip(void**) {
  int wrong = 0;
  for (const auto method : {Method::kBinding, Method::kAllocate, Method::kRefresh, Method::kSend, Method::kData,
                            Method::kCreatePermission, Method::kChannelBind}) {
    for (const auto message_class :
         {MessageClass::kRequest, MessageClass::kIndication, MessageClass::kSuccess, MessageClass::kError}) {
      const auto bytes = MessageBuilder(message_class, method, {}).finish();
      const auto message = MessageView::parse(bytes);
      if (!message || !message->is(message_class, method)) ++wrong;
    }
  }
  assert_int_equal(wrong, 0);
}

void attributes_survive_a_round_trip(void**) {
  const auto id = random_transaction_id();
  const auto peer = parse_ip("2001:db8::7", 4000);
  MessageBuilder builder(MessageClass::kError, Method::kAllocate, id);
  builder.error(486, "Allocation Quota Reached").u32(Attribute::kLifetime, 600);
  builder.xor_address(Attribute::kXorPeerAddress, *peer).address(Attribute::kAlternateServer, *peer);
  const auto bytes = builder.finish();
  const auto message = MessageView::parse(bytes);
  const auto error = message ? message->error() : std::nullopt;
  const int code = error ? error->code : 0;
  const std::string reason = error ? error->reason : "";
  const auto lifetime = message ? message->u32(Attribute::kLifetime).value_or(0) : 0;
  const bool same_peer = message && message->xor_address(Attribute::kXorPeerAddress) == peer;
  const bool same_server = message && message->address(Attribute::kAlternateServer) == peer;

  assert_int_equal(code, 486);
  assert_string_equal(reason.c_str(), "Allocation Quota Reached");
  assert_int_equal(lifetime, 600);
  assert_true(same_peer);
  assert_true(same_server);
}

void what_follows_integrity_is_not_seen(void**) {
  const auto key = long_term_key("u", "r", "p");
  auto bytes = MessageBuilder(MessageClass::kSuccess, Method::kAllocate, {}).finish(key);
  bytes.resize(bytes.size() - 8);                                               // FINGERPRINT
  bytes.insert(bytes.end(), {0x00, 0x0d, 0x00, 0x04, 0x00, 0x00, 0x02, 0x58});  // LIFETIME, unsigned by anybody
  const auto message = MessageView::parse(bytes);
  const bool parsed = message.has_value();
  const bool valid = parsed && message->integrity_valid(key);
  const bool seen = parsed && message->attribute(Attribute::kLifetime).has_value();

  assert_true(parsed);
  assert_true(valid);
  assert_false(seen);
}

void every_truncation_is_refused(void**) {
  std::size_t accepted = 0;
  for (std::size_t size = 0; size < kRequest.size(); ++size) {
    if (MessageView::parse(Bytes(kRequest).first(size))) ++accepted;
  }
  assert_int_equal(accepted, 0);
}

void lying_lengths_are_refused(void**) {
  auto attribute_past_the_end = kIpv4Response;
  attribute_past_the_end[22] = 0xff;
  auto message_past_the_end = kIpv4Response;
  message_past_the_end[3] = 0x40;
  auto short_integrity = kIpv4Response;
  short_integrity[51] = 0x10;
  auto wrong_cookie = kIpv4Response;
  wrong_cookie[4] = 0x22;
  const bool a = MessageView::parse(attribute_past_the_end).has_value();
  const bool b = MessageView::parse(message_past_the_end).has_value();
  const bool c = MessageView::parse(short_integrity).has_value();
  const bool d = MessageView::parse(wrong_cookie).has_value();

  assert_false(a);
  assert_false(b);
  assert_false(c);
  assert_false(d);
}

void changed_bytes_fail_integrity_and_fingerprint(void**) {
  int survived = 0;
  for (std::size_t at = kHeaderSize + 4; at < 48; ++at) {
    auto bytes = kIpv4Response;
    bytes[at] = static_cast<std::uint8_t>(bytes[at] ^ 0x01);
    const auto message = MessageView::parse(bytes);
    if (message && (message->integrity_valid(bytes_of(kPassword)) || message->fingerprint() == Fingerprint::kValid)) {
      ++survived;
    }
  }
  assert_int_equal(survived, 0);
}

void hostile_text_is_made_printable(void**) {
  const std::string shown = printable(std::string("<b>\x1b[2J\n\0\xff", 10) + std::string(500, 'x'));
  const std::string quotes = printable("\"'\"");

  assert_int_equal(shown.size(), 128);
  assert_string_equal(shown.substr(0, 10).c_str(), "<b>?[2J???");
  assert_string_equal(quotes.c_str(), "\"'\"");
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(rfc5769_request),
      cmocka_unit_test(rfc5769_ipv4_response),
      cmocka_unit_test(rfc5769_ipv6_response),
      cmocka_unit_test(rfc5769_long_term_request),
      cmocka_unit_test(built_message_has_the_vectors_integrity),
      cmocka_unit_test(types_survive_a_round_trip),
      cmocka_unit_test(attributes_survive_a_round_trip),
      cmocka_unit_test(what_follows_integrity_is_not_seen),
      cmocka_unit_test(every_truncation_is_refused),
      cmocka_unit_test(lying_lengths_are_refused),
      cmocka_unit_test(changed_bytes_fail_integrity_and_fingerprint),
      cmocka_unit_test(hostile_text_is_made_printable),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}
