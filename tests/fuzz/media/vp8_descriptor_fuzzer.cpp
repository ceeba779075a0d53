// Any payload: parsing stays within it, and rewriting changes nothing but picture id and TL0PICIDX.
#include "media/vp8_descriptor.hpp"

#include <cstdlib>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace callroom::media;
  std::vector<std::uint8_t> payload(data, data + size);
  const auto parsed = parse_vp8_descriptor(payload);
  if (!parsed) return 0;
  if (parsed->size >= payload.size()) std::abort();
  Vp8Continuity continuity;
  continuity.rewrite(*parsed, payload);
  continuity.switch_source();
  continuity.rewrite(*parsed, payload);
  const auto again = parse_vp8_descriptor(payload);
  if (!again || again->size != parsed->size || again->is_key_frame != parsed->is_key_frame ||
      again->starts_frame != parsed->starts_frame || again->temporal_layer != parsed->temporal_layer ||
      again->long_picture_id != parsed->long_picture_id ||
      again->picture_id.has_value() != parsed->picture_id.has_value()) {
    std::abort();
  }
  return 0;
}
