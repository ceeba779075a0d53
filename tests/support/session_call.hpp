// One participant's call as the quality layer sees it, for its unit tests.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "quality/session_quality.hpp"
#include "support/relay.hpp"

namespace callroom::quality::test {

inline constexpr MonotonicUs kMs = 1'000, kSecond = 1'000'000;

// On a clock of its own: sends audio and video, receives the same, with what goes wrong set by the test.
class Call {
 public:
  explicit Call(SessionOptions options = {}) : quality(options) {
    quality.connected(now);
    audio_relay.set(0, 0, 999);
    video_relay.set(0, 0, 19'999);
  }

  bool send_audio = true, send_video = true, relay_audio = true, relay_video = true, network = true;
  int lose_every = 0;          // of the audio sent, one in so many
  int video_interval_ms = 40;  // 25 frames a second
  std::uint16_t height = 480;
  double rtt_ms = 50;
  std::uint16_t relayed_height = 480;
  bool undecodable = false;  // a key frame is lost on the way to it, and none comes that it asks for
  std::size_t withheld = 0;  // videos that it is not relayed for want of room
  std::uint16_t asked_height = UINT16_MAX;
  std::optional<double> asked_kbps;
  std::size_t frame_bytes = 5'000;  // of what it sends

  SessionQuality quality;
  MonotonicUs now = 10 * kSecond;

  const Sample& run(int seconds) {
    const Sample* last = quality.latest();
    for (int ms = 0; ms < seconds * 1000; ms += 20) {
      step();
      now += 20 * kMs;
      if ((now - started_) % (3 * kSecond) == 0) last = &sample();
    }
    return *last;
  }
  const Sample& sample() { return quality.sample(now, wall(), streams()); }
  Summary finish() { return quality.finish(now, wall(), streams()); }
  // Somebody's picture is relayed from now on.
  void receive(std::uint32_t whose, std::uint16_t height_of_it) {
    relayed_height = height_of_it;
    video_out.on_source({static_cast<std::uint16_t>(height_of_it * 4 / 3), height_of_it}, whose);
  }
  UplinkStream& camera() { return video_in; }
  UplinkStream& microphone() { return audio_in; }

 private:
  WallTime wall() const { return WallTime(std::chrono::microseconds(1'700'000'000 * kSecond + now)); }
  SessionStreams streams() {
    asked_heights_ = {UINT16_MAX, asked_height};
    return {uplinks_, downlinks_, &up_rtcp, &down_rtcp, withheld, asked_heights_, asked_kbps};
  }

  void step() {
    const bool frame = (now - started_) / kMs % video_interval_ms == 0;
    if (send_audio) {
      ++audio_sent_;
      const bool lost = !network || (lose_every != 0 && audio_sent_ % static_cast<unsigned>(lose_every) == 0);
      if (!lost) feed(audio_in, audio_sent_, static_cast<std::uint32_t>(now / kMs * 48), 1, {0x11, 0x22});
    }
    if (send_video && frame) {
      ++video_sent_;
      if (network) feed(video_in, video_sent_, static_cast<std::uint32_t>(now / kMs * 90), 2, key_frame());
    }
    if (!network) return;
    if (relay_audio) audio_relay.add(1, 120, 1);
    if (relay_video && frame) {
      video_relay.add(1, 5'000, 1);
      const auto width = static_cast<std::uint16_t>(relayed_height * 4 / 3);
      const PacketEvents key_frame =
          undecodable ? PacketEvents() : PacketEvents::key_frame_event({width, relayed_height});
      video_out.on_frame(PacketEvents::new_frame_event() | key_frame, now);
    }
    if (undecodable && (now - started_) % kSecond == 0) video_out.on_request(now);
    if ((now - started_) % kSecond == 0) report();
  }

  std::vector<std::uint8_t> key_frame() const {
    const auto width = static_cast<std::uint16_t>(height * 4 / 3);
    std::vector<std::uint8_t> payload{0x10,
                                      0x10,
                                      0x02,
                                      0x00,
                                      0x9D,
                                      0x01,
                                      0x2A,
                                      static_cast<std::uint8_t>(width),
                                      static_cast<std::uint8_t>(width >> 8),
                                      static_cast<std::uint8_t>(height),
                                      static_cast<std::uint8_t>(height >> 8)};
    payload.resize(frame_bytes);
    return payload;
  }

  void feed(UplinkStream& stream, std::uint16_t sequence, std::uint32_t timestamp, std::uint8_t ssrc,
            const std::vector<std::uint8_t>& payload) {
    std::vector<std::uint8_t> packet{0x80,
                                     96,
                                     static_cast<std::uint8_t>(sequence >> 8),
                                     static_cast<std::uint8_t>(sequence),
                                     static_cast<std::uint8_t>(timestamp >> 24),
                                     static_cast<std::uint8_t>(timestamp >> 16),
                                     static_cast<std::uint8_t>(timestamp >> 8),
                                     static_cast<std::uint8_t>(timestamp),
                                     0,
                                     0,
                                     0,
                                     ssrc};
    packet.insert(packet.end(), payload.begin(), payload.end());
    stream.on_rtp(packet, [this] { return now; });
  }

  void report() {
    const auto delay = static_cast<std::uint32_t>(rtt_ms * 65.536);
    for (auto [stream, counts] : {std::pair{&audio_out, &audio_relay}, std::pair{&video_out, &video_relay}}) {
      if (counts->progress().packets() == 0) continue;
      std::vector<std::uint8_t> packet{0x81, 201, 0, 7, 0, 0, 0, 1};
      for (const std::uint32_t word : {7U, 0U, counts->highest(), 96U, compact_ntp(wall()) - delay, 0U}) {
        for (int shift = 24; shift >= 0; shift -= 8) packet.push_back(static_cast<std::uint8_t>(word >> shift));
      }
      down_rtcp.on_rtcp(packet, stream, downlinks_, now, [this] { return wall(); });
    }
    std::vector<std::uint8_t> sender{0x80, 200, 0, 6};
    for (const std::uint32_t word : {1U, 0U, 0U, 0U, std::uint32_t{audio_sent_}, 0U}) {
      for (int shift = 24; shift >= 0; shift -= 8) sender.push_back(static_cast<std::uint8_t>(word >> shift));
    }
    up_rtcp.on_rtcp(sender, &audio_in, now);
  }

  const MonotonicUs started_ = now;
  callroom::test::Relay audio_relay, video_relay;
  UplinkStream audio_in{MediaKind::kAudio, Codec::kOpus, now}, video_in{MediaKind::kVideo, Codec::kVp8, now};
  DownlinkStream audio_out{MediaKind::kAudio, audio_relay, 1000, now},
      video_out{MediaKind::kVideo, video_relay, 20'000, now};
  UplinkRtcp up_rtcp;
  DownlinkRtcp down_rtcp;
  std::array<UplinkStream*, 2> uplinks_{&audio_in, &video_in};
  std::array<DownlinkStream*, 2> downlinks_{&audio_out, &video_out};
  std::array<std::uint16_t, 2> asked_heights_{};
  std::uint16_t audio_sent_ = 0, video_sent_ = 0;
};

inline double video_out(const Sample& sample) {
  return static_cast<double>(sample.out.video_score.value_or(-1));
}
inline double video_in(const Sample& sample) {
  return static_cast<double>(sample.in.video_score.value_or(-1));
}

}  // namespace callroom::quality::test
