#include "host/sdp.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <string_view>

#include "host/janus.hpp"

namespace callroom::host::sdp {
namespace {

struct SdpCloser {
  void operator()(janus_sdp* sdp) const { janus_sdp_destroy(sdp); }
};
using OwnedSdp = std::unique_ptr<janus_sdp, SdpCloser>;

struct GFree {
  void operator()(char* text) const { g_free(text); }
};

constexpr const char* kVideoFeedback[] = {"ccm fir", "nack", "nack pli", "goog-remb", "transport-cc"};

// In the plugin's own offers: the same ids on every m-line, for the core keeps one per PeerConnection.
struct Extension {
  int id;
  const char* uri;
  bool audio, video;
};
constexpr std::array kExtensions = {
    Extension{1, JANUS_RTP_EXTMAP_MID, true, true},
    Extension{2, JANUS_RTP_EXTMAP_AUDIO_LEVEL, true, false},
    Extension{3, JANUS_RTP_EXTMAP_TRANSPORT_WIDE_CC, true, true},
    Extension{4, JANUS_RTP_EXTMAP_VIDEO_ORIENTATION, false, true},
};

OwnedSdp parse(const std::string& text) {
  if (text.size() > kMaxBytes) return nullptr;
  char reason[256] = "";
  return OwnedSdp(janus_sdp_parse(text.c_str(), reason, sizeof reason));
}

std::string write(janus_sdp* sdp) {
  const std::unique_ptr<char, GFree> text(janus_sdp_write(sdp));
  return text.get();
}

std::optional<media::Kind> kind_of(const janus_sdp_mline* line) {
  if (line->type == JANUS_SDP_AUDIO) return media::Kind::kAudio;
  if (line->type == JANUS_SDP_VIDEO) return media::Kind::kVideo;
  return std::nullopt;
}

// Calls see(value) for each attribute of this name.
template <typename See>
void for_each_attribute(const janus_sdp_mline* line, const char* name, See see) {
  for (GList* at = line->attributes; at != nullptr; at = at->next) {
    const auto* found = static_cast<const janus_sdp_attribute*>(at->data);
    if (found->name != nullptr && found->value != nullptr && std::strcmp(found->name, name) == 0) see(found->value);
  }
}

void add(janus_sdp_mline* line, janus_sdp_attribute* attribute) {
  line->attributes = g_list_append(line->attributes, attribute);
}

// "111 rest of the line" -> "rest of the line" where the number is this payload type.
std::optional<std::string_view> value_for(std::string_view attribute, int payload_type) {
  const std::string prefix = std::to_string(payload_type) + " ";
  if (!attribute.starts_with(prefix)) return std::nullopt;
  return attribute.substr(prefix.size());
}

std::vector<media::OfferedFormat> formats_of(const janus_sdp_mline* line) {
  std::vector<media::OfferedFormat> formats;
  for (GList* at = line->ptypes; at != nullptr; at = at->next) {
    const int payload_type = GPOINTER_TO_INT(at->data);
    if (payload_type < 0 || payload_type > 127) continue;
    media::OfferedFormat format{static_cast<std::uint8_t>(payload_type), "", ""};
    for_each_attribute(line, "rtpmap", [&](const char* value) {
      if (const auto map = value_for(value, payload_type)) format.name = std::string(map->substr(0, map->find('/')));
    });
    for_each_attribute(line, "fmtp", [&](const char* value) {
      if (const auto parameters = value_for(value, payload_type)) format.fmtp = std::string(*parameters);
    });
    formats.push_back(std::move(format));
  }
  return formats;
}

bool goes_out(janus_sdp_mdirection direction) {
  return direction == JANUS_SDP_SENDRECV || direction == JANUS_SDP_SENDONLY || direction == JANUS_SDP_DEFAULT;
}

bool comes_in(janus_sdp_mdirection direction) {
  return direction == JANUS_SDP_SENDRECV || direction == JANUS_SDP_RECVONLY || direction == JANUS_SDP_DEFAULT;
}

void add_format(janus_sdp_mline* line, media::Codec codec, int payload_type, std::string_view fmtp) {
  line->ptypes = g_list_append(line->ptypes, GINT_TO_POINTER(payload_type));
  add(line,
      janus_sdp_attribute_create("rtpmap", "%d %s", payload_type, janus_sdp_get_codec_rtpmap(media::to_string(codec))));
  if (!fmtp.empty()) {
    add(line, janus_sdp_attribute_create("fmtp", "%d %s", payload_type, std::string(fmtp).c_str()));
  }
  if (media::kind_of(codec) == media::Kind::kAudio) {
    add(line, janus_sdp_attribute_create("rtcp-fb", "%d transport-cc", payload_type));
    return;
  }
  for (const char* feedback : kVideoFeedback) {
    add(line, janus_sdp_attribute_create("rtcp-fb", "%d %s", payload_type, feedback));
  }
}

}  // namespace

Result<std::vector<OfferedMedia>> read_offer(const std::string& text) {
  const OwnedSdp sdp = parse(text);
  if (!sdp) return Error{ErrorCode::kInvalidSdp, "The offer is not a session description"};
  std::vector<OfferedMedia> media;
  for (GList* at = sdp->m_lines; at != nullptr; at = at->next) {
    const auto* line = static_cast<const janus_sdp_mline*>(at->data);
    OfferedMedia offered;
    offered.m_line = line->index;
    offered.mid = std::to_string(line->index);
    for_each_attribute(line, "mid", [&](const char* value) { offered.mid = value; });
    for_each_attribute(line, "content", [&](const char* value) {
      offered.slides = std::string_view(value).find("slides") != std::string_view::npos;
    });
    offered.kind = kind_of(line);
    offered.sends = line->port != 0 && goes_out(line->direction);
    offered.formats = formats_of(line);
    media.push_back(std::move(offered));
  }
  if (media.empty()) return Error{ErrorCode::kInvalidSdp, "The offer has no m-lines"};
  return media;
}

namespace {

// Which layer a packet is of. Where the answer leaves these out, the client sends one picture.
constexpr std::array kLayerExtensions = {JANUS_RTP_EXTMAP_RID, JANUS_RTP_EXTMAP_REPAIRED_RID};

void answer_line(const janus_sdp_mline* offered, janus_sdp_mline* line, const AcceptedMedia& accepted) {
  const media::Format& format = *accepted.format;
  line->port = 9;
  line->direction = goes_out(offered->direction) ? JANUS_SDP_RECVONLY : JANUS_SDP_INACTIVE;
  g_list_free(line->ptypes);
  line->ptypes = nullptr;
  std::string fmtp(media::outgoing_fmtp(format.codec));
  if (media::kind_of(format.codec) == media::Kind::kVideo) {
    for (const media::OfferedFormat& each : formats_of(offered)) {
      if (each.payload_type == format.payload_type) fmtp = each.fmtp;
    }
  }
  add_format(line, format.codec, format.payload_type, fmtp);
  if (accepted.packet_ms != 0) add(line, janus_sdp_attribute_create("ptime", "%d", accepted.packet_ms));
  for_each_attribute(offered, "extmap", [&](const char* value) {
    for (const Extension& extension : kExtensions) {
      if (std::strstr(value, extension.uri) != nullptr) add(line, janus_sdp_attribute_create("extmap", "%s", value));
    }
    for (const char* uri : kLayerExtensions) {
      if (accepted.in_layers && std::string_view(value).ends_with(uri))
        add(line, janus_sdp_attribute_create("extmap", "%s", value));
    }
  });
}

}  // namespace

std::string write_answer(const std::string& offer_text, const std::vector<AcceptedMedia>& accepted) {
  const OwnedSdp offer = parse(offer_text);
  const OwnedSdp answer(janus_sdp_generate_answer(offer.get()));
  for (const AcceptedMedia& media : accepted) {
    const janus_sdp_mline* offered = janus_sdp_mline_find_by_index(offer.get(), media.m_line);
    janus_sdp_mline* line = janus_sdp_mline_find_by_index(answer.get(), media.m_line);
    if (media.format && offered != nullptr && line != nullptr) answer_line(offered, line, media);
  }
  return write(answer.get());
}

namespace {

janus_sdp_mline* make_line(const media::OfferedLine& offered, int index) {
  const bool audio = offered.kind == media::Kind::kAudio;
  janus_sdp_mline* line =
      janus_sdp_mline_create(audio ? JANUS_SDP_AUDIO : JANUS_SDP_VIDEO, 9, "UDP/TLS/RTP/SAVPF", JANUS_SDP_SENDONLY);
  line->index = index;
  line->c_ipv4 = TRUE;
  line->c_addr = g_strdup("0.0.0.0");
  add(line, janus_sdp_attribute_create("mid", "%s", offered.mid.c_str()));
  add(line, janus_sdp_attribute_create("msid", "%s %s-%s", offered.msid.c_str(), offered.msid.c_str(),
                                       media::to_string(offered.kind)));
  add_format(line, offered.codec, media::outgoing_payload_type(offered.codec), media::outgoing_fmtp(offered.codec));
  for (const Extension& extension : kExtensions) {
    if (audio ? extension.audio : extension.video) {
      add(line, janus_sdp_attribute_create("extmap", "%d %s", extension.id, extension.uri));
    }
  }
  return line;
}

}  // namespace

std::string write_offer(const media::Offer& offer) {
  const OwnedSdp sdp(janus_sdp_new("Callroom", "0.0.0.0"));
  sdp->o_sessid = 1;
  sdp->o_version = offer.negotiation;
  int index = 0;
  for (const media::OfferedLine& line : offer.lines) {
    sdp->m_lines = g_list_append(sdp->m_lines, make_line(line, index++));
  }
  return write(sdp.get());
}

Result<std::vector<media::AnsweredLine>> read_answer(const std::string& text) {
  const OwnedSdp sdp = parse(text);
  if (!sdp) return Error{ErrorCode::kInvalidSdp, "The answer is not a session description"};
  std::vector<media::AnsweredLine> lines;
  for (GList* at = sdp->m_lines; at != nullptr; at = at->next) {
    const auto* line = static_cast<const janus_sdp_mline*>(at->data);
    media::AnsweredLine answered;
    if (line->port != 0 && comes_in(line->direction)) {
      static constexpr std::array kAny = {media::Codec::kOpus, media::Codec::kVp8, media::Codec::kVp9,
                                          media::Codec::kH264};
      answered.format = media::choose(formats_of(line), kAny);
    }
    lines.push_back(answered);
  }
  return lines;
}

}  // namespace callroom::host::sdp
