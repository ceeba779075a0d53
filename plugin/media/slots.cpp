#include "media/slots.hpp"

#include <algorithm>

namespace callroom::media {

namespace {

const SourceStream* stream_of(const Sender& sender, std::uint16_t slot, Kind kind) {
  const auto found = std::ranges::find_if(
      sender.streams, [&](const SourceStream& stream) { return stream.slot == slot && stream.kind == kind; });
  return found == sender.streams.end() ? nullptr : &*found;
}

// The numbers of the slots that somebody needs: the first always, the others while something is sent on them.
std::vector<std::uint16_t> slots_of(const Sender& sender) {
  std::vector<std::uint16_t> numbers{0};
  for (const SourceStream& stream : sender.streams) {
    if (std::ranges::find(numbers, stream.slot) == numbers.end()) numbers.push_back(stream.slot);
  }
  return numbers;
}

}  // namespace

Slots::Slot Slots::make_slot() const {
  Slot slot;
  slot.video.codec = empty_slot_video_;
  return slot;
}

Change Slots::start() {
  const Known before = known();
  started_ = true;
  restart_ = false;
  offer_out_.reset();
  if (slots_.empty()) slots_.push_back(make_slot());
  for (std::size_t i = 0; i < 2 * slots_.size(); ++i) {
    line(i).offered.reset();
    line(i).answered.reset();
  }
  return consequences(before);
}

Change Slots::stop() {
  const Known before = known();
  started_ = false;
  restart_ = false;
  offer_out_.reset();
  for (std::size_t i = 0; i < 2 * slots_.size(); ++i) line(i).answered.reset();
  return consequences(before);
}

Change Slots::update(std::span<const Sender> senders) {
  const Known before = known();
  vacate(senders);
  for (const Sender& sender : senders) {
    for (const std::uint16_t number : slots_of(sender)) occupy(sender, number);
  }
  return consequences(before);
}

void Slots::vacate(std::span<const Sender> senders) {
  for (Slot& slot : slots_) {
    const auto still_needed = [&](const Sender& sender) {
      const std::vector<std::uint16_t> numbers = slots_of(sender);
      return sender.participant == slot.participant && std::ranges::find(numbers, slot.number) != numbers.end();
    };
    if (std::ranges::any_of(senders, still_needed)) continue;
    slot.participant.clear();
    slot.audio.source_mid.reset();
    slot.video.source_mid.reset();
  }
}

void Slots::occupy(const Sender& sender, std::uint16_t number) {
  Slot* const slot = slot_for(sender, number);
  if (slot == nullptr) return;  // all are taken: served when one becomes free
  slot->participant = sender.participant;
  slot->number = number;
  for (const Kind kind : {Kind::kAudio, Kind::kVideo}) {
    Line& line = kind == Kind::kAudio ? slot->audio : slot->video;
    line.source_mid.reset();
    if (const SourceStream* stream = stream_of(sender, number, kind)) {
      line.source_mid = stream->mid;
      line.codec = stream->codec;
    }
  }
}

// The slot they have; else a free one that needs no offer, any free one, a new one.
Slots::Slot* Slots::slot_for(const Sender& sender, std::uint16_t number) {
  Slot* free = nullptr;
  bool free_is_ready = false;
  const SourceStream* const video = stream_of(sender, number, Kind::kVideo);
  for (Slot& slot : slots_) {
    if (slot.participant == sender.participant && slot.number == number) return &slot;
    if (!slot.participant.empty()) continue;
    const bool ready =
        slot.audio.answered && slot.video.answered && (video == nullptr || slot.video.answered->codec == video->codec);
    if (free == nullptr || (ready && !free_is_ready)) {
      free = &slot;
      free_is_ready = ready;
    }
  }
  if (free != nullptr || slots_.size() >= most_) return free;
  return &slots_.emplace_back(make_slot());
}

Result<Change> Slots::answer(std::uint64_t negotiation, std::span<const AnsweredLine> lines) {
  if (!offer_out_ || negotiation != negotiation_) {
    return Error{ErrorCode::kStaleNegotiation, "no offer with this negotiation number is waiting for an answer"};
  }
  if (lines.size() != offer_out_->size()) {
    return Error{ErrorCode::kInvalidSdp, "the answer has another number of m-lines than the offer"};
  }
  const Known before = known();
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::optional<Format>& format = lines[i].format;
    const bool as_offered = format && format->codec == (*offer_out_)[i];
    line(i).answered = as_offered ? format : std::nullopt;
  }
  offer_out_.reset();
  return consequences(before);
}

Change Slots::restart_ice() {
  const Known before = known();
  if (started_) restart_ = true;
  return consequences(before);
}

std::vector<Occupied> Slots::streams() const {
  std::vector<Occupied> streams;
  for (std::size_t i = 0; i < 2 * slots_.size(); ++i) {
    if (!line(i).offered || !line(i).source_mid) continue;
    streams.push_back({std::to_string(i), i % 2 == 0 ? Kind::kAudio : Kind::kVideo,
                       StreamKey{slots_[i / 2].participant, *line(i).source_mid}});
  }
  return streams;
}

Slots::Flow Slots::flow(std::size_t index) const {
  const Line& entry = line(index);
  if (!entry.source_mid || !entry.answered || entry.answered->codec != entry.codec) return {};
  return {StreamKey{slots_[index / 2].participant, *entry.source_mid}, entry.answered->payload_type};
}

Slots::Known Slots::known() const {
  Known known{{}, streams()};
  for (std::size_t i = 0; i < 2 * slots_.size(); ++i) known.flows.push_back(flow(i));
  return known;
}

Change Slots::consequences(const Known& before) {
  Change change;
  collect_moves(before.flows, change.moves);
  if (started_ && !offer_out_ && something_to_offer()) change.offer = make_offer();
  change.streams_changed = streams() != before.streams;
  return change;
}

void Slots::collect_moves(std::span<const Flow> before, std::vector<Move>& moves) const {
  for (std::size_t i = 0; i < 2 * slots_.size(); ++i) {
    const Flow from = i < before.size() ? before[i] : Flow{}, to = flow(i);
    if (from == to) continue;
    moves.push_back({static_cast<std::uint16_t>(i), i % 2 == 0 ? Kind::kAudio : Kind::kVideo, from.source, to.source,
                     to.payload_type});
  }
}

bool Slots::something_to_offer() const {
  for (std::size_t i = 0; i < 2 * slots_.size(); ++i) {
    if (line(i).offered != line(i).codec) return true;
  }
  return restart_;
}

Offer Slots::make_offer() {
  std::vector<Codec> codecs;
  for (std::size_t i = 0; i < 2 * slots_.size(); ++i) {
    line(i).offered = line(i).codec;
    codecs.push_back(line(i).codec);
  }
  offer_out_ = std::move(codecs);
  ++negotiation_;
  Offer offer = open_offer();
  offer.ice_restart = restart_;
  restart_ = false;
  return offer;
}

Offer Slots::open_offer() const {
  Offer offer{.negotiation = negotiation_, .ice_restart = false, .lines = {}};
  for (std::size_t i = 0; i < offer_out_->size(); ++i) {
    offer.lines.push_back({std::to_string(i), "slot" + std::to_string(i / 2), i % 2 == 0 ? Kind::kAudio : Kind::kVideo,
                           (*offer_out_)[i]});
  }
  return offer;
}

Change Slots::repeat() const {
  Change change;
  if (offer_out_) change.offer = open_offer();
  change.streams_changed = true;
  return change;
}

}  // namespace callroom::media
