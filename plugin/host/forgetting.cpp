#include "host/forgetting.hpp"

#include <algorithm>
#include <array>

#include "host/packet_path.hpp"

namespace callroom::host {

namespace {

constexpr std::uint32_t kJump = 3000;  // more than a receiver keeps asking for, and far from half of all numbers

// A request that comes sooner was made before: the jump waits in the queue that all has stopped for.
constexpr MonotonicUs kUnderWay = 100'000;

// A packet of VP8 of which nothing can be shown: a part that begins nothing, of a frame that nothing refers to (RFC
// 7741, 4.2). Without any payload the core would give it a number and not send it.
constexpr std::array<std::uint8_t, 2> kNothing{0x20, 0};

void send_nothing(RelayLeg& leg, MonotonicUs now) {
  std::array<std::uint8_t, kRtpHeaderSize + kNothing.size()> packet{};
  leg.rewriter.write_own(std::span(packet).first<kRtpHeaderSize>(), packet.size(), now);
  std::ranges::copy(kNothing, packet.begin() + kRtpHeaderSize);
  send_to(leg, packet);
}

// Of VP8 alone is known what shows nothing.
bool can_forget(const DownlinkTrack& track) {
  const UplinkTrack* source = track.source.load(std::memory_order_relaxed);
  return source != nullptr && source->format.codec == media::Codec::kVp8 && track.paused &&
         track.leg->stream.relayed().packets() != 0;
}

}  // namespace

void go_on_forgetting(Downlink& downlink, MonotonicUs now) {
  auto& forgetting = downlink.forgetting;
  for (const auto& track : downlink.tracks) {
    if (!can_forget(*track)) continue;
    auto known = std::ranges::find(forgetting, track.get(), &Forgetting::track);
    if (known == forgetting.end()) {
      track->leg->stream.on_jump(kJump);
      track->leg->rewriter.jump(kJump);
      track->key_frame_asked.store(false, std::memory_order_relaxed);  // before the jump
      known = forgetting.insert(known, {track.get(), now});
    }
    const bool asked = track->key_frame_asked.exchange(false, std::memory_order_relaxed);
    known->done |= asked && now - known->jumped_at >= kUnderWay;
    if (!known->done) send_nothing(*track->leg, now);
  }
  if (!forgetting.empty() && std::ranges::all_of(forgetting, &Forgetting::done)) downlink.estimator.note_forgotten();
}

void end_forgetting(Downlink& downlink) {
  downlink.forgetting.clear();
}

}  // namespace callroom::host
