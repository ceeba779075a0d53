// Who receives the packets of one source stream (one m-line that a participant sends). The list of legs is an
// immutable snapshot; the source's thread reads it without lock, locked instruction or allocation, and whoever
// changes the room publishes a new one and knows, when publish() returns, that nobody uses the old one any more.
//
// How: the reader notes with a plain store that it is at work on a packet, loads the snapshot, and strikes the note
// when done. The publisher swaps the pointer, makes every thread of the process pass a memory barrier (so that the
// reader needs none of its own), and waits until the note it then finds is gone: for the rest of one packet at most.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "media/header_rewriter.hpp"

namespace callroom::media {

// One outgoing m-line of one receiver. What a packet needs of it is its first cache line.
struct alignas(64) Leg {
  Leg(void* receiver_handle, std::uint16_t m_line_index, std::uint16_t first_sequence, std::uint32_t first_timestamp,
      std::uint16_t clock_khz)
      : receiver(receiver_handle), m_line(m_line_index), rewriter(first_sequence, first_timestamp, clock_khz) {}

  void* const receiver;  // opaque here; outlives every snapshot that the leg is in
  const std::uint16_t m_line;
  HeaderRewriter rewriter;
};

using Legs = std::vector<std::shared_ptr<Leg>>;

class Route {
 public:
  Route() = default;
  Route(const Route&) = delete;
  Route& operator=(const Route&) = delete;

  // The source's thread only. Relays one packet: for each leg that takes it, relay(Leg&) is called with the
  // header rewritten for that leg; afterwards the header is as it came. is_key_frame() is asked only while a leg waits
  // for one. `packet` is a whole RTP packet of at least kRtpHeaderSize bytes. clock() tells the time, never 0, and is
  // asked where a leg begins; clock.if_read() is the time if anybody asked before, and else 0. No callback may block,
  // or publish.
  template <typename Clock, typename IsKeyFrame, typename Relay>
  void fan_out(std::uint8_t* packet, std::size_t size, Clock& clock, IsKeyFrame&& is_key_frame, Relay&& relay) {
    const Reading reading(*this);
    const std::uint16_t sequence = load_u16(packet + 2);
    std::uint16_t steps = progress_.steps_to(sequence);
    if (!progress_.continues(steps)) [[unlikely]] {
      if (!restart(reading.legs(), sequence)) return;
      steps = 0;
    }
    const SourcePacket source = progress_.accept(packet, size, clock.if_read(), steps);
    const SavedHeader original(packet);
    for (const std::shared_ptr<Leg>& entry : reading.legs()) {
      Leg& leg = *entry;
      if (!leg.rewriter.takes(source)) [[unlikely]] {
        if (!begin(leg, source, clock, is_key_frame)) continue;
      }
      leg.rewriter.rewrite(source, packet);
      relay(leg);
    }
    original.restore(packet);
  }

  // Any thread but one inside fan_out of this route; one at a time per route. When it returns, the former legs are not
  // in use: those that are not in `legs` belong to the caller. Call detach() for them, then attach them elsewhere.
  void publish(Legs legs);

  // After publish() took the leg out: notes where its stream stands, so that its next source continues it.
  void detach(Leg& leg) const { leg.rewriter.hold(progress_); }

  // True while a leg waits for a key frame of this source. Any thread.
  bool waits_for_key_frame() const { return waits_.load(std::memory_order_relaxed); }

  const SourceProgress& progress() const { return progress_; }

 private:
  // Keeps the current snapshot from being reclaimed for one packet.
  class Reading {
   public:
    explicit Reading(Route& route) : route_(route) {
      // Another note for each packet, and never 0.
      route.at_work_.store(route.progress_.received() + 1, std::memory_order_release);
      std::atomic_signal_fence(std::memory_order_seq_cst);  // for the compiler; the publisher's barrier does the rest
      legs_ = route.legs_.load(std::memory_order_acquire);
    }
    ~Reading() { route_.at_work_.store(0, std::memory_order_release); }
    Reading(const Reading&) = delete;
    Reading& operator=(const Reading&) = delete;

    const Legs& legs() const { return *legs_; }

   private:
    Route& route_;
    const Legs* legs_;
  };

  template <typename Clock, typename IsKeyFrame>
  [[gnu::noinline, gnu::cold]] bool begin(Leg& leg, SourcePacket source, Clock& clock, IsKeyFrame& is_key_frame) {
    if (!leg.rewriter.is_held()) return false;  // a packet from before this leg began
    source.now = clock();
    const bool begun = leg.rewriter.begin(source, is_key_frame);
    waits_.store(!begun, std::memory_order_relaxed);
    return begun;
  }

  bool restart(const Legs& legs, std::uint16_t sequence);

  std::atomic<const Legs*> legs_{&kNobody};
  std::atomic<std::uint64_t> at_work_{0};  // a number of the packet that is being relayed; 0: none is
  std::atomic<bool> waits_{false};
  SourceProgress progress_;
  std::unique_ptr<const Legs> published_;  // what legs_ points at; the publisher's

  static const Legs kNobody;
};

}  // namespace callroom::media
