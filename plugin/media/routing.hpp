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

#include "base/rtp_head.hpp"
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
  Route() : snapshot_(&nobody_) {}
  Route(const Route&) = delete;
  Route& operator=(const Route&) = delete;

  // The source's thread only. Relays one packet: for each leg that takes it, relay(Leg&) is called with the header
  // rewritten for that leg; afterwards the header is as it came. `packet` is a whole RTP packet of at least
  // kRtpHeaderSize bytes, `head` its header, `step` what it did to the caller's count; `key_frame`: a decoder can start
  // with it. clock() tells the time, never 0, and is asked where a leg begins; clock.if_read() is the time if anybody
  // asked before, and else 0. relay may not block, or publish.
  template <typename Clock, typename Relay>
  [[gnu::always_inline]] inline void fan_out(std::uint8_t* packet, std::size_t size, RtpHead head, CountStep step,
                                             Clock clock, bool key_frame, Relay relay) {
    Snapshot& snapshot = enter(step.after);
    if (step.in_order(size) && progress_.agrees()) [[likely]] {
      progress_.note(head.timestamp());
      if (clock.if_read() != 0) progress_.note_arrival(head.timestamp(), clock.if_read());
      relay_next(snapshot, packet, size, progress_.next(head, step), clock, key_frame, relay);
    } else {
      relay_irregular(snapshot, packet, size, head, step, clock, key_frame, relay);
    }
    leave();
  }

  // The same for a packet in order, in the most common case: the leg to relay it to, where there is one leg and it has
  // begun; rewrite_for(), relaying, restoring the header and leave() have to follow. Null: fan_out() is to be called as
  // ever.
  [[gnu::always_inline]] inline Leg* only_leg(std::uint64_t count_after) { return enter(count_after).only; }

  [[gnu::always_inline]] inline SavedHeader rewrite_for(Leg& leg, std::uint8_t* packet, RtpHead head,
                                                        std::uint64_t count_after) {
    progress_.note(head.timestamp());
    const SavedHeader original(packet);
    leg.rewriter.rewrite(SourcePacket::next(head, count_after), packet);
    return original;
  }
  // When the packet that is about to be relayed arrived, where anybody looked.
  void note_arrival(std::uint32_t timestamp, MonotonicUs now) { progress_.note_arrival(timestamp, now); }
  [[gnu::always_inline]] inline void leave() { at_work_.store(0, std::memory_order_release); }

  // For a source in layers: see(Leg&) for each leg, which the caller rewrites for itself. `number`: not 0, and another
  // one for each packet. The source's thread only.
  template <typename See>
  void for_each_leg(std::uint64_t number, See see) {
    for (const std::shared_ptr<Leg>& leg : enter(number).legs) see(*leg);
    leave();
  }

  // Any thread but one inside fan_out of this route; one at a time per route. When it returns, the former legs are not
  // in use: those that are not in `legs` belong to the caller. Call detach() for them, then attach them elsewhere.
  void publish(Legs legs);
  // What was last published, for whoever publishes.
  const Legs& legs() const { return published_ ? published_->legs : nobody_.legs; }

  // After publish() took the leg out: notes where its stream stands, so that its next source continues it.
  void detach(Leg& leg) const { leg.rewriter.hold(progress_); }

  // True while a leg waits for a key frame of this source. Any thread.
  bool waits_for_key_frame() const { return waits_.load(std::memory_order_relaxed); }

  const SourceProgress& progress() const { return progress_; }

 private:
  // Immutable but for what only the source's thread sees.
  struct Snapshot {
    Legs legs;
    Leg* only = nullptr;     // the one leg, where there is one and all have begun
    bool all_begun = false;  // so that none needs to be asked whether it takes a packet in order
  };

  [[gnu::always_inline]] inline Snapshot& enter(std::uint64_t count) {
    at_work_.store(count, std::memory_order_release);     // another note for each packet
    std::atomic_signal_fence(std::memory_order_seq_cst);  // for the compiler; the publisher's barrier does the rest
    return *snapshot_.load(std::memory_order_acquire);
  }

  template <typename Clock, typename Relay>
  [[gnu::always_inline]] inline void relay_next(Snapshot& snapshot, std::uint8_t* packet, std::size_t size,
                                                SourcePacket source, Clock clock, bool key_frame, Relay relay) {
    const SavedHeader original(packet);
    if (!snapshot.all_begun) [[unlikely]]
      return relay_beginning(snapshot, original, packet, size, source, clock, key_frame, relay);
    for (const std::shared_ptr<Leg>& leg : snapshot.legs) {
      leg->rewriter.rewrite(source, packet);
      relay(*leg);
    }
    original.restore(packet);
  }

  // Everything by value: an address taken would keep it in memory on the common path.
  template <typename Clock, typename Relay>
  [[gnu::noinline, gnu::cold]] void relay_beginning(Snapshot& snapshot, SavedHeader original, std::uint8_t* packet,
                                                    std::size_t size, SourcePacket source, Clock clock, bool key_frame,
                                                    Relay relay) {
    bool all_begun = true;
    for (const std::shared_ptr<Leg>& entry : snapshot.legs) {
      Leg& leg = *entry;
      if (!leg.rewriter.takes(source) && !begin(leg, source, size, clock, key_frame)) {
        all_begun = false;
        continue;
      }
      leg.rewriter.rewrite(source, packet);
      relay(leg);
    }
    original.restore(packet);
    snapshot.all_begun = all_begun;
    if (all_begun && snapshot.legs.size() == 1) snapshot.only = snapshot.legs.front().get();
  }

  template <typename Clock, typename Relay>
  [[gnu::noinline, gnu::cold]] void relay_irregular(Snapshot& snapshot, std::uint8_t* packet, std::size_t size,
                                                    RtpHead head, CountStep step, Clock clock, bool key_frame,
                                                    Relay relay) {
    if (&snapshot != &nobody_) {
      snapshot.only = nullptr;
      snapshot.all_begun = false;
    }
    progress_.catch_up(step.before);
    const bool placed = place(snapshot.legs, head.sequence());
    const SourcePacket source = placed ? progress_.place(head, step.after) : SourcePacket{};
    if (placed && source.is_newest()) {
      progress_.note(head.timestamp());
      progress_.note_arrival(head.timestamp(), clock());
    }
    const SavedHeader original(packet);
    for (const std::shared_ptr<Leg>& entry : snapshot.legs) {
      Leg& leg = *entry;
      if (!placed || (!leg.rewriter.takes(source) && !begin(leg, source, size, clock, key_frame))) {
        leg.rewriter.pass_over(step.after);
        continue;
      }
      leg.rewriter.rewrite_irregular(source, size, packet);
      relay(leg);
    }
    original.restore(packet);
    progress_.follow(step.after);
  }

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
  [[gnu::cold]] bool place(const Legs& legs, std::uint16_t sequence);

  static Snapshot nobody_;  // before anything was published; of all routes, and none writes to it
  std::atomic<Snapshot*> snapshot_;
  std::atomic<std::uint64_t> at_work_{0};  // the count of the packet that is being relayed; 0: none is
  std::atomic<bool> waits_{false};
  SourceProgress progress_;
  std::unique_ptr<Snapshot> published_;  // what snapshot_ points at; the publisher's
};

}  // namespace callroom::media
