#include "json/peer_requests.hpp"

#include <array>
#include <charconv>
#include <limits>

namespace callroom::json {
namespace {

using namespace signaling;

constexpr std::int64_t kMaxNegotiation = std::numeric_limits<std::int32_t>::max();
constexpr std::size_t kMaxRelayUrl = 256;

// RFC 8839, 5.1: "... ufrag <fragment> ..." in the candidate attribute.
std::string ufrag_in(std::string_view candidate) {
  constexpr std::string_view kWord = " ufrag ";
  const auto at = candidate.find(kWord);
  if (at == std::string_view::npos) return "";
  candidate.remove_prefix(at + kWord.size());
  return std::string(candidate.substr(0, candidate.find(' ')));
}

PeerDescription description(Fields& fields, JsonView value) {
  Fields parts(value);
  PeerDescription description;
  const auto type = parts.choice("type", {"offer", "answer"});
  const auto sdp = value["sdp"].string();
  if (!value.is_object() || !type || !sdp) {
    fields.fail(ErrorCode::kInvalidField, "description must hold a type, offer or answer, and an sdp");
    return description;
  }
  if (sdp->empty() || sdp->size() > kMaxDescriptionBytes) {
    fields.fail(ErrorCode::kInvalidField,
                "sdp must be a string of 1 to " + std::to_string(kMaxDescriptionBytes) + " bytes");
    return description;
  }
  description.type = *type == 0 ? DescriptionType::kOffer : DescriptionType::kAnswer;
  description.sdp = *sdp;
  return description;
}

PeerCandidate candidate(Fields& fields, const char* name, JsonView value) {
  PeerCandidate candidate;
  if (value.is_null()) {
    candidate.json = "null";
    return candidate;
  }
  candidate.json = fields.object_text(name, value, kMaxCandidateBytes).value_or("");
  const auto named = value["usernameFragment"].string();
  candidate.ufrag = named ? std::string(*named) : ufrag_in(value["candidate"].string().value_or(""));
  return candidate;
}

std::vector<PeerCandidate> candidates(Fields& fields, JsonView list) {
  std::vector<PeerCandidate> candidates;
  if (!list.is_array() || list.size() == 0 || list.size() > kMostCandidatesAtOnce) {
    fields.fail(ErrorCode::kInvalidField, "candidates must be a list of 1 to " + std::to_string(kMostCandidatesAtOnce));
    return candidates;
  }
  for (std::size_t i = 0; i < list.size(); ++i) candidates.push_back(candidate(fields, "candidates", list.at(i)));
  return candidates;
}

// "640x480"
quality::FrameSize frame_size(Fields& fields, const char* name) {
  quality::FrameSize size;
  const auto text = fields.text(name, 11);
  if (!text) return size;
  const char* const end = text->data() + text->size();
  const auto [cross, no_width] = std::from_chars(text->data(), end, size.width);
  if (no_width == std::errc() && cross != end && *cross == 'x') {
    const auto [rest, no_height] = std::from_chars(cross + 1, end, size.height);
    if (no_height == std::errc() && rest == end) return size;
  }
  fields.fail(ErrorCode::kInvalidField, std::string(name) + " must be a width and a height, as in 640x480");
  return {};
}

// The client's "in" is what it received, its "out" what it sent.
quality::ClientSample sample(JsonView value, Fields& whole) {
  Fields fields(value);
  const auto number = [&](const char* name) { return fields.number(name); };
  quality::ClientSample sample;
  sample.interval_ms = number("interval_ms").value_or(0);
  sample.rtt_ms = number("rtt_ms");
  sample.jitter_ms = number("jitter_ms");
  sample.received = {number("loss_in_pct"), number("bitrate_in_kbps"), number("frame_rate_in"),
                     frame_size(fields, "resolution_in")};
  sample.sent = {number("loss_out_pct"), number("bitrate_out_kbps"), number("frame_rate_out"),
                 frame_size(fields, "resolution_out")};
  sample.freezes = static_cast<std::uint32_t>(fields.integer("freeze_count", 0, 10'000).value_or(0));
  sample.frozen_ms = number("freeze_ms").value_or(0);
  if (fields.error()) {
    whole.fail(fields.error()->code, "samples: " + fields.error()->text);
  } else if (!value.is_object() || !quality::is_plausible(sample)) {
    whole.fail(ErrorCode::kInvalidField, "samples must be objects with figures that can be");
  }
  return sample;
}

TransportUsed transport(JsonView value, Fields& whole) {
  Fields fields(value);
  constexpr std::array<const char*, 4> kTypes{"host", "srflx", "prflx", "relay"};
  constexpr std::array<const char*, 3> kProtocols{"udp", "tcp", "tls"};
  const auto type = fields.choice("candidate_type", {kTypes[0], kTypes[1], kTypes[2], kTypes[3]});
  const auto protocol = fields.choice("protocol", {kProtocols[0], kProtocols[1], kProtocols[2]});
  TransportUsed transport{type ? kTypes[*type] : "", protocol ? kProtocols[*protocol] : "",
                          fields.text("relay_url", kMaxRelayUrl).value_or("")};
  if (fields.error()) whole.fail(fields.error()->code, "transport: " + fields.error()->text);
  return transport;
}

}  // namespace

RoomRequest signal(Fields& fields) {
  Signal signal;
  signal.to = fields.required_id("to");
  signal.negotiation = fields.required_integer("negotiation", 0, kMaxNegotiation);
  const JsonView described = fields.raw("description"), one = fields.raw("candidate"), many = fields.raw("candidates");
  const bool has_description = described && !described.is_null(), has_many = many && !many.is_null();
  const int given = int{has_description} + int{bool{one}} + int{has_many};
  if (given != 1) {
    fields.fail(given > 1 ? ErrorCode::kInvalidField : ErrorCode::kMissingField,
                "signal takes one of description, candidate and candidates");
  } else if (has_description) {
    signal.what = description(fields, described);
  } else if (has_many) {
    signal.what = candidates(fields, many);
  } else {
    signal.what = std::vector{candidate(fields, "candidate", one)};
  }
  return signal;
}

RoomRequest report(Fields& fields) {
  Report report;
  report.to = fields.id("to").value_or("");
  if (const JsonView samples = fields.raw("samples"); samples && !samples.is_null()) {
    if (!samples.is_array() || samples.size() > kMaxSamples) {
      fields.fail(ErrorCode::kInvalidField, "samples must be a list of at most " + std::to_string(kMaxSamples));
      return report;
    }
    for (std::size_t i = 0; i < samples.size() && !fields.error(); ++i) {
      report.samples.push_back(sample(samples.at(i), fields));
    }
  }
  if (const JsonView used = fields.raw("transport"); used && !used.is_null()) {
    if (used.is_object()) {
      report.transport = transport(used, fields);
    } else {
      fields.fail(ErrorCode::kInvalidField, "transport must be an object");
    }
  }
  if (const auto state = fields.choice("connection", {"connected", "disconnected", "failed"})) {
    report.connection = static_cast<PeerConnectionState>(*state);
  }
  return report;
}

}  // namespace callroom::json
