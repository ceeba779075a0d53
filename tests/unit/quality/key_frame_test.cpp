// Key frames and their sizes, in payloads as encoders send them.
#include <initializer_list>
#include <vector>

#include "quality/key_frame.hpp"
#include "quality/rtp.hpp"
#include "support/cmocka.hpp"

using namespace callroom::quality;

namespace {

using Bytes = std::vector<std::uint8_t>;

bool has_size(Codec codec, const Bytes& payload, int width, int height) {
  const auto size = key_frame_size(codec, payload);
  return size && size->width == width && size->height == height;
}

void vp8(void**) {
  // X and S; I, L, T; 15-bit picture id; TL0PICIDX; TID. Then a key frame's tag, start code, 640 and 480
  // (little-endian).
  const Bytes key{0x90, 0xE0, 0x80, 0x01, 0x01, 0x20, 0x10, 0x02, 0x00, 0x9D, 0x01, 0x2A, 0x80, 0x02, 0xE0, 0x01};
  Bytes delta = key, later = key, truncated(key.begin(), key.begin() + 12);
  delta[6] = 0x11;
  later[0] = 0x80;  // not the first packet of the frame
  const bool is_key = is_key_frame(Codec::kVp8, key), sized = has_size(Codec::kVp8, key, 640, 480);
  const bool delta_is_key = is_key_frame(Codec::kVp8, delta), later_is_key = is_key_frame(Codec::kVp8, later);
  const bool truncated_sized = key_frame_size(Codec::kVp8, truncated).has_value();
  assert_true(is_key);
  assert_true(sized);
  assert_false(delta_is_key);
  assert_false(later_is_key);
  assert_false(truncated_sized);
}

void vp9(void**) {
  // I and B; a picture id. Frame marker 2, profile 0, key, shown; sync code; colours; 639 and 479.
  const Bytes header{0x88, 0x11, 0x82, 0x49, 0x83, 0x42, 0x20, 0x27, 0xF0, 0x1D, 0xF0, 0x00};
  // I, B and V; N_S 1, Y: 320x240 and 640x480.
  const Bytes structure{0x8A, 0x11, 0x30, 0x01, 0x40, 0x00, 0xF0, 0x02, 0x80, 0x01, 0xE0};
  Bytes inter = header;
  inter[0] = 0xC8;                                        // inter-picture predicted
  const Bytes upper_layer{0xAC, 0x11, 0x02, 0x01, 0x82};  // L, SID 1: the second layer of a key frame starts nothing
  const bool from_header = has_size(Codec::kVp9, header, 640, 480),
             from_structure = has_size(Codec::kVp9, structure, 640, 480);
  const bool key = is_key_frame(Codec::kVp9, header), inter_key = is_key_frame(Codec::kVp9, inter);
  const bool upper_key = is_key_frame(Codec::kVp9, upper_layer);
  assert_true(from_header);
  assert_true(from_structure);
  assert_true(key);
  assert_false(inter_key);
  assert_false(upper_key);
}

void h264(void**) {
  // Baseline, 1280x720: 80 by 45 macroblocks.
  const Bytes plain{0x67, 0x42, 0xC0, 0x1F, 0xDA, 0x01, 0x40, 0x16, 0xEC, 0x04, 0x40, 0x00,
                    0x00, 0x03, 0x00, 0x40, 0x00, 0x00, 0x0F, 0x03, 0xC6, 0x0C, 0xA8};
  // High, 1920x1080: 68 map units less 8 lines of cropping.
  const Bytes cropped{0x67, 0x64, 0x00, 0x28, 0xAC, 0xD9, 0x40, 0x78, 0x02, 0x27, 0xE5, 0xC0, 0x44, 0x00,
                      0x00, 0x03, 0x00, 0x04, 0x00, 0x00, 0x03, 0x00, 0xF0, 0x3C, 0x60, 0xC6, 0x58};
  Bytes aggregate{0x78, 0x00, static_cast<std::uint8_t>(plain.size())};
  aggregate.insert(aggregate.end(), plain.begin(), plain.end());
  const Bytes fragment_start{0x7C, 0x85, 0x88}, fragment_later{0x7C, 0x05, 0x88}, delta{0x61, 0x9A};
  Bytes lying = aggregate;
  lying[1] = 0xFF;  // a unit longer than the packet
  const bool plain_sized = has_size(Codec::kH264, plain, 1280, 720),
             cropped_sized = has_size(Codec::kH264, cropped, 1920, 1080);
  const bool aggregate_sized = has_size(Codec::kH264, aggregate, 1280, 720);
  const bool starts = is_key_frame(Codec::kH264, fragment_start), goes_on = is_key_frame(Codec::kH264, fragment_later);
  const bool delta_key = is_key_frame(Codec::kH264, delta), lying_key = is_key_frame(Codec::kH264, lying);
  assert_true(plain_sized);
  assert_true(cropped_sized);
  assert_true(aggregate_sized);
  assert_true(starts);
  assert_false(goes_on);
  assert_false(delta_key);
  assert_false(lying_key);
}

void av1(void**) {
  // W 1, N; a sequence header of a usual encoder: no timing, one operating point, 10 bits each for 639 and 479.
  const Bytes key{0x18, 0x0A, 0x0B, 0x00, 0x00, 0x00, 0x24, 0xC4, 0xFF, 0xDF, 0x30, 0x02, 0x10};
  const Bytes continuation{0x98, 0x0A};
  const Bytes delta{0x10, 0x32, 0x00};
  const bool is_key = is_key_frame(Codec::kAv1, key), continued = is_key_frame(Codec::kAv1, continuation);
  const bool delta_key = is_key_frame(Codec::kAv1, delta);
  const auto size = key_frame_size(Codec::kAv1, key);
  assert_true(is_key);
  assert_false(continued);
  assert_false(delta_key);
  assert_true(size.has_value());
}

void payloads(void**) {
  const Bytes plain{0x80, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9, 0xAA, 0xBB};
  const Bytes extended{0x91, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9, 1, 2, 3, 4, 0xBE, 0xDE, 0, 1, 5, 6, 7, 8, 0xCC};
  const Bytes padded{0xA0, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9, 0xAA, 0, 2};
  Bytes too_long = extended, too_padded = padded;
  too_long[19] = 9;
  too_padded[14] = 200;
  const auto a = rtp_payload(plain), b = rtp_payload(extended), c = rtp_payload(padded);
  const bool long_read = rtp_payload(too_long).has_value(), padded_read = rtp_payload(too_padded).has_value();
  const bool short_read = rtp_payload(std::span(plain).first(11)).has_value();
  assert_true(a && a->size() == 2 && a->front() == 0xAA);
  assert_true(b && b->size() == 1 && b->front() == 0xCC);
  assert_true(c && c->size() == 1 && c->front() == 0xAA);
  assert_false(long_read);
  assert_false(padded_read);
  assert_false(short_read);
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {cmocka_unit_test(vp8), cmocka_unit_test(vp9), cmocka_unit_test(h264),
                              cmocka_unit_test(av1), cmocka_unit_test(payloads)};
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}
