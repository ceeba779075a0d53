// JSON -> typed requests: what is taken, and which error names what is wrong.
#include "json/room_requests.hpp"

#include <cstring>
#include <string>

#include "support/cmocka.hpp"

namespace {

using namespace callroom;
using namespace callroom::json;
using namespace callroom::signaling;

int error_of(const std::string& text) {
  const Json message = parse(text);
  const auto request = parse_room_request(message.view());
  return request ? 0 : static_cast<int>(request.error().code);
}

void bad_requests_are_numbered(void**) {
  struct Case {
    const char* text;
    int code;
  };
  const std::string long_id(65, 'x');
  const std::string oversized = R"({"request":"join","room":")" + long_id + R"(","user_id":"a"})";
  const std::string huge_description =
      R"({"request":"signal","to":"b","negotiation":1,"description":{"type":"offer","sdp":")" +
      std::string(1'000'000, 'x') + R"("}})";
  std::string too_many_candidates = R"({"request":"signal","to":"b","negotiation":1,"candidates":[null)";
  for (std::size_t i = 0; i < kMostCandidatesAtOnce; ++i) too_many_candidates += ",null";
  too_many_candidates += "]}";
  const std::string huge_candidate = R"({"request":"signal","to":"b","negotiation":1,"candidate":{"candidate":")" +
                                     std::string(kMaxCandidateBytes, 'x') + R"("}})";
  const Case cases[] = {
      {"[]", 400},
      {"{}", 400},
      {R"({"request":1})", 400},
      {R"({"request":"dance"})", 401},
      {R"({"request":"join","room":"r"})", 402},
      {R"({"request":"join","user_id":"a"})", 402},
      {R"({"request":"join","room":5,"user_id":"a"})", 403},
      {R"({"request":"join","room":"r","user_id":["a"]})", 403},
      {R"({"request":"join","room":"r","user_id":"a","display":{}})", 403},
      {R"({"request":"join","room":"r","user_id":"a","display":"a\u0007b"})", 403},
      {R"({"request":"join","room":"r","user_id":"a","takeover":"yes"})", 403},
      {R"({"request":"join","room":"r","user_id":"a","device":[1]})", 403},
      {R"({"request":"join","room":"r","user_id":"a","collision":"wins"})", 403},
      {R"({"request":"join","room":"r\u0000x","user_id":"a"})", 400},  // Jansson takes no NUL
      {R"({"request":"create","capacity":1})", 403},
      {R"({"request":"create","capacity":33})", 403},
      {R"({"request":"create","media":"p2p","capacity":5})", 403},
      {R"({"request":"create","capacity":2.5})", 403},
      {R"({"request":"create","media":"fax"})", 403},
      {R"({"request":"create","videocodec":"vp8,vp8"})", 403},
      {R"({"request":"create","videocodec":"mpeg"})", 403},
      {R"({"request":"create","videocodec":[]})", 403},
      {R"({"request":"create","bitrate":-1})", 403},
      {R"({"request":"negotiate"})", 402},
      {R"({"request":"negotiate","negotiation":-1})", 403},
      {R"({"request":"negotiate","negotiation":99999999999})", 403},
      {R"({"request":"receive","session_id":"x"})", 402},
      {R"({"request":"history","limit":0})", 403},
      {R"({"request":"history","limit":201})", 403},
      {R"({"request":"history","before":"yesterday"})", 403},
      {R"({"request":"history","before":"2026-02-30T00:00:00Z"})", 403},
      {R"({"request":"kick","room":"r"})", 402},
      {R"({"request":"configure","bitrate":1})", 403},
      {R"({"request":"configure","layer":"x"})", 403},
      {R"({"request":"configure","layer":1})", 403},
      {R"({"request":"configure","layer":{"a":"huge"}})", 403},
      {R"({"request":"configure","layer":{"":"l"}})", 403},
      {R"({"request":"signal","to":"b","negotiation":1})", 402},
      {R"({"request":"signal","negotiation":1,"candidate":null})", 402},
      {R"({"request":"signal","to":"b","candidate":null})", 402},
      {R"({"request":"signal","to":"b","negotiation":1,"candidate":"x"})", 403},
      {R"({"request":"signal","to":"b","negotiation":1,"candidate":{},"description":{"type":"offer","sdp":"v=0"}})",
       403},
      {R"({"request":"signal","to":"b","negotiation":1,"description":{"type":"rollback","sdp":"v=0"}})", 403},
      {R"({"request":"signal","to":"b","negotiation":1,"description":{"type":"offer"}})", 403},
      {huge_description.c_str(), 403},
      {huge_candidate.c_str(), 403},
      {R"({"request":"signal","to":"b","negotiation":1,"candidates":[]})", 403},
      {R"({"request":"signal","to":"b","negotiation":1,"candidates":{}})", 403},
      {R"({"request":"signal","to":"b","negotiation":1,"candidates":[null,"x"]})", 403},
      {R"({"request":"signal","to":"b","negotiation":1,"candidates":[null],"candidate":null})", 403},
      {too_many_candidates.c_str(), 403},
      {R"({"request":"report","samples":{}})", 403},
      {R"({"request":"report","samples":[1]})", 403},
      {R"({"request":"report","samples":[{}]})", 403},
      {R"({"request":"report","samples":[{"interval_ms":3000,"rtt_ms":-1}]})", 403},
      {R"({"request":"report","samples":[{"interval_ms":3000,"rtt_ms":"1"}]})", 403},
      {R"({"request":"report","samples":[{"interval_ms":3000,"resolution_in":"640x480x"}]})", 403},
      {R"({"request":"report","samples":[{"interval_ms":3000,"freeze_count":-1}]})", 403},
      {R"({"request":"report","transport":{"protocol":"pigeon"}})", 403},
      {R"({"request":"report","transport":[]})", 403},
      {R"({"request":"report","connection":"fine"})", 403},
      {oversized.c_str(), 403},
  };
  for (const Case& each : cases) {
    const int code = error_of(each.text);
    if (code != each.code) print_error("%s\n", each.text);
    assert_int_equal(code, each.code);
  }
}

