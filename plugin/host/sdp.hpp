// Session descriptions at the Janus boundary: what a client's offer and answer say, and the answers and offers that the
// plugin writes. The core adds what belongs to the transport (ICE, DTLS, RTX, SSRCs). Pure functions; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "media/codecs.hpp"
#include "media/slots.hpp"

namespace callroom::host::sdp {

inline constexpr std::size_t kMaxBytes = std::size_t{128} * 1024;

struct OfferedMedia {
  int m_line = 0;
  std::string mid;
  std::optional<media::Kind> kind;  // absent: neither audio nor video
  bool sends = false;               // the client sends on it
  bool slides = false;              // a shared screen, or its sound (a=content, RFC 4796)
  std::vector<media::OfferedFormat> formats;
};

// Of a client's offer on its sending PeerConnection. Error kInvalidSdp.
Result<std::vector<OfferedMedia>> read_offer(const std::string& sdp);

struct AcceptedMedia {
  int m_line = 0;
  std::optional<media::Format> format;  // one of the offered; absent: refused
  bool in_layers = false;               // the client may send it in several sizes at once, as it offered
  int packet_ms = 0;                    // of sound that a packet is to have (ptime, RFC 8866); 0: the client's choice
};

// Precondition: read_offer() took this offer.
std::string write_answer(const std::string& offer, const std::vector<AcceptedMedia>& accepted);

// An offer on a receiving PeerConnection, all m-lines sendonly. The session id stays over the offers of one
// PeerConnection; the version rises with the negotiation.
std::string write_offer(const media::Offer& offer);

// Of a client's answer to `lines`, one entry per m-line. Error kInvalidSdp.
Result<std::vector<media::AnsweredLine>> read_answer(const std::string& sdp);

}  // namespace callroom::host::sdp
