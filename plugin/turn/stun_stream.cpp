#include "turn/stun_stream.hpp"

#include <algorithm>
#include <string_view>

#include "turn/stun_message.hpp"

namespace callroom::turn {
namespace {

std::size_t u16_at(const std::vector<std::uint8_t>& bytes, std::size_t at) {
  return static_cast<std::size_t>(bytes[at]) << 8 | bytes[at + 1];
}

bool is_channel_byte(std::uint8_t first) {
  return (first & 0xf0) == 0x40;
}  // 0x4000 to 0x4fff

}  // namespace

Foreign recognise(Bytes bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (text.starts_with("HTTP") || text.starts_with("<") || text.starts_with("400 ")) return Foreign::kHttp;
  if (text.starts_with("SSH-")) return Foreign::kSsh;
  // A TLS record: alert or handshake, version 3.x.
  if (bytes.size() >= 2 && (bytes[0] == 0x15 || bytes[0] == 0x16) && bytes[1] == 0x03) return Foreign::kTls;
  return Foreign::kOther;
}

const char* foreign_name(Foreign foreign) {
  switch (foreign) {
    case Foreign::kNone:
      return "STUN";
    case Foreign::kHttp:
      return "HTTP";
    case Foreign::kTls:
      return "TLS";
    case Foreign::kSsh:
      return "SSH";
    case Foreign::kOther:
      return "another protocol";
  }
  return "another protocol";
}

void StreamCutter::append(Bytes bytes) {
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
  if (foreign_ == Foreign::kNone) foreign_ = judge();
}

// Judges the frame at the front of the buffer alone; next() judges again for each that follows.
Foreign StreamCutter::judge() const {
  if (buffer_.empty()) return Foreign::kNone;
  if (channel_data_ && is_channel_byte(buffer_[0])) return Foreign::kNone;
  if ((buffer_[0] & 0xc0) != 0) return recognise(buffer_);
  if (buffer_.size() < 4) return Foreign::kNone;
  if (u16_at(buffer_, 2) % 4 != 0) return recognise(buffer_);
  if (buffer_.size() < 8) {
    // A TLS alert is seven bytes long and would otherwise be waited for in vain.
    const auto foreign = recognise(buffer_);
    return foreign == Foreign::kTls ? foreign : Foreign::kNone;
  }
  const bool cookie = u16_at(buffer_, 4) == kMagicCookie >> 16 && u16_at(buffer_, 6) == (kMagicCookie & 0xffff);
  return cookie ? Foreign::kNone : recognise(buffer_);
}

std::optional<std::vector<std::uint8_t>> StreamCutter::next() {
  if (foreign_ != Foreign::kNone || buffer_.size() < 4) return std::nullopt;
  const bool channel = is_channel_byte(buffer_[0]);
  const std::size_t size = (channel ? 4 : kHeaderSize) + u16_at(buffer_, 2);
  const std::size_t with_padding = (size + 3) & ~std::size_t{3};
  if (buffer_.size() < with_padding) return std::nullopt;
  std::vector<std::uint8_t> frame(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(size));
  buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(with_padding));
  foreign_ = judge();
  return frame;
}

std::optional<ChannelData> parse_channel_data(Bytes frame) {
  if (frame.size() < 4 || !is_channel_byte(frame[0])) return std::nullopt;
  const std::size_t length = static_cast<std::size_t>(frame[2]) << 8 | frame[3];
  if (length > frame.size() - 4) return std::nullopt;
  return ChannelData{static_cast<std::uint16_t>(frame[0] << 8 | frame[1]), frame.subspan(4, length)};
}

std::vector<std::uint8_t> build_channel_data(std::uint16_t channel, Bytes payload, bool pad) {
  std::vector<std::uint8_t> frame = {static_cast<std::uint8_t>(channel >> 8), static_cast<std::uint8_t>(channel),
                                     static_cast<std::uint8_t>(payload.size() >> 8),
                                     static_cast<std::uint8_t>(payload.size())};
  frame.insert(frame.end(), payload.begin(), payload.end());
  if (pad) frame.resize((frame.size() + 3) & ~std::size_t{3});
  return frame;
}

}  // namespace callroom::turn
