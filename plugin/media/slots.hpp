// The receiving PeerConnection of one participant: which m-lines the plugin has offered it, and who is on which. The
// m-lines come in slots of one audio and one video with the same stream id, so that a person's microphone and camera
// play together. A slot that somebody left serves the next without an offer; where slots are missing, or a codec
// differs, the next offer brings them. One offer is out at a time, and what changes meanwhile goes into the next.
//
// Pure and declarative: update() is told who sends what now, and the Change says what follows. Not synchronised: the
// room's owner holds the lock, and carries out the Change after letting go of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "media/codecs.hpp"

namespace callroom::media {

// An m-line of somebody's sending PeerConnection. The n-th audio and the n-th video m-line of one PeerConnection
// (those out of use counted too, so that the numbers stay) share the slot n of that person: 0 is microphone and camera.
struct SourceStream {
  std::string mid;
  Kind kind = Kind::kAudio;
  Codec codec = Codec::kOpus;
  std::uint16_t slot = 0;
};

// Everyone in the room but the receiver, in the order of arrival, also who sends nothing yet: their slot is
// prepared while they negotiate.
struct Sender {
  std::string participant;
  std::vector<SourceStream> streams;
};

struct StreamKey {
  std::string participant;
  std::string mid;  // on the sender's PeerConnection
  auto operator<=>(const StreamKey&) const = default;
};

struct OfferedLine {
  std::string mid;   // its index, as a decimal number
  std::string msid;  // "slot0", "slot1", …: the stream id, the same for both lines of a slot
  Kind kind = Kind::kAudio;
  Codec codec = Codec::kOpus;
  bool operator==(const OfferedLine&) const = default;
};

struct Offer {
  std::uint64_t negotiation = 0;
  bool ice_restart = false;
  std::vector<OfferedLine> lines;  // all of them, in the order of the m-lines
};

// One m-line of the client's answer. format: what it takes of what was offered; absent: it refused the m-line.
struct AnsweredLine {
  std::optional<Format> format;
};

// An m-line changes its source. Take the leg out of the route of `from`, then put it into that of `to`.
struct Move {
  std::uint16_t line = 0;
  Kind kind = Kind::kAudio;
  std::optional<StreamKey> from;
  std::optional<StreamKey> to;
  std::uint8_t payload_type = 0;  // of `to`, as the receiver answered
};

struct Occupied {
  std::string mid;  // on the receiving PeerConnection
  Kind kind = Kind::kAudio;
  StreamKey source;
  bool operator==(const Occupied&) const = default;
};

struct Change {
  std::optional<Offer> offer;  // to be sent now
  std::vector<Move> moves;
  bool streams_changed = false;  // tell the client streams()
};

class Slots {
 public:
  static constexpr std::size_t kMost = 64;  // 31 people with camera and screen, and two to spare

  // video: the codec that a slot nobody is on yet is offered with: the room's first.
  explicit Slots(Codec video, std::size_t most = kMost) : empty_slot_video_(video), most_(most) {}

  // The client is there to receive: the first offer, of one slot at least. Also after its PeerConnection has gone: what
  // was negotiated is forgotten, and answers to former offers are stale.
  Change start();

  // The PeerConnection has gone: nothing is relayed, nothing offered until start().
  Change stop();

  // Who is in the room and sends what.
  Change update(std::span<const Sender> senders);

  // The client's answer. Errors, nothing changed: kStaleNegotiation where no such offer is out, kInvalidSdp where it
  // has another number of m-lines than the offer.
  Result<Change> answer(std::uint64_t negotiation, std::span<const AnsweredLine> lines);

  // The next offer restarts ICE; at once where none is out.
  Change restart_ice();

  bool offer_is_out() const { return offer_out_.has_value(); }

  // The offer that is out, once more, for a client that may have missed it; or who is on which m-line, where none is.
  Change repeat() const;

  std::uint64_t negotiations() const { return negotiation_; }

  // Who is on which m-line, of those that have been offered.
  std::vector<Occupied> streams() const;

 private:
  struct Line {
    Codec codec = Codec::kOpus;             // what it must carry
    std::optional<Codec> offered;           // by the last offer
    std::optional<Format> answered;         // to the last answered offer
    std::optional<std::string> source_mid;  // the occupant's stream of this kind
  };
  struct Slot {
    Line audio, video;
    std::string participant;   // empty: nobody
    std::uint16_t number = 0;  // of that participant's slots
  };

  // What flows on an m-line: what is on a line whose answer takes it.
  struct Flow {
    std::optional<StreamKey> source;
    std::uint8_t payload_type = 0;
    bool operator==(const Flow&) const = default;
  };
  // What the host knows: all that follows from anything is told by the Change at its end, so that before the next thing
  // happens it knows what there is.
  struct Known {
    std::vector<Flow> flows;
    std::vector<Occupied> streams;
  };

  Line& line(std::size_t index) { return index % 2 == 0 ? slots_[index / 2].audio : slots_[index / 2].video; }
  const Line& line(std::size_t index) const {
    return index % 2 == 0 ? slots_[index / 2].audio : slots_[index / 2].video;
  }

  void vacate(std::span<const Sender> senders);
  void occupy(const Sender& sender, std::uint16_t number);
  Slot* slot_for(const Sender& sender, std::uint16_t number);
  Slot make_slot() const;
  Flow flow(std::size_t index) const;
  Known known() const;
  Change consequences(const Known& before);
  void collect_moves(std::span<const Flow> before, std::vector<Move>& moves) const;
  bool something_to_offer() const;
  Offer make_offer();
  Offer open_offer() const;

  Codec empty_slot_video_;
  std::size_t most_;
  std::vector<Slot> slots_;
  std::uint64_t negotiation_ = 0;
  std::optional<std::vector<Codec>> offer_out_;  // the codecs of its lines
  bool started_ = false;
  bool restart_ = false;
};

}  // namespace callroom::media
