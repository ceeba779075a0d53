#include "media/routing.hpp"

#include <array>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "rtp_packet.hpp"
#include "support/cmocka.hpp"

namespace {

using namespace callroom::media;
using test::Packet;
using test::rtp;

struct FixedClock {
  callroom::MonotonicUs now;
  callroom::MonotonicUs operator()() const { return now; }
  callroom::MonotonicUs if_read() const { return now; }
};

// Hands a route its packets as the host does: what is in order, and for one leg alone, by the shorter way.
class Feed {
 public:
  explicit Feed(Route& route) : route_(route) {}

  template <typename Relay>
  void operator()(Packet& packet, callroom::MonotonicUs now, bool key_frame, Relay relay) {
    const callroom::RtpHead head = callroom::RtpHead::read(packet.data());
    const callroom::CountStep step = count_.step(head.sequence(), packet.size());
    Leg* only = step.in_order(packet.size()) ? route_.only_leg(step.after) : nullptr;
    if (only == nullptr) {
      route_.fan_out(packet.data(), packet.size(), head, step, FixedClock{now}, key_frame, relay);
      return;
    }
    route_.note_arrival(head.timestamp(), now);
    const SavedHeader original = route_.rewrite_for(*only, packet.data(), head, step.after);
    relay(*only);
    original.restore(packet.data());
    route_.leave();
    ++shorter;
  }
  int shorter = 0;  // packets that went that way

