#include "signaling/pair.hpp"

#include <algorithm>
#include <string>

#include "support/cmocka.hpp"

// One test per row of the collision table, named by it; A and B are offers, a and b the sides that send them.
namespace {

using namespace callroom;
using namespace callroom::signaling;

constexpr Side kX = Side::kSecond, kY = Side::kFirst;

std::string sdp(const std::string& ufrag) {
  return "v=0\r\na=ice-ufrag:" + ufrag + "\r\na=ice-pwd:secret\r\n";
}

std::string text(const PairEffects& effects) {
  struct Text {
    static std::string to(Side side) { return side == kX ? "X" : "Y"; }
    std::string operator()(const ForwardDescription& e) const {
      return to(e.to) + "<" + (e.type == DescriptionType::kOffer ? "offer" : "answer") + std::to_string(e.negotiation);
    }
    std::string operator()(const ForwardCandidate& e) const { return to(e.to) + "<" + e.candidate; }
    std::string operator()(const RollBack& e) const { return to(e.to) + "<glare" + std::to_string(e.negotiation); }
    std::string operator()(const OfferAgain& e) const { return to(e.to) + "<negotiate"; }
    std::string operator()(const Unanswered& e) const {
      return to(e.offerer) + " unanswered" + std::to_string(e.negotiation);
    }
    std::string operator()(const Collided& e) const { return to(e.loser) + " lost"; }
  };
  std::string out;
  for (const PairEffect& effect : effects) out += (out.empty() ? "" : " ") + std::visit(Text{}, effect);
  return out;
}

// A pair and what comes of each message, as text; errors as their number.
struct Bench {
  Pair pair;

  Bench(PairMember y, PairMember x) : pair(y, x) {}

