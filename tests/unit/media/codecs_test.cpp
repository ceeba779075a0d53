#include "media/codecs.hpp"

#include <vector>

#include "support/cmocka.hpp"

namespace {

using namespace callroom;
using namespace callroom::media;

// What Chromium offers, shortened.
const std::vector<OfferedFormat> kChromium{
    {96, "VP8", ""},
    {97, "rtx", "apt=96"},
    {103, "H264", "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f"},
    {107, "H264", "level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42e01f"},
    {109, "H264", "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"},
    {39, "AV1", "level-idx=5;profile=0;tier=0"},
    {100, "VP9", "profile-id=2"},
    {98, "VP9", "profile-id=0"},
};

void the_rooms_preference_decides_not_the_offers_order(void**) {
  const std::vector<Codec> vp9_first{Codec::kVp9, Codec::kVp8}, h264_only{Codec::kH264};
  const auto vp9 = choose(kChromium, vp9_first);
  const auto h264 = choose(kChromium, h264_only);
  const Format expected_vp9{Codec::kVp9, 98, false}, expected_h264{Codec::kH264, 109, false};
  const bool vp9_chosen = vp9 == expected_vp9, h264_chosen = h264 == expected_h264;
  assert_true(vp9_chosen);
  assert_true(h264_chosen);
}

void what_nobody_offered_is_absent(void**) {
  const std::vector<OfferedFormat> old_vp9{{98, "VP9", "profile-id=2"}};
  const std::vector<Codec> all{Codec::kVp9, Codec::kVp8, Codec::kH264};
  const bool none = !choose(old_vp9, all).has_value();
  const bool empty = !choose({}, all).has_value();
  assert_true(none);
  assert_true(empty);
}

void opus_says_whether_it_takes_forward_error_correction(void**) {
  const std::vector<Codec> opus{Codec::kOpus};
  const std::vector<OfferedFormat> with{{111, "OPUS", "minptime=10; UseInbandFec=1"}}, without{{109, "opus", ""}};
  const auto fec = choose(with, opus), plain = choose(without, opus);
  const Format expected_fec{Codec::kOpus, 111, true}, expected_plain{Codec::kOpus, 109, false};
  const bool fec_as_expected = fec == expected_fec, plain_as_expected = plain == expected_plain;
  assert_true(fec_as_expected);
  assert_true(plain_as_expected);
}

void what_the_plugin_offers_it_would_choose_itself(void**) {
  bool all_chosen = true;
  for (const Codec codec : {Codec::kOpus, Codec::kVp8, Codec::kVp9, Codec::kH264}) {
    const std::vector<OfferedFormat> own{
        {outgoing_payload_type(codec), to_string(codec), std::string(outgoing_fmtp(codec))}};
    const std::vector<Codec> preference{codec};
    const auto chosen = choose(own, preference);
    all_chosen = all_chosen && chosen && chosen->payload_type == outgoing_payload_type(codec);
  }
  assert_true(all_chosen);
}

void a_preference_is_read_strictly(void**) {
  const auto good = parse_preference(Kind::kVideo, "vp9, VP8");
  const std::vector<Codec> expected{Codec::kVp9, Codec::kVp8};
  const bool as_expected = good && *good == expected;
  int refused = 0;
  for (const char* bad : {"", "vp8,", "vp8,vp8", "av1", "opus", "vp8 vp9"}) {
    const auto result = parse_preference(Kind::kVideo, bad);
    if (!result && result.error().code == ErrorCode::kInvalidField) ++refused;
  }
  assert_true(as_expected);
  assert_int_equal(refused, 6);
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(the_rooms_preference_decides_not_the_offers_order),
      cmocka_unit_test(what_nobody_offered_is_absent),
      cmocka_unit_test(opus_says_whether_it_takes_forward_error_correction),
      cmocka_unit_test(what_the_plugin_offers_it_would_choose_itself),
      cmocka_unit_test(a_preference_is_read_strictly),
  };
  return cmocka_run_group_tests_name("media/codecs", tests, nullptr, nullptr);
}