void an_error_names_the_field(void**) {
  const Json message = parse(R"({"request":"join","room":"r","user_id":7})");
  const auto request = parse_room_request(message.view());
  assert_non_null(strstr(request.error().text.c_str(), "user_id"));
}

void a_layer_is_wanted_of_everybody_or_of_single_people(void**) {
  const auto configure = [](const char* layer) {
    const Json message = parse(std::string(R"({"request":"configure","layer":)") + layer + "}");
    return std::get<Configure>(*parse_room_request(message.view()));
  };
  const Configure all = configure(R"("none")"), some = configure(R"({"a":"m","b":"l"})"), nothing = configure("null");
  assert_true(all.layer == WantedLayer::kNone && all.layers.empty());
  assert_true(!some.layer && some.layers.size() == 2);
  assert_true(some.layers.front().first == "a" && some.layers.front().second == WantedLayer::kMiddle);
  assert_true(!nothing.layer && nothing.layers.empty());
}

void a_signal_names_the_fragment_of_its_candidate(void**) {
  const auto fragment_of = [](const char* candidate) {
    const Json message =
        parse(std::string(R"({"request":"signal","to":"b","negotiation":3,"candidate":)") + candidate + "}");
    const auto request = parse_room_request(message.view());
    return std::get<std::vector<PeerCandidate>>(std::get<Signal>(*request).what).at(0).ufrag;
  };
  const std::string named = fragment_of(R"({"candidate":"candidate:1","usernameFragment":"abcd"})");
  const std::string inside = fragment_of(R"({"candidate":"candidate:1 1 udp 1 10.0.0.1 9 typ host ufrag efgh x y"})");
  const std::string none = fragment_of("null");
  assert_string_equal(named.c_str(), "abcd");
  assert_string_equal(inside.c_str(), "efgh");
  assert_string_equal(none.c_str(), "");
}

void a_report_is_read_from_the_clients_side(void**) {
  const Json message = parse(R"({"request":"report","to":"b","samples":[{"interval_ms":3000,"rtt_ms":20,"loss_in_pct":1,
    "loss_out_pct":2,"bitrate_in_kbps":300,"bitrate_out_kbps":400,"frame_rate_in":30,"resolution_in":"640x480"}],
    "transport":{"candidate_type":"relay","protocol":"tls","relay_url":"turns:t"},"connection":"connected"})");
  const Report report = std::get<Report>(*parse_room_request(message.view()));
  const quality::ClientSample& sample = report.samples.at(0);
  assert_string_equal(report.to.c_str(), "b");
  assert_true(sample.received.loss_pct == 1 && sample.sent.loss_pct == 2);
  assert_true(sample.received.kbps == 300 && sample.sent.kbps == 400);
  assert_int_equal(sample.received.size.width, 640);
  assert_int_equal(sample.received.size.height, 480);
  assert_false(sample.sent.size.known());
  assert_string_equal(report.transport->protocol.c_str(), "tls");
  assert_true(report.connection == PeerConnectionState::kConnected);
}

void history_has_bounds_and_a_default(void**) {
  const Json bare = parse(R"({"request":"history"})");
  const Json page = parse(R"({"request":"history","limit":200,"before":"2026-11-22T17:42:24.5Z"})");
  const History all = std::get<History>(*parse_room_request(bare.view()));
  const History some = std::get<History>(*parse_room_request(page.view()));
  assert_int_equal(all.limit, 50);
  assert_false(all.before.has_value());
  assert_int_equal(some.limit, 200);
  assert_true(some.before == WallTime(std::chrono::milliseconds(1'795'369'344'500)));
}

void create_takes_lists_both_ways(void**) {
  const Json text = parse(R"({"request":"create","videocodec":"h264, vp8"})");
  const Json list = parse(R"({"request":"create","videocodec":["h264","vp8"]})");
  const auto a = std::get<CreateRoom>(*parse_room_request(text.view()));
  const auto b = std::get<CreateRoom>(*parse_room_request(list.view()));
  assert_true(a.settings.videocodec == b.settings.videocodec);
  assert_string_equal(a.settings.videocodec.at(0).c_str(), "h264");
}

void null_is_absent(void**) {
  const Json message = parse(R"({"request":"join","room":"r","user_id":"a","display":null,"pin":null})");
  const auto join = std::get<Join>(*parse_room_request(message.view()));
  assert_string_equal(join.display.c_str(), "");
}

void device_is_kept_as_json(void**) {
  const Json message = parse(R"({"request":"join","room":"r","user_id":"a","device":{"browser":"Firefox"}})");
  const auto join = std::get<Join>(*parse_room_request(message.view()));
  assert_string_equal(join.device_info.c_str(), R"({"browser":"Firefox"})");
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(bad_requests_are_numbered),
      cmocka_unit_test(an_error_names_the_field),
      cmocka_unit_test(a_layer_is_wanted_of_everybody_or_of_single_people),
      cmocka_unit_test(a_signal_names_the_fragment_of_its_candidate),
      cmocka_unit_test(a_report_is_read_from_the_clients_side),
      cmocka_unit_test(history_has_bounds_and_a_default),
      cmocka_unit_test(create_takes_lists_both_ways),
      cmocka_unit_test(null_is_absent),
      cmocka_unit_test(device_is_kept_as_json),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}