  static std::string text_of(const Result<PairEffects>& result) {
    return result ? text(*result) : std::to_string(static_cast<int>(result.error().code));
  }
  std::string offer(Side from, std::int64_t n, const std::string& ufrag, MonotonicUs now = 0) {
    return text_of(pair.description(from, DescriptionType::kOffer, n, sdp(ufrag), now));
  }
  std::string answer(Side from, std::int64_t n, const std::string& ufrag) {
    return text_of(pair.description(from, DescriptionType::kAnswer, n, sdp(ufrag), 0));
  }
  std::string candidate(Side from, const std::string& name, const std::string& ufrag) {
    return candidates(from, {{name, ufrag}});
  }
  std::string candidates(Side from, std::vector<PeerCandidate> several) {
    return text_of(pair.candidates(from, 0, std::move(several)));
  }
  std::string tick(MonotonicUs now) { return text(pair.tick(now)); }
};

constexpr PairMember kPoliteYields{Role::kPolite, false}, kImpoliteRefuses{Role::kImpolite, true};
constexpr PairMember kImpoliteYields{Role::kImpolite, false}, kPoliteRefuses{Role::kPolite, true};

void row_1_an_offer_opens_and_brings_its_held_candidates(void**) {
  Bench bench(kImpoliteRefuses, kPoliteYields);
  const std::string early = bench.candidate(kX, "c1", "ux");
  const std::string other = bench.candidate(kX, "c2", "elsewhere");
  const std::string offered = bench.offer(kX, 1, "ux");
  assert_string_equal(early.c_str(), "");
  assert_string_equal(other.c_str(), "");
  assert_string_equal(offered.c_str(), "Y<offer1 Y<c1");
}

void row_2_a_further_offer_of_the_same_side_replaces_the_open_one(void**) {
  Bench bench(kImpoliteRefuses, kPoliteYields);
  bench.offer(kX, 1, "ux");
  const std::string second = bench.offer(kX, 2, "ux");
  const std::string late = bench.answer(kY, 1, "uy");
  const std::string matching = bench.answer(kY, 2, "uy");
  assert_string_equal(second.c_str(), "Y<offer2");
  assert_string_equal(late.c_str(), "");
  assert_string_equal(matching.c_str(), "X<answer2");
}

void row_3a_who_yields_loses_and_waits_for_its_own_answer(void**) {
  Bench bench(kImpoliteRefuses, kPoliteYields);
  bench.offer(kY, 1, "uy");
  const std::string crossing = bench.offer(kX, 1, "ux");
  const std::string answer = bench.answer(kX, 1, "ux2");
  const PairCounts counts = bench.pair.counts();
  assert_string_equal(crossing.c_str(), "X lost");
  assert_string_equal(answer.c_str(), "Y<answer1 X<negotiate");
  assert_int_equal(counts.collisions, 1);
  assert_int_equal(counts.negotiations, 1);
  assert_int_equal(counts.rollbacks[static_cast<std::size_t>(kX)], 1);
  assert_int_equal(counts.rollbacks[static_cast<std::size_t>(kY)], 0);
}

void row_3a_holds_for_an_impolite_one_that_yields_too(void**) {
  Bench bench(kPoliteRefuses, kImpoliteYields);
  bench.offer(kY, 1, "uy");
  const std::string crossing = bench.offer(kX, 1, "ux");
  assert_string_equal(crossing.c_str(), "X lost");
}

void row_3b_an_impolite_one_that_refuses_wins(void**) {
  Bench bench(kPoliteYields, kImpoliteRefuses);
  bench.offer(kY, 4, "uy");
  const std::string crossing = bench.offer(kX, 9, "ux");
  const std::string stray = bench.answer(kX, 4, "ux2");
  const std::string answer = bench.answer(kY, 9, "uy2");
  const PairCounts counts = bench.pair.counts();
  assert_string_equal(crossing.c_str(), "Y lost Y<glare4 Y<offer9");
  assert_string_equal(stray.c_str(), "");
  assert_string_equal(answer.c_str(), "X<answer9 Y<negotiate");
  assert_int_equal(counts.rollbacks[static_cast<std::size_t>(kY)], 1);
  assert_int_equal(counts.stale, 1);
}

void row_3c_a_polite_one_that_refuses_is_rolled_back_and_offered_again(void**) {
  Bench bench(kImpoliteRefuses, kPoliteRefuses);
  bench.offer(kY, 4, "uy");
  bench.candidate(kY, "c1", "uy");
  const std::string crossing = bench.offer(kX, 9, "ux");
  const std::string answer = bench.answer(kX, 4, "ux2");
  assert_string_equal(crossing.c_str(), "X lost X<glare9 X<offer4 X<c1");
  assert_string_equal(answer.c_str(), "Y<answer4 X<negotiate");
}

void row_4_an_answer_closes_the_offer(void**) {
  Bench bench(kImpoliteRefuses, kPoliteYields);
  bench.offer(kX, 1, "ux");
  const bool open = bench.pair.offer_is_open();
  const std::string answer = bench.answer(kY, 1, "uy");
  const bool closed = !bench.pair.offer_is_open();
  const std::string next = bench.offer(kY, 1, "uy");
  assert_true(open);
  assert_true(closed);
  assert_string_equal(answer.c_str(), "X<answer1");
  assert_string_equal(next.c_str(), "X<offer1");
}

void row_5_any_other_answer_is_dropped(void**) {
  Bench bench(kImpoliteRefuses, kPoliteYields);
  const std::string never_asked = bench.answer(kX, 1, "ux");
  bench.offer(kX, 5, "ux");
  const std::string own = bench.answer(kX, 5, "ux");
  const std::string other_number = bench.answer(kY, 4, "uy");
  bench.answer(kY, 5, "uy");
  const std::string twice = bench.answer(kY, 5, "uy");
  const std::uint32_t stale = bench.pair.counts().stale;
  assert_string_equal((never_asked + own + other_number + twice).c_str(), "");
  assert_int_equal(stale, 4);
}

void row_6_candidates_of_what_was_forwarded_go_on(void**) {
  Bench bench(kImpoliteRefuses, kPoliteYields);
  bench.offer(kX, 1, "ux");
  const std::string offerers = bench.candidate(kX, "c1", "ux");
  bench.answer(kY, 1, "uy");
  const std::string answerers = bench.candidate(kY, "c2", "uy");
  const std::string end = bench.candidate(kY, "null", "");
  assert_string_equal(offerers.c_str(), "Y<c1");
  assert_string_equal(answerers.c_str(), "X<c2");
  assert_string_equal(end.c_str(), "X<null");
}

void row_7_candidates_wait_for_their_description_and_no_more_than_fit(void**) {
  Bench bench(kImpoliteRefuses, kPoliteYields);
  std::string last;
  for (std::size_t i = 0; i < Pair::kMostCandidates; ++i) last = bench.candidate(kX, "c", "ux");
  const std::string refused = bench.candidate(kX, "one too many", "ux");
  const std::string forwarded = bench.offer(kX, 1, "ux");
  const std::string after = bench.candidate(kX, "c", "ux");
  const auto count = static_cast<int>(std::count(forwarded.begin(), forwarded.end(), 'c'));
  assert_string_equal(last.c_str(), "");
  assert_string_equal(refused.c_str(), "422");
  assert_int_equal(count, Pair::kMostCandidates);
  assert_string_equal(after.c_str(), "Y<c");
}

void row_7_holds_for_an_answers_candidates_too(void**) {
  Bench bench(kImpoliteRefuses, kPoliteYields);
  bench.offer(kX, 1, "ux");
  const std::string early = bench.candidate(kY, "c1", "uy");
  const std::string answer = bench.answer(kY, 1, "uy");
  assert_string_equal(early.c_str(), "");
  assert_string_equal(answer.c_str(), "X<answer1 X<c1");
}

void several_candidates_go_on_in_order_or_not_at_all(void**) {
  Bench bench(kPoliteYields, kImpoliteRefuses);
  bench.offer(kX, 1, "ux");
  const std::string some = bench.candidates(kX, {{"c1", "ux"}, {"c2", "later"}, {"c3", "ux"}, {"null", ""}});
  const std::string refused =
      bench.candidates(kX, std::vector<PeerCandidate>(Pair::kMostCandidates, PeerCandidate{"c", "later"}));
  const std::string held = bench.offer(kX, 2, "later");
  assert_string_equal(some.c_str(), "Y<c1 Y<c3 Y<null");
  assert_string_equal(refused.c_str(), "422");
  assert_string_equal(held.c_str(), "Y<offer2 Y<c2");
}

void row_8_candidates_of_a_lost_offer_are_dropped(void**) {
  Bench yields(kImpoliteRefuses, kPoliteYields), refuses(kPoliteYields, kImpoliteRefuses);
  yields.offer(kY, 1, "uy");
  yields.candidate(kX, "held", "ux");
  yields.offer(kX, 1, "ux");
  const std::string of_b = yields.candidate(kX, "c", "ux") + yields.candidate(kX, "null", "");
  const std::string answer = yields.answer(kX, 1, "ux2");
  refuses.offer(kY, 1, "uy");
  refuses.offer(kX, 1, "ux");
  const std::string of_a = refuses.candidate(kY, "c", "uy");
  assert_string_equal(of_b.c_str(), "");
  assert_string_equal(answer.c_str(), "Y<answer1 X<negotiate");
  assert_string_equal(of_a.c_str(), "");
}

void row_8_spares_a_fragment_that_is_in_use(void**) {
  Bench bench(kImpoliteRefuses, kPoliteYields);
  bench.offer(kX, 1, "ux");
  bench.answer(kY, 1, "uy");
  bench.offer(kY, 1, "uy");
  bench.offer(kX, 2, "ux");  // no ICE restart: loses, but its transport lives on
  const std::string late = bench.candidate(kX, "c", "ux");
  assert_string_equal(late.c_str(), "Y<c");
}

void row_10_an_unanswered_offer_is_repeated_three_times_then_both_are_told(void**) {
  Bench bench(kImpoliteRefuses, kPoliteYields);
  bench.offer(kX, 1, "ux");
  bench.candidate(kX, "c1", "ux");
  const std::string early = bench.tick(9'999'999);
  std::string repeats;
  for (int i = 1; i <= 5; ++i) repeats += bench.tick(i * Pair::kAnswerTime) + "; ";
  const bool waiting = bench.pair.next_due().has_value();
  const std::string late = bench.answer(kY, 1, "uy");
  assert_string_equal(early.c_str(), "");
  assert_string_equal(repeats.c_str(), "Y<offer1 Y<c1; Y<offer1 Y<c1; Y<offer1 Y<c1; X unanswered1; ; ");
  assert_false(waiting);
  assert_string_equal(late.c_str(), "X<answer1");
}

void numbers_of_offers_must_rise(void**) {
  Bench bench(kImpoliteRefuses, kPoliteYields);
  bench.offer(kX, 5, "ux");
  const std::string repeated = bench.offer(kX, 5, "ux");
  const std::string lower = bench.offer(kX, 4, "ux");
  bench.answer(kY, 5, "uy");
  const std::string answered = bench.offer(kX, 5, "ux");
  const std::string higher = bench.offer(kX, 6, "ux");
  assert_string_equal(repeated.c_str(), "Y<offer5");
  assert_string_equal(lower.c_str(), "420");
  assert_string_equal(answered.c_str(), "420");
  assert_string_equal(higher.c_str(), "Y<offer6");
}

void fragments_are_found_in_any_description(void**) {
  const auto two = ufrags_of("v=0\na=ice-ufrag:aa\r\nm=audio\r\na=ice-ufrag:bb\na=ice-ufrag:aa\n");
  const auto none = ufrags_of("v=0\r\nnonsense");
  std::string many_sdp;
  for (int i = 0; i < 1000; ++i) many_sdp += "a=ice-ufrag:" + std::to_string(i) + "\r\n";
  const std::size_t many = ufrags_of(many_sdp).size();
  const bool as_expected = two == std::vector<std::string>{"aa", "bb"} && none == std::vector<std::string>{""};
  assert_true(as_expected);
  assert_int_equal(many, Pair::kMostUfrags);
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(row_1_an_offer_opens_and_brings_its_held_candidates),
      cmocka_unit_test(row_2_a_further_offer_of_the_same_side_replaces_the_open_one),
      cmocka_unit_test(row_3a_who_yields_loses_and_waits_for_its_own_answer),
      cmocka_unit_test(row_3a_holds_for_an_impolite_one_that_yields_too),
      cmocka_unit_test(row_3b_an_impolite_one_that_refuses_wins),
      cmocka_unit_test(row_3c_a_polite_one_that_refuses_is_rolled_back_and_offered_again),
      cmocka_unit_test(row_4_an_answer_closes_the_offer),
      cmocka_unit_test(row_5_any_other_answer_is_dropped),
      cmocka_unit_test(row_6_candidates_of_what_was_forwarded_go_on),
      cmocka_unit_test(row_7_candidates_wait_for_their_description_and_no_more_than_fit),
      cmocka_unit_test(row_7_holds_for_an_answers_candidates_too),
      cmocka_unit_test(several_candidates_go_on_in_order_or_not_at_all),
      cmocka_unit_test(row_8_candidates_of_a_lost_offer_are_dropped),
      cmocka_unit_test(row_8_spares_a_fragment_that_is_in_use),
      cmocka_unit_test(row_10_an_unanswered_offer_is_repeated_three_times_then_both_are_told),
      cmocka_unit_test(numbers_of_offers_must_rise),
      cmocka_unit_test(fragments_are_found_in_any_description),
  };
  return cmocka_run_group_tests_name("signaling/pair", tests, nullptr, nullptr);
}