 private:
  Route& route_;
  test::Count count_;
};

std::shared_ptr<Leg> leg(std::uint16_t m_line, std::uint16_t clock_khz = 48) {
  auto made = std::make_shared<Leg>(nullptr, m_line, 1, 0, clock_khz);
  made->rewriter.attach(111, clock_khz == 90);
  return made;
}

void each_leg_has_its_own_numbers_and_the_header_comes_back(void**) {
  Route route;
  auto one = std::make_shared<Leg>(nullptr, std::uint16_t{3}, std::uint16_t{100}, 0u, std::uint16_t{48});
  auto two = std::make_shared<Leg>(nullptr, std::uint16_t{4}, std::uint16_t{200}, 0u, std::uint16_t{48});
  one->rewriter.attach(111, false);
  two->rewriter.attach(109, false);
  route.publish({one, two});
  const Packet original = rtp(5, 960);
  Packet packet = original;
  std::string seen;
  Feed{route}(packet, 1, false, [&](const Leg& to) {
    seen += std::to_string(to.m_line) + ":" + std::to_string(load_u16(packet.data() + 2)) + "/" +
            std::to_string(packet[1]) + " ";
  });
  const bool restored = packet == original;
  assert_string_equal(seen.c_str(), "3:100/111 4:200/109 ");
  assert_true(restored);
}

void nobody_listening_is_no_special_case(void**) {
  Route route;
  Packet packet = rtp(5, 960);
  int relayed = 0;
  Feed{route}(packet, 1, true, [&](const Leg&) { ++relayed; });
  assert_int_equal(relayed, 0);
}

void says_when_a_leg_waits_for_a_key_frame(void**) {
  Route route;
  Feed to_route(route);
  int relayed = 0;
  const auto feed = [&](std::uint16_t sequence, bool key_frame) {
    Packet packet = rtp(sequence, 3000u * sequence);
    to_route(packet, 33'000 * sequence, key_frame, [&](const Leg&) { ++relayed; });
  };
  route.publish({leg(0, 90)});
  const bool before = route.waits_for_key_frame();
  feed(1, false);
  const bool waiting = route.waits_for_key_frame();
  feed(2, true);
  const bool after = route.waits_for_key_frame();
  feed(1, false);  // late: from before the key frame
  const bool late = route.waits_for_key_frame();
  route.publish({leg(0, 90)});
  feed(3, false);
  route.publish({});
  const bool gone = route.waits_for_key_frame();
  assert_false(before);
  assert_true(waiting);
  assert_false(after);
  assert_false(late);
  assert_false(gone);
  assert_int_equal(relayed, 1);
}

void a_leg_moves_between_sources_without_a_seam(void**) {
  Route first, second;
  Feed to_first(first), to_second(second);
  auto moved = leg(0);
  std::string sequences;
  const auto feed = [&](Feed& route, std::uint16_t sequence) {
    Packet packet = rtp(sequence, 960u * sequence);
    route(packet, 20'000 * sequence, false,
          [&](const Leg&) { sequences += std::to_string(load_u16(packet.data() + 2)) + " "; });
  };
  first.publish({moved});
  feed(to_first, 1);
  feed(to_first, 2);
  first.publish({});
  feed(to_first, 3);
  first.detach(*moved);
  second.publish({moved});
  feed(to_second, 900);
  feed(to_second, 901);
  assert_string_equal(sequences.c_str(), "1 2 3 4 ");
}

// Gaps, late packets and numbers that start over, seen by one leg alone and by two: each must be told the same of what
// it was relayed, and send the same numbers on.
void one_leg_alone_fares_as_several(void**) {
  Route alone, shared;
  Feed to_alone(alone), to_shared(shared);
  const auto lonely = leg(0), first = leg(1), second = leg(2);
  alone.publish({lonely});
  shared.publish({first, second});
  std::string sent_alone, sent_shared;
  std::mt19937 random(3);
  int differences = 0, packets = 0;
  std::uint16_t next = 65'000;
  for (int i = 0; i < 20'000; ++i) {
    std::uint16_t sequence = next++;
    const auto chance = random() % 200;
    if (chance == 0) next = static_cast<std::uint16_t>(next + random() % 5);               // a gap
    if (chance == 1) sequence = static_cast<std::uint16_t>(sequence - 1 - random() % 20);  // a late one
    if (chance == 2 && random() % 10 == 0) next = static_cast<std::uint16_t>(next + 20'000 + random() % 20'000);
    Packet packet = rtp(sequence, 960u * sequence);
    to_alone(packet, 20'000 * i + 1, false, [&](const Leg&) {
      ++packets;
      sent_alone += std::to_string(load_u16(packet.data() + 2)) + " ";
    });
    to_shared(packet, 20'000 * i + 1, false, [&](const Leg& to) {
      if (to.m_line == 1) sent_shared += std::to_string(load_u16(packet.data() + 2)) + " ";
    });
    if (!(lonely->rewriter.progress() == first->rewriter.progress())) ++differences;
    if (!(first->rewriter.progress() == second->rewriter.progress())) ++differences;
  }
  const auto relayed = callroom::Tally::between(0, lonely->rewriter.progress().relayed);
  assert_int_equal(differences, 0);
  assert_true(sent_alone == sent_shared);
  assert_int_equal(relayed.packets, packets);
  assert_int_equal(relayed.bytes, static_cast<std::size_t>(packets) * sizeof(Packet));
  assert_true(to_alone.shorter > 15'000);
  assert_int_equal(to_shared.shorter, 0);
}

// Sources send from threads of their own while another keeps moving legs among them and dropping them; each leg's
// numbers must stay without a seam, nobody may relay to a leg that was taken away, and nothing may race.
void legs_move_while_packets_flow(void**) {
  constexpr std::size_t kSources = 3, kLegs = 8;
  struct Receiver {
    std::uint16_t last = 0;  // plain on purpose: the owner of the leg is the only one that may touch it
    bool attached = false;
  };
  std::array<Route, kSources> routes;
  std::array<Receiver, kLegs> receivers;
  std::atomic<bool> stop{false};
  std::atomic<int> seams{0}, strays{0}, relayed{0};

  const auto send = [&](std::size_t index) {
    Feed feed(routes[index]);
    for (std::uint16_t sequence = 1; !stop.load(std::memory_order_relaxed); ++sequence) {
      Packet packet = rtp(sequence, 960u * sequence);
      feed(packet, sequence, true, [&](const Leg& to) {
        auto& receiver = *static_cast<Receiver*>(to.receiver);
        const std::uint16_t sent = load_u16(packet.data() + 2);
        if (!receiver.attached) strays.fetch_add(1);
        if (sent != static_cast<std::uint16_t>(receiver.last + 1)) seams.fetch_add(1);
        receiver.last = sent;
        relayed.fetch_add(1, std::memory_order_relaxed);
      });
    }
  };
  // What a leg says of itself to other threads only ever grows, also while its source changes.
  constexpr std::size_t kWatched = 2;
  std::array<std::shared_ptr<Leg>, kWatched> watched;
  for (std::size_t i = 0; i < kWatched; ++i) {
    watched[i] = std::make_shared<Leg>(&receivers[i], std::uint16_t{0}, std::uint16_t{1}, 0u, std::uint16_t{48});
  }
  std::atomic<int> backward{0};
  const auto watch = [&] {
    std::array<HeaderRewriter::Progress, kWatched> last;
    for (std::size_t i = 0; i < kWatched; ++i) last[i] = watched[i]->rewriter.progress();
    while (!stop.load(std::memory_order_relaxed)) {
      for (std::size_t i = 0; i < kWatched; ++i) {
        const auto now = watched[i]->rewriter.progress();
        if (now.relayed - last[i].relayed > UINT64_MAX / 2) backward.fetch_add(1);
        if (now.highest_sequence - last[i].highest_sequence > UINT32_MAX / 2) backward.fetch_add(1);
        last[i] = now;
      }
    }
  };
  std::vector<std::thread> senders;
  for (std::size_t i = 0; i < kSources; ++i) senders.emplace_back(send, i);
  senders.emplace_back(watch);

  std::mt19937 random(7);
  std::array<std::shared_ptr<Leg>, kLegs> legs;
  std::array<std::size_t, kLegs> where;
  where.fill(kSources);  // nowhere
  const auto legs_of = [&](std::size_t source) {
    Legs list;
    for (std::size_t i = 0; i < kLegs; ++i) {
      if (where[i] == source) list.push_back(legs[i]);
    }
    return list;
  };
  for (int round = 0; round < 1'000 || relayed < 1'000; ++round) {
    const std::size_t i = random() % kLegs;
    const std::size_t from = where[i];
    if (from < kSources) {
      where[i] = kSources;
      routes[from].publish(legs_of(from));
      routes[from].detach(*legs[i]);
      receivers[i].attached = false;
    }
    if (i < kWatched) {
      legs[i] = watched[i];
    } else if (legs[i] == nullptr || random() % 50 == 0) {
      legs[i] = std::make_shared<Leg>(&receivers[i], std::uint16_t{0}, std::uint16_t{1}, 0u, std::uint16_t{48});
      receivers[i].last = 0;
    }
    legs[i]->rewriter.attach(111, random() % 2 == 0);
    receivers[i].attached = true;
    const std::size_t to = random() % kSources;
    where[i] = to;
    routes[to].publish(legs_of(to));
  }
  stop = true;
  for (std::thread& sender : senders) sender.join();
  const int seam_count = seams, stray_count = strays, backward_count = backward;
  assert_int_equal(seam_count, 0);
  assert_int_equal(stray_count, 0);
  assert_int_equal(backward_count, 0);
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(each_leg_has_its_own_numbers_and_the_header_comes_back),
      cmocka_unit_test(nobody_listening_is_no_special_case),
      cmocka_unit_test(says_when_a_leg_waits_for_a_key_frame),
      cmocka_unit_test(a_leg_moves_between_sources_without_a_seam),
      cmocka_unit_test(one_leg_alone_fares_as_several),
      cmocka_unit_test(legs_move_while_packets_flow),
  };
  return cmocka_run_group_tests_name("media/routing", tests, nullptr, nullptr);
}
