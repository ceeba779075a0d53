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

  // The source's thread only. Relays one packet: for each leg that takes it, relay(Leg&) is called with the header
  // rewritten for that leg; afterwards the header is as it came. `packet` is a whole RTP packet of at least
  // kRtpHeaderSize bytes; `key_frame`: a decoder can start with it. clock() tells the time, never 0, and is asked where
  // a leg begins; clock.if_read() is the time if anybody asked before, and else 0. relay may not block, or publish.
  template <typename Clock, typename Relay>
  [[gnu::always_inline]] inline void fan_out(std::uint8_t* packet, std::size_t size, Clock clock, bool key_frame,
                                             Relay relay) {
    const std::uint64_t received = progress_.count(size);
    at_work_.store(received, std::memory_order_release);  // another note for each packet, and never 0
    std::atomic_signal_fence(std::memory_order_seq_cst);  // for the compiler; the publisher's barrier does the rest
    const Legs& legs = *legs_.load(std::memory_order_acquire);
    if (progress_.is_next(load_u16(packet + 2))) [[likely]] {
      relay_to(legs, packet, size, progress_.advance(packet, received, clock.if_read()), clock, key_frame, relay);
    } else if (place(legs, packet)) {
      relay_to(legs, packet, size, progress_.place(packet, received, clock.if_read()), clock, key_frame, relay);
    }
    at_work_.store(0, std::memory_order_release);
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
  template <typename Clock, typename Relay>
  [[gnu::always_inline]] inline void relay_to(const Legs& legs, std::uint8_t* packet, std::size_t size,
                                              SourcePacket source, Clock clock, bool key_frame, Relay relay) {
    const SavedHeader original(packet);
    for (const std::shared_ptr<Leg>& entry : legs) {
      Leg& leg = *entry;
      if (!leg.rewriter.takes(source)) [[unlikely]] {
        if (!begin(leg, source, size, clock, key_frame)) continue;
      }
      leg.rewriter.rewrite(source, packet);
      relay(leg);
    }
    original.restore(packet);
  }

  // Everything by value: an address taken would keep it in memory on the common path.
  template <typename Clock>
  [[gnu::noinline, gnu::cold]] bool begin(Leg& leg, SourcePacket source, std::size_t size, Clock clock,
                                          bool key_frame) {
    if (!leg.rewriter.is_held()) return false;  // a packet from before this leg began
    const bool begun = leg.rewriter.begin(source, size, clock(), [key_frame] { return key_frame; });
    waits_.store(!begun, std::memory_order_relaxed);
    return begun;
  }

  // Whether a packet that does not follow directly belongs to the source; where it restarts the numbering, all legs
  // begin anew.
  [[gnu::cold]] bool place(const Legs& legs, const std::uint8_t* packet);

  std::atomic<const Legs*> legs_{&kNobody};
  std::atomic<std::uint64_t> at_work_{0};  // a number of the packet that is being relayed; 0: none is
  std::atomic<bool> waits_{false};
  SourceProgress progress_;
  std::unique_ptr<const Legs> published_;  // what legs_ points at; the publisher's

  static const Legs kNobody;
};

}  // namespace callroom::media
