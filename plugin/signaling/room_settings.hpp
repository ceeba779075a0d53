// What a room is set to. Plain data.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace callroom::signaling {

enum class MediaKind { kRelay, kP2p, kAuto };

const char* to_string(MediaKind kind);

inline constexpr int kMaxRelayCapacity = 32;
inline constexpr int kMaxP2pCapacity = 4;  // a mesh costs each participant one encoder per other
inline constexpr int kMinBitrateKbps = 64;
inline constexpr int kMaxBitrateKbps = 50'000;

struct RoomSettings {
  std::string id;
  MediaKind media = MediaKind::kRelay;
  int capacity = 2;
  std::string description;
  std::string pin;     // empty: none needed
  std::string secret;  // empty: nobody can edit or destroy the room, or kick, through the room API
  bool is_private = false;
  std::vector<std::string> audiocodec = {"opus"};
  std::vector<std::string> videocodec = {"vp8", "vp9", "h264"};  // most wanted first
  int bitrate_kbps = 2'000;                                      // most that one participant may send
  bool quality_events = false;
  bool signed_tokens = false;
  bool permanent = false;  // from the .jcfg
};

// What `edit` may change; absent fields stay.
struct RoomChanges {
  std::optional<std::string> description, pin, secret;
  std::optional<bool> is_private, quality_events;
  std::optional<int> capacity, bitrate_kbps;
};

// The largest capacity a room of this kind may have.
int max_capacity(MediaKind kind);

}  // namespace callroom::signaling
