#include "media/codecs.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace callroom::media {

namespace {

bool same_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) == std::tolower(static_cast<unsigned char>(y));
  });
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// Calls each(part) for the parts of a list.
template <typename Each>
void split(std::string_view list, char separator, Each&& each) {
  for (;;) {
    const std::size_t end = list.find(separator);
    each(trimmed(list.substr(0, end)));
    if (end == std::string_view::npos) return;
    list.remove_prefix(end + 1);
  }
}

std::optional<std::string_view> parameter(std::string_view fmtp, std::string_view name) {
  std::optional<std::string_view> found;
  split(fmtp, ';', [&](std::string_view pair) {
    const std::size_t equals = pair.find('=');
    if (equals != std::string_view::npos && same_ignoring_case(trimmed(pair.substr(0, equals)), name)) {
      found = trimmed(pair.substr(equals + 1));
    }
  });
  return found;
}

// profile_idc 42 with constraint_set1 (RFC 6184, 8.1): constrained baseline, whatever the level.
bool is_constrained_baseline(std::string_view profile_level_id) {
  if (profile_level_id.size() != 6 || profile_level_id.substr(0, 2) != "42") return false;
  const char constraints = static_cast<char>(std::tolower(static_cast<unsigned char>(profile_level_id[2])));
  return std::string_view("4567cdef").find(constraints) != std::string_view::npos;
}

bool can_be_relayed(Codec codec, std::string_view fmtp) {
  switch (codec) {
    case Codec::kOpus:
    case Codec::kVp8:
      return true;
    case Codec::kVp9:
      return parameter(fmtp, "profile-id").value_or("0") == "0";
    case Codec::kH264:
      return parameter(fmtp, "packetization-mode").value_or("0") == "1" &&
             is_constrained_baseline(parameter(fmtp, "profile-level-id").value_or("420010"));
  }
  return false;
}

}  // namespace

const char* to_string(Kind kind) {
  return kind == Kind::kAudio ? "audio" : "video";
}

const char* to_string(Codec codec) {
  switch (codec) {
    case Codec::kOpus:
      return "opus";
    case Codec::kVp8:
      return "vp8";
    case Codec::kVp9:
      return "vp9";
    case Codec::kH264:
      return "h264";
  }
  return "";
}

std::optional<Codec> codec_named(std::string_view name) {
  constexpr std::array kAll{Codec::kOpus, Codec::kVp8, Codec::kVp9, Codec::kH264};
  const auto found = std::ranges::find_if(kAll, [&](Codec c) { return same_ignoring_case(name, to_string(c)); });
  if (found == kAll.end()) return std::nullopt;
  return *found;
}

std::optional<Format> choose(std::span<const OfferedFormat> offered, std::span<const Codec> preference) {
  for (const Codec wanted : preference) {
    for (const OfferedFormat& format : offered) {
      if (codec_named(format.name) != wanted || !can_be_relayed(wanted, format.fmtp)) continue;
      return Format{wanted, format.payload_type, parameter(format.fmtp, "useinbandfec").value_or("0") == "1"};
    }
  }
  return std::nullopt;
}

// Chromium's and Firefox's own numbers, so that an answer rarely has reason to differ; the core adds RTX beside them.
std::uint8_t outgoing_payload_type(Codec codec) {
  switch (codec) {
    case Codec::kOpus:
      return 111;
    case Codec::kVp8:
      return 96;
    case Codec::kVp9:
      return 98;
    case Codec::kH264:
      return 102;
  }
  return 0;
}

std::string_view outgoing_fmtp(Codec codec) {
  switch (codec) {
    case Codec::kOpus:
      return "minptime=10;useinbandfec=1";
    case Codec::kVp8:
      return "";
    case Codec::kVp9:
      return "profile-id=0";
    case Codec::kH264:
      return "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f";
  }
  return "";
}

Result<std::vector<Codec>> parse_preference(Kind kind, std::string_view names) {
  std::vector<Codec> preference;
  bool valid = true;
  split(names, ',', [&](std::string_view name) {
    const std::optional<Codec> codec = codec_named(name);
    valid = valid && codec && kind_of(*codec) == kind && std::ranges::find(preference, *codec) == preference.end();
    if (valid) preference.push_back(*codec);
  });
  if (valid) return preference;
  return Error{ErrorCode::kInvalidField, std::string(to_string(kind)) + "codec is a list of " +
                                             (kind == Kind::kAudio ? "opus" : "vp8, vp9, h264") +
                                             ", best first, each at most once"};
}

}  // namespace callroom::media
