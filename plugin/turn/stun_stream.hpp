// Cuts a TCP or TLS byte stream into STUN messages and ChannelData (RFC 8656 section 12.5). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "turn/digest.hpp"

namespace callroom::turn {

// What the bytes look like when they are not STUN: the operator is told what answers there instead.
enum class Foreign { kNone, kHttp, kTls, kSsh, kOther };

class StreamCutter {
 public:
  void append(Bytes bytes);

  // The next whole frame, padding taken off; nullopt until more arrives, or for good where foreign() is set: there is
  // no way back into step.
  std::optional<std::vector<std::uint8_t>> next();

  // Before a ChannelBind no channel exists, and what looks like one is another protocol: "HTTP" is channel 0x4854.
  void allow_channel_data() { channel_data_ = true; }

  // Set as soon as the bytes at the front are no frame; next() yields nothing from then on.
  Foreign foreign() const { return foreign_; }

 private:
  Foreign judge() const;

  std::vector<std::uint8_t> buffer_;
  bool channel_data_ = false;
  Foreign foreign_ = Foreign::kNone;
};

Foreign recognise(Bytes bytes);
const char* foreign_name(Foreign foreign);  // "HTTP", "TLS", …

// A datagram or frame that is ChannelData: channel number 0x4000 to 0x4fff, then its payload.
struct ChannelData {
  std::uint16_t channel;
  Bytes payload;
};
std::optional<ChannelData> parse_channel_data(Bytes frame);
std::vector<std::uint8_t> build_channel_data(std::uint16_t channel, Bytes payload, bool pad);

}  // namespace callroom::turn
