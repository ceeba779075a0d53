// Frames cut out of a byte stream, however it arrives, and what is recognised where it is not STUN.
#include "turn/stun_stream.hpp"

#include <algorithm>
#include <string>

#include "support/cmocka.hpp"
#include "turn/stun_message.hpp"

using namespace callroom::turn;

namespace {

Bytes bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::vector<std::uint8_t> message(std::string_view software) {
  return MessageBuilder(MessageClass::kSuccess, Method::kBinding, {}).text(Attribute::kSoftware, software).finish();
}

void split_and_merged_frames_come_out_whole(void**) {
  const auto first = message("one");
  const auto second = build_channel_data(0x4000, bytes_of("hello"), true);
  const auto third = message("three");
  std::vector<std::uint8_t> all = first;
  all.insert(all.end(), second.begin(), second.end());
  all.insert(all.end(), third.begin(), third.end());

  int wrong = 0;
  for (std::size_t piece = 1; piece <= all.size(); ++piece) {
    StreamCutter cutter;
    cutter.allow_channel_data();
    std::vector<std::vector<std::uint8_t>> frames;
    for (std::size_t at = 0; at < all.size(); at += piece) {
      cutter.append(Bytes(all).subspan(at, std::min(piece, all.size() - at)));
      while (auto frame = cutter.next()) frames.push_back(std::move(*frame));
    }
    const auto data = frames.size() == 3 ? parse_channel_data(frames[1]) : std::nullopt;
    const bool right = frames.size() == 3 && frames[0] == first && frames[2] == third && data &&
                       data->channel == 0x4000 && std::equal(data->payload.begin(), data->payload.end(), "hello");
    if (!right) ++wrong;
  }
  assert_int_equal(wrong, 0);
}

Foreign judge(std::string_view text, bool channels = false) {
  StreamCutter cutter;
  if (channels) cutter.allow_channel_data();
  cutter.append(bytes_of(text));
  while (cutter.next()) {
  }
  return cutter.foreign();
}

void other_protocols_are_named(void**) {
  const auto http = judge("HTTP/1.1 400 Bad Request\r\n\r\n");
  const auto tls_alert = judge(std::string_view("\x15\x03\x03\x00\x02\x02\x28", 7));
  const auto tls_handshake = judge(std::string_view("\x16\x03\x01\x02\x00\x01\x00\x01\xfc", 9));
  const auto ssh = judge("SSH-2.0-OpenSSH_9.2\r\n");
  const auto zeros = judge(std::string(40, '\0'));
  const auto stun = judge(std::string_view("\x01\x01\x00\x00\x21\x12\xa4\x42", 8));

  assert_true(http == Foreign::kHttp);
  assert_true(tls_alert == Foreign::kTls);
  assert_true(tls_handshake == Foreign::kTls);
  assert_true(ssh == Foreign::kSsh);
  assert_true(zeros == Foreign::kOther);
  assert_true(stun == Foreign::kNone);
}

void channel_data_before_a_channel_exists_is_foreign(void**) {
  const auto frame = build_channel_data(0x4000, bytes_of("abcd"), true);
  const std::string_view text(reinterpret_cast<const char*>(frame.data()), frame.size());
  const auto before = judge(text, false);
  const auto after = judge(text, true);

  assert_true(before == Foreign::kOther);
  assert_true(after == Foreign::kNone);
}

void garbage_after_a_frame_ends_the_stream(void**) {
  StreamCutter cutter;
  auto bytes = message("x");
  const auto text = bytes_of("garbage that is not STUN");
  bytes.insert(bytes.end(), text.begin(), text.end());
  cutter.append(bytes);
  const bool first = cutter.next().has_value();
  const bool second = cutter.next().has_value();
  const auto foreign = cutter.foreign();

  assert_true(first);
  assert_false(second);
  assert_true(foreign != Foreign::kNone);
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(split_and_merged_frames_come_out_whole),
      cmocka_unit_test(other_protocols_are_named),
      cmocka_unit_test(channel_data_before_a_channel_exists_is_foreign),
      cmocka_unit_test(garbage_after_a_frame_ends_the_stream),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}
