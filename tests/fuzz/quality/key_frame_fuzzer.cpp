// Any bytes as the payload of a video packet, and as a whole RTP packet.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "quality/key_frame.hpp"
#include "quality/rtp.hpp"

using namespace callroom::quality;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::vector<std::uint8_t> bytes(data, data + size);
  const auto payload = rtp_payload(bytes);
  if (payload && payload->size() > size) std::abort();
  for (const Codec codec : {Codec::kUnknown, Codec::kOpus, Codec::kVp8, Codec::kVp9, Codec::kH264, Codec::kAv1}) {
    is_key_frame(codec, bytes);
    const auto frame = key_frame_size(codec, bytes);
    if (frame && (frame->width == 0 || frame->height == 0 || frame->width > 16384 || frame->height > 16384))
      std::abort();
    if (payload) key_frame_size(codec, *payload);
  }
  return 0;
}
