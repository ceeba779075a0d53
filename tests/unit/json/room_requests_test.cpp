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
      {R"({"request":"kick","room":"r"})", 402},
      {R"({"request":"configure","bitrate":1})", 403},
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
      cmocka_unit_test(bad_requests_are_numbered),    cmocka_unit_test(an_error_names_the_field),
      cmocka_unit_test(create_takes_lists_both_ways), cmocka_unit_test(null_is_absent),
      cmocka_unit_test(device_is_kept_as_json),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}
