// What keeps the picture that somebody receives of somebody from being better. Pure.
#pragma once

#include <cstdint>
#include <optional>

namespace callroom::media {

enum class LimitedBy : std::uint8_t {
  kNetwork,  // the receiver's own connection takes no more
  kSender,   // its sender sends less than it once did, though nobody told it to
  kRoom,     // the sender uses up all that the room allows
};

constexpr const char* to_string(LimitedBy limit) {
  switch (limit) {
    case LimitedBy::kNetwork:
      return "network";
    case LimitedBy::kSender:
      return "sender";
    case LimitedBy::kRoom:
      return "room";
  }
  return "";
}

struct Picture {
  bool receiver_is_limited = false;               // by its estimate
  bool sender_is_limited = false;                 // told to send less, by anybody's estimate
  std::optional<double> sent_kbps, allowed_kbps;  // by the room
  std::uint32_t height = 0, best_height = 0;      // sent now, and the most in this session; 0: not known
  std::optional<double> frame_rate, best_frame_rate;
};

constexpr std::optional<LimitedBy> limited_by(const Picture& picture) {
  constexpr double kUsedUp = 0.85;         // of what is allowed: the rest goes into headers and repairs
  constexpr double kLowerHeight = 0.8;     // of the best: a step down
  constexpr double kLowerFrameRate = 0.6;  // of the best: more than the camera's own wavering
  if (picture.receiver_is_limited) return LimitedBy::kNetwork;
  const bool smaller = picture.height < kLowerHeight * picture.best_height && picture.height != 0;
  const bool slower = picture.frame_rate && *picture.frame_rate < kLowerFrameRate * picture.best_frame_rate.value_or(0);
  if (!picture.sender_is_limited && (smaller || slower)) return LimitedBy::kSender;
  if (picture.sent_kbps && picture.allowed_kbps && *picture.sent_kbps >= kUsedUp * *picture.allowed_kbps) {
    return LimitedBy::kRoom;
  }
  return std::nullopt;
}

}  // namespace callroom::media
