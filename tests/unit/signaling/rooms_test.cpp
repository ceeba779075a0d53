// Rooms and who is in them: rights, limits, roles, and who is told what.
#include "signaling/rooms.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "support/cmocka.hpp"

namespace {

using namespace callroom;
using namespace callroom::signaling;

CreateRoom room(const std::string& id, int capacity = 2) {
  CreateRoom request;
  request.settings.id = id;
  request.settings.capacity = capacity;
  return request;
}

Join join(const std::string& to, const std::string& user) {
  Join request;
  request.room = to;
  request.user_id = user;
  return request;
}

struct Fixture {
  Rooms rooms{"", {10, 10}};
  int next = 1;

  Result<JoinOutcome> enter(const Join& request) {
    const std::string n = std::to_string(next);
    return rooms.join(request, static_cast<HandleId>(next++), {"session" + n, "id" + n, "token" + n});
  }
};

int code(const Error& error) {
  return static_cast<int>(error.code);
}

void the_larger_user_id_is_polite(void**) {
  Fixture f;
  (void)f.rooms.create(room("r"), "");
  const auto ann = f.enter(join("r", "ann"));
  const auto bob = f.enter(join("r", "bob"));
  const auto bobs = bob->joined.participants.at(0).role;
  const auto anns = std::get<ParticipantJoined>(bob->notices.at(0).event).participant.role;
  assert_true(bobs == Role::kPolite);
  assert_true(anns == Role::kImpolite);
  assert_int_equal(bob->notices.at(0).to, 1);
  assert_string_equal(bob->joined.participants.at(0).user_id.c_str(), "ann");
}

void the_list_of_participants_has_the_askers_roles(void**) {
  Fixture f;
  (void)f.rooms.create(room("r", 3), "");
  for (const char* user : {"ann", "bob", "cid"}) (void)f.enter(join("r", user));
  const auto roles = [&](HandleId viewer) {
    const auto listed = f.rooms.participants({"r", viewer});
    std::vector<std::optional<Role>> seen;
    for (const PeerEntry& entry : *listed) seen.push_back(entry.role);
    return seen;
  };
  const auto of_bob = roles(2);
  const auto of_a_stranger = roles(99);
  assert_true((of_bob == std::vector<std::optional<Role>>{Role::kPolite, std::nullopt, Role::kImpolite}));
  assert_true(of_a_stranger == std::vector<std::optional<Role>>(3));
}

void equal_ids_go_by_the_later_join(void**) {
  const Participant first{"1", "same", "", "", "", 1, Collision::kByRole, 1};
  const Participant second{"2", "same", "", "", "", 2, Collision::kByRole, 2};
  assert_true(role_towards(first, second) == Role::kImpolite);
  assert_true(role_towards(second, first) == Role::kPolite);
}

void bytes_are_compared_unsigned(void**) {
  const Participant low{"1", "~", "", "", "", 1, Collision::kByRole, 1};
  const Participant high{"2", "\xc3\xa9", "", "", "", 2, Collision::kByRole, 2};
  assert_true(role_towards(high, low) == Role::kPolite);
}

void a_full_room_refuses_and_changes_nothing(void**) {
  Fixture f;
  (void)f.rooms.create(room("r"), "");
  (void)f.enter(join("r", "a"));
  (void)f.enter(join("r", "b"));
  const auto third = f.enter(join("r", "c"));
  assert_int_equal(code(third.error()), 406);
  assert_int_equal(f.rooms.find("r")->participants.size(), 2);
  assert_int_equal(f.rooms.participant_count(), 2);
}

void the_pin_is_asked_for(void**) {
  Fixture f;
  CreateRoom request = room("r");
  request.settings.pin = "1234";
  (void)f.rooms.create(request, "");
  Join wrong = join("r", "a");
  wrong.pin = "1235";
  Join right = wrong;
  right.pin = "1234";
  const auto refused = f.enter(wrong);
  const auto accepted = f.enter(right);
  assert_int_equal(code(refused.error()), 407);
  assert_true(static_cast<bool>(accepted));
}

void the_same_user_twice_needs_takeover(void**) {
  Fixture f;
  (void)f.rooms.create(room("r"), "");
  (void)f.enter(join("r", "a"));
  (void)f.enter(join("r", "b"));
  const auto twice = f.enter(join("r", "a"));
  Join over = join("r", "a");
  over.takeover = true;
  const auto without_right = f.enter(over);
  over.receive_token = "token2";
  const auto with_bobs = f.enter(over);
  over.receive_token = "token1";
  const auto taken = f.enter(over);
  assert_int_equal(code(twice.error()), 411);
  assert_int_equal(code(without_right.error()), 411);
  assert_int_equal(code(with_bobs.error()), 411);
  assert_true(taken->taken_over.has_value());
  assert_string_equal(taken->taken_over->participant.id.c_str(), "id1");
  const auto& left = std::get<ParticipantLeft>(taken->taken_over->notices.at(0).event);
  assert_string_equal(left.reason.c_str(), "takeover");
  assert_int_equal(f.rooms.participant_count(), 2);
}

void a_room_of_signed_tokens_asks_for_proof(void**) {
  Fixture f;
  CreateRoom request = room("r");
  request.settings.signed_tokens = true;
  (void)f.rooms.create(request, "");
  Join claim = join("r", "a");
  claim.token = "made up";
  const auto refused = f.enter(claim);
  claim.proven = true;
  const auto accepted = f.enter(claim);
  claim.takeover = true;
  const auto taken = f.enter(claim);
  assert_int_equal(code(refused.error()), 410);
  assert_true(static_cast<bool>(accepted));
  assert_true(taken->taken_over.has_value());
}

void without_a_secret_nobody_may_edit_or_destroy(void**) {
  Fixture f;
  (void)f.rooms.create(room("open"), "");
  CreateRoom request = room("owned");
  request.settings.secret = "s";
  (void)f.rooms.create(request, "");
  const auto no_secret = f.rooms.destroy(DestroyRoom{"open", ""});
  const auto wrong = f.rooms.destroy(DestroyRoom{"owned", "x"});
  const auto right = f.rooms.destroy(DestroyRoom{"owned", "s"});
  const auto gone = f.rooms.destroy(DestroyRoom{"owned", "s"});
  assert_int_equal(code(no_secret.error()), 408);
  assert_int_equal(code(wrong.error()), 408);
  assert_true(static_cast<bool>(right));
  assert_int_equal(code(gone.error()), 404);
}

void destroying_tells_everybody(void**) {
  Fixture f;
  (void)f.rooms.create(room("r"), "");
  (void)f.enter(join("r", "a"));
  (void)f.enter(join("r", "b"));
  const auto departures = f.rooms.destroy(std::string("r"));
  assert_int_equal(departures->size(), 2);
  for (const Departure& each : *departures) {
    assert_true(std::holds_alternative<Destroyed>(each.notices.at(0).event));
    assert_int_equal(each.notices.at(0).to, each.participant.handle);
  }
  assert_int_equal(f.rooms.participant_count(), 0);
}

void a_kick_tells_the_kicked_and_the_others(void**) {
  Fixture f;
  (void)f.rooms.create(room("r"), "");
  (void)f.enter(join("r", "a"));
  (void)f.enter(join("r", "b"));
  const auto nobody = f.rooms.kick("r", "id9");
  const auto kicked = f.rooms.kick("r", "id1");
  assert_int_equal(code(nobody.error()), 414);
  assert_int_equal(kicked->notices.size(), 2);
  assert_int_equal(kicked->notices.at(0).to, 2);
  assert_int_equal(kicked->notices.at(1).to, 1);
  assert_true(std::holds_alternative<Kicked>(kicked->notices.at(1).event));
}

void editing_keeps_what_is_not_named(void**) {
  Fixture f;
  CreateRoom request = room("r");
  request.settings.secret = "s";
  request.settings.pin = "1";
  (void)f.rooms.create(request, "");
  EditRoom edit{"r", "s", {}};
  edit.changes.capacity = 5;
  const auto done = f.rooms.edit(edit);
  EditRoom too_many{"r", "s", {}};
  too_many.changes.capacity = 33;
  too_many.changes.description = "x";
  const auto refused = f.rooms.edit(too_many);
  assert_true(static_cast<bool>(done));
  assert_int_equal(f.rooms.find("r")->settings.capacity, 5);
  assert_string_equal(f.rooms.find("r")->settings.pin.c_str(), "1");
  assert_int_equal(code(refused.error()), 403);
  assert_string_equal(f.rooms.find("r")->settings.description.c_str(), "");
}

void limits_hold(void**) {
  Rooms rooms("key", {1, 1});
  const auto no_key = rooms.create(room("a"), "");
  CreateRoom with_key = room("a");
  with_key.admin_key = "key";
  const auto first = rooms.create(with_key, "");
  with_key.settings.id = "b";
  const auto second = rooms.create(with_key, "");
  with_key.settings.id = "a";
  const auto again = rooms.create(with_key, "");
  const auto one = rooms.join(join("a", "x"), 1, {"s", "i", "t"});
  const auto two = rooms.join(join("a", "y"), 2, {"s2", "i2", "t2"});
  assert_int_equal(code(no_key.error()), 409);
  assert_true(static_cast<bool>(first));
  assert_int_equal(code(second.error()), 422);
  assert_int_equal(code(again.error()), 405);
  assert_true(static_cast<bool>(one));
  assert_int_equal(code(two.error()), 422);
}

void private_rooms_are_listed_for_the_key_only(void**) {
  Rooms rooms("key", {10, 10});
  CreateRoom request = room("hidden");
  request.settings.is_private = true;
  request.admin_key = "key";
  (void)rooms.create(request, "");
  const auto open = rooms.list(ListRooms{""});
  const auto all = rooms.list(ListRooms{"key"});
  assert_int_equal(open.size(), 0);
  assert_int_equal(all.size(), 1);
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(the_larger_user_id_is_polite),
      cmocka_unit_test(the_list_of_participants_has_the_askers_roles),
      cmocka_unit_test(equal_ids_go_by_the_later_join),
      cmocka_unit_test(bytes_are_compared_unsigned),
      cmocka_unit_test(a_full_room_refuses_and_changes_nothing),
      cmocka_unit_test(the_pin_is_asked_for),
      cmocka_unit_test(the_same_user_twice_needs_takeover),
      cmocka_unit_test(a_room_of_signed_tokens_asks_for_proof),
      cmocka_unit_test(without_a_secret_nobody_may_edit_or_destroy),
      cmocka_unit_test(destroying_tells_everybody),
      cmocka_unit_test(a_kick_tells_the_kicked_and_the_others),
      cmocka_unit_test(editing_keeps_what_is_not_named),
      cmocka_unit_test(limits_hold),
      cmocka_unit_test(private_rooms_are_listed_for_the_key_only),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}
