#include "media/slots.hpp"

#include <map>
#include <random>
#include <string>
#include <vector>

#include "support/cmocka.hpp"

namespace {

using namespace callroom;
using namespace callroom::media;

constexpr Codec kVideo = Codec::kVp8;

Sender sender(const std::string& id, bool audio = true, bool video = true, Codec codec = kVideo) {
  Sender made{id, {}};
  if (audio) made.streams.push_back({"0", Kind::kAudio, Codec::kOpus, 0});
  if (video) made.streams.push_back({"1", Kind::kVideo, codec, 0});
  return made;
}

std::vector<AnsweredLine> accept(const Offer& offer) {
  std::vector<AnsweredLine> lines;
  for (const OfferedLine& line : offer.lines) {
    lines.push_back({Format{line.codec, outgoing_payload_type(line.codec), false}});
  }
  return lines;
}

Change accepted(Slots& slots, const Offer& offer) {
  return *slots.answer(offer.negotiation, accept(offer));
}

std::string text(const std::optional<StreamKey>& key) {
  return key ? key->participant + "/" + key->mid : "-";
}

std::string text(const std::vector<Move>& moves) {
  std::string out;
  for (const Move& move : moves) out += std::to_string(move.line) + ":" + text(move.from) + ">" + text(move.to) + " ";
  return out;
}

std::string text(const std::optional<Offer>& offer) {
  if (!offer) return "none";
  std::string out = std::to_string(offer->negotiation) + (offer->ice_restart ? "R" : "");
  for (const OfferedLine& line : offer->lines) out += std::string(" ") + line.msid + "/" + to_string(line.codec);
  return out;
}

std::string text(const std::vector<Occupied>& streams) {
  std::string out;
  for (const Occupied& entry : streams)
    out += entry.mid + "=" + entry.source.participant + "/" + entry.source.mid + " ";
  return out;
}

void a_room_for_two_is_offered_its_slot_before_the_second_comes(void**) {
  Slots slots(kVideo);
  const Change first = slots.start();
  const Change answered = accepted(slots, *first.offer);
  const std::vector<Sender> bob{sender("bob")};
  const Change arrived = slots.update(bob);
  assert_string_equal(text(first.offer).c_str(), "1 slot0/opus slot0/vp8");
  assert_string_equal(text(answered.moves).c_str(), "");
  assert_string_equal(text(arrived.offer).c_str(), "none");
  assert_string_equal(text(arrived.moves).c_str(), "0:->bob/0 1:->bob/1 ");
  assert_true(arrived.streams_changed);
}

void nothing_flows_before_the_answer(void**) {
  Slots slots(kVideo);
  const std::vector<Sender> bob{sender("bob")};
  const Change before = slots.update(bob);
  const Change offered = slots.start();
  const Change answered = accepted(slots, *offered.offer);
  assert_string_equal(text(before.offer).c_str(), "none");
  assert_string_equal(text(offered.moves).c_str(), "");
  assert_string_equal(text(answered.moves).c_str(), "0:->bob/0 1:->bob/1 ");
  assert_int_equal(answered.moves[1].payload_type, 96);
}

void a_client_that_missed_the_offer_gets_the_same_once_more(void**) {
  Slots slots(kVideo);
  const Change first = slots.start();
  const std::vector<Sender> others{sender("b"), sender("c")};
  slots.update(others);  // goes into the next offer, not into this one
  const Change repeated = slots.repeat();
  const Change answered = accepted(slots, *repeated.offer);
  accepted(slots, *answered.offer);
  const Change nothing_out = slots.repeat();
  assert_string_equal(text(repeated.offer).c_str(), text(first.offer).c_str());
  assert_string_equal(text(answered.offer).c_str(), "2 slot0/opus slot0/vp8 slot1/opus slot1/vp8");
  assert_string_equal(text(nothing_out.offer).c_str(), "none");
  assert_true(nothing_out.streams_changed);
}

void one_offer_is_out_and_the_rest_is_gathered(void**) {
  Slots slots(kVideo);
  const Change first = slots.start();
  std::vector<Sender> others{sender("b")};
  const Change one = slots.update(others);
  others.push_back(sender("c"));
  const Change two = slots.update(others);
  others.push_back(sender("d"));
  const Change three = slots.update(others);
  const Change restart = slots.restart_ice();
  const Change answered = accepted(slots, *first.offer);
  const Change grown = accepted(slots, *answered.offer);
  const bool none_meanwhile = !one.offer && !two.offer && !three.offer && !restart.offer;
  assert_true(none_meanwhile);
  assert_string_equal(text(answered.offer).c_str(),
                      "2R slot0/opus slot0/vp8 slot1/opus slot1/vp8 slot2/opus slot2/vp8");
  assert_string_equal(text(grown.moves).c_str(), "2:->c/0 3:->c/1 4:->d/0 5:->d/1 ");
  assert_string_equal(text(grown.offer).c_str(), "none");
}

void who_left_makes_room_without_an_offer(void**) {
  Slots slots(kVideo);
  const std::vector<Sender> bc{sender("b"), sender("c")}, c{sender("c")}, cd{sender("c"), sender("d")};
  slots.update(bc);
  const Change offered = slots.start();
  accepted(slots, *offered.offer);
  const Change left = slots.update(c);
  const Change came = slots.update(cd);
  const std::string who = text(slots.streams());
  assert_string_equal(text(left.moves).c_str(), "0:b/0>- 1:b/1>- ");
  assert_string_equal(text(came.moves).c_str(), "0:->d/0 1:->d/1 ");
  assert_string_equal(text(came.offer).c_str(), "none");
  assert_string_equal(who.c_str(), "0=d/0 1=d/1 2=c/0 3=c/1 ");
}

void toggling_a_camera_needs_no_offer(void**) {
  Slots slots(kVideo);
  const std::vector<Sender> both{sender("b")}, audio_only{sender("b", true, false)};
  slots.update(both);
  const Change offered = slots.start();
  accepted(slots, *offered.offer);
  const Change off = slots.update(audio_only);
  const Change on = slots.update(both);
  assert_string_equal(text(off.moves).c_str(), "1:b/1>- ");
  assert_string_equal(text(on.moves).c_str(), "1:->b/1 ");
  assert_string_equal(text(off.offer).c_str(), "none");
  assert_string_equal(text(on.offer).c_str(), "none");
}

void a_screen_takes_a_slot_of_its_own_and_gives_it_back(void**) {
  Slots slots(kVideo);
  std::vector<Sender> others{sender("b")};
  slots.update(others);
  const Change offered = slots.start();
  accepted(slots, *offered.offer);
  others[0].streams.push_back({"2", Kind::kVideo, kVideo, 1});
  const Change shared = slots.update(others);
  const Change answered = accepted(slots, *shared.offer);
  others[0].streams.pop_back();
  const Change unshared = slots.update(others);
  others.push_back(sender("c"));
  const Change came = slots.update(others);
  assert_string_equal(text(shared.offer).c_str(), "2 slot0/opus slot0/vp8 slot1/opus slot1/vp8");
  assert_string_equal(text(answered.moves).c_str(), "3:->b/2 ");
  assert_string_equal(text(unshared.moves).c_str(), "3:b/2>- ");
  assert_string_equal(text(came.moves).c_str(), "2:->c/0 3:->c/1 ");
}

void another_codec_prefers_a_slot_that_has_it_and_else_costs_an_offer(void**) {
  Slots slots(kVideo);
  const std::vector<Sender> mixed{sender("b"), sender("c", true, true, Codec::kH264)};
  slots.update(mixed);
  const Change offered = slots.start();
  accepted(slots, *offered.offer);
  slots.update({});
  const std::vector<Sender> h264{sender("d", true, true, Codec::kH264)};
  const Change fits = slots.update(h264);
  const std::vector<Sender> two{h264[0], sender("e", true, true, Codec::kVp9)};
  const Change differs = slots.update(two);
  const Change answered = accepted(slots, *differs.offer);
  assert_string_equal(text(fits.moves).c_str(), "2:->d/0 3:->d/1 ");
  assert_string_equal(text(fits.offer).c_str(), "none");
  assert_string_equal(text(differs.moves).c_str(), "0:->e/0 ");
  assert_string_equal(text(differs.offer).c_str(), "2 slot0/opus slot0/vp9 slot1/opus slot1/h264");
  assert_string_equal(text(answered.moves).c_str(), "1:->e/1 ");
}

void stale_and_misshapen_answers_change_nothing(void**) {
  Slots slots(kVideo);
  const std::vector<Sender> bob{sender("b")};
  slots.update(bob);
  const auto early = slots.answer(1, {});
  const Change offered = slots.start();
  const std::vector<AnsweredLine> one_line{AnsweredLine{}};
  const auto misshapen = slots.answer(1, one_line);
  const auto other_number = slots.answer(7, accept(*offered.offer));
  const bool still_out = slots.offer_is_out();
  const auto good = slots.answer(1, accept(*offered.offer));
  const auto twice = slots.answer(1, accept(*offered.offer));
  const int codes[] = {static_cast<int>(early.error().code), static_cast<int>(misshapen.error().code),
                       static_cast<int>(other_number.error().code), static_cast<int>(twice.error().code)};
  const bool taken = static_cast<bool>(good);
  assert_int_equal(codes[0], 420);
  assert_int_equal(codes[1], 417);
  assert_int_equal(codes[2], 420);
  assert_int_equal(codes[3], 420);
  assert_true(still_out);
  assert_true(taken);
}

void a_refused_m_line_is_never_relayed_to(void**) {
  Slots slots(kVideo);
  const std::vector<Sender> bob{sender("b")};
  slots.update(bob);
  const Change offered = slots.start();
  std::vector<AnsweredLine> lines = accept(*offered.offer);
  lines[1].format.reset();
  const Change answered = *slots.answer(1, lines);
  assert_string_equal(text(answered.moves).c_str(), "0:->b/0 ");
  assert_string_equal(text(answered.offer).c_str(), "none");
}

void a_new_peer_connection_starts_over(void**) {
  Slots slots(kVideo);
  const std::vector<Sender> bob{sender("b")};
  slots.update(bob);
  const Change offered = slots.start();
  accepted(slots, *offered.offer);
  const Change stopped = slots.stop();
  const Change again = slots.start();
  const auto stale = slots.answer(1, accept(*offered.offer));
  const Change answered = accepted(slots, *again.offer);
  const int stale_code = static_cast<int>(stale.error().code);
  assert_string_equal(text(stopped.moves).c_str(), "0:b/0>- 1:b/1>- ");
  assert_string_equal(text(again.offer).c_str(), "2 slot0/opus slot0/vp8");
  assert_int_equal(stale_code, 420);
  assert_string_equal(text(answered.moves).c_str(), "0:->b/0 1:->b/1 ");
}

void who_finds_no_slot_is_served_when_one_is_free(void**) {
  Slots slots(kVideo, 1);
  const std::vector<Sender> bc{sender("b"), sender("c")}, c{sender("c")};
  slots.update(bc);
  const Change offered = slots.start();
  accepted(slots, *offered.offer);
  const std::size_t lines = offered.offer->lines.size();
  const Change later = slots.update(c);
  assert_int_equal(lines, 2);
  assert_string_equal(text(later.moves).c_str(), "0:b/0>c/0 1:b/1>c/1 ");
}

// People come and go, toggle, share and change codecs at random while answers come late, and now and then the
// receiver starts over. Whenever an answer has come and no offer is out, everything sent is on exactly one line of its
// kind, answered with its codec, and the moves told so far say exactly that.
void whatever_happens_ends_with_everyone_on_one_line(void**) {
  int wrong = 0, offers = 0;
  for (unsigned seed = 1; seed <= 300; ++seed) {
    std::mt19937 random(seed);
    Slots slots(kVideo);
    std::vector<Sender> others;
    std::map<std::uint16_t, StreamKey> flowing;
    std::optional<Offer> out;
    const auto apply = [&](const Change& change) {
      if (change.offer && out) ++wrong;  // two offers out
      if (change.offer) out = change.offer, ++offers;
      for (const Move& move : change.moves) {
        const auto known = flowing.find(move.line);
        if ((known != flowing.end()) != move.from.has_value() || (move.from && known->second != *move.from)) ++wrong;
        flowing.erase(move.line);
        if (move.to) flowing.emplace(move.line, *move.to);
      }
    };
    apply(slots.start());
    for (int step = 0; step < 60; ++step) {
      const auto what = random() % 10;
      if (what < 3 && others.size() < 8) {
        others.push_back(sender("p" + std::to_string(seed) + "-" + std::to_string(step)));
      } else if (what < 5 && !others.empty()) {
        others.erase(others.begin() + static_cast<std::ptrdiff_t>(random() % others.size()));
      } else if (what < 7 && !others.empty()) {
        Sender& one = others[random() % others.size()];
        one = sender(one.participant, random() % 2 == 0, random() % 2 == 0, random() % 4 == 0 ? Codec::kH264 : kVideo);
        if (random() % 3 == 0) one.streams.push_back({"2", Kind::kVideo, kVideo, 1});
      } else if (what == 7 && random() % 3 == 0) {
        out.reset();
        apply(slots.stop());
        apply(slots.start());
      } else if (out) {
        const Offer answering = *out;
        out.reset();
        apply(accepted(slots, answering));
      }
      apply(slots.update(others));
    }
    while (out) {
      const Offer answering = *out;
      out.reset();
      apply(accepted(slots, answering));
    }
    std::map<StreamKey, int> seen;
    for (const auto& [line, key] : flowing) ++seen[key];
    std::size_t sent = 0;
    for (const Sender& other : others) {
      sent += other.streams.size();
      for (const SourceStream& stream : other.streams) {
        if (seen[{other.participant, stream.mid}] != 1) ++wrong;
      }
    }
    if (flowing.size() != sent || slots.streams().size() != sent) ++wrong;
  }
  assert_int_equal(wrong, 0);
  assert_true(offers > 1000);
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(a_room_for_two_is_offered_its_slot_before_the_second_comes),
      cmocka_unit_test(nothing_flows_before_the_answer),
      cmocka_unit_test(a_client_that_missed_the_offer_gets_the_same_once_more),
      cmocka_unit_test(one_offer_is_out_and_the_rest_is_gathered),
      cmocka_unit_test(who_left_makes_room_without_an_offer),
      cmocka_unit_test(toggling_a_camera_needs_no_offer),
      cmocka_unit_test(a_screen_takes_a_slot_of_its_own_and_gives_it_back),
      cmocka_unit_test(another_codec_prefers_a_slot_that_has_it_and_else_costs_an_offer),
      cmocka_unit_test(stale_and_misshapen_answers_change_nothing),
      cmocka_unit_test(a_refused_m_line_is_never_relayed_to),
      cmocka_unit_test(a_new_peer_connection_starts_over),
      cmocka_unit_test(who_finds_no_slot_is_served_when_one_is_free),
      cmocka_unit_test(whatever_happens_ends_with_everyone_on_one_line),
  };
  return cmocka_run_group_tests_name("media/slots", tests, nullptr, nullptr);
}
