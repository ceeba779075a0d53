// What the plugin takes from the Janus executable: settings, the log, and session descriptions. The descriptions are as
// simple as the driver's own; reading foreign ones is the business of Janus and of the end-to-end tests.
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <sstream>
#include <string>

#include "core_symbols.hpp"
#include "host/janus.hpp"

namespace {

std::string data_dir;

template <typename Node>
Node* make() {
  return static_cast<Node*>(g_malloc0(sizeof(Node)));
}

janus_sdp_mdirection direction_named(const char* name) {
  if (std::strcmp(name, "sendonly") == 0) return JANUS_SDP_SENDONLY;
  if (std::strcmp(name, "recvonly") == 0) return JANUS_SDP_RECVONLY;
  return std::strcmp(name, "inactive") == 0 ? JANUS_SDP_INACTIVE : JANUS_SDP_SENDRECV;
}

const char* name_of(janus_sdp_mdirection direction) {
  switch (direction) {
    case JANUS_SDP_SENDONLY:
      return "sendonly";
    case JANUS_SDP_RECVONLY:
      return "recvonly";
    case JANUS_SDP_INACTIVE:
      return "inactive";
    default:
      return "sendrecv";
  }
}

janus_sdp_mline* parse_m_line(const std::string& line, int index) {
  std::istringstream words(line.substr(2));
  std::string type, protocol;
  guint16 port = 0;
  words >> type >> port >> protocol;
  janus_sdp_mline* media = janus_sdp_mline_create(type == "audio" ? JANUS_SDP_AUDIO : JANUS_SDP_VIDEO, port,
                                                  protocol.c_str(), JANUS_SDP_SENDRECV);
  media->index = index;
  for (int type_number = 0; words >> type_number;) {
    media->ptypes = g_list_append(media->ptypes, GINT_TO_POINTER(type_number));
  }
  return media;
}

void parse_attribute(janus_sdp_mline* media, const std::string& attribute) {
  const auto colon = attribute.find(':');
  if (colon == std::string::npos) {
    media->direction = direction_named(attribute.c_str());
    return;
  }
  const std::string value = attribute.substr(colon + 1);
  media->attributes = g_list_append(
      media->attributes, janus_sdp_attribute_create(attribute.substr(0, colon).c_str(), "%s", value.c_str()));
}

void free_attribute(gpointer data) {
  auto* attribute = static_cast<janus_sdp_attribute*>(data);
  g_free(attribute->name);
  g_free(attribute->value);
  g_free(attribute);
}

void free_m_line(gpointer data) {
  auto* media = static_cast<janus_sdp_mline*>(data);
  g_free(media->type_str);
  g_free(media->proto);
  g_free(media->c_addr);
  g_list_free(media->ptypes);
  g_list_free_full(media->attributes, free_attribute);
  g_free(media);
}

}  // namespace

void set_data_dir(const char* folder) {
  data_dir = folder;
}

extern "C" {

extern const char* janus_version_string;
const char* janus_version_string = CALLROOM_JANUS_VERSION;
extern int janus_version;
int janus_version = 1;
int janus_log_level = LOG_ERR, refcount_debug = 0;
gboolean janus_log_timestamps = FALSE, janus_log_colors = FALSE;
char* janus_log_global_prefix = nullptr;

gint janus_is_stopping(void);
gint janus_is_stopping(void) {
  return 0;
}

void janus_vprintf(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  std::vfprintf(stderr, format, arguments);
  va_end(arguments);
}

janus_plugin_result* janus_plugin_result_new(janus_plugin_result_type type, const char* text, json_t* content) {
  auto* result = make<janus_plugin_result>();
  result->type = type;
  result->text = text;
  result->content = content;
  return result;
}

void janus_plugin_rtp_reset(janus_plugin_rtp* packet) {
  *packet = {};
  packet->mindex = -1;
}

// ---- settings: general.data_dir, and nothing else ----

janus_config* janus_config_parse(const char*) {
  return make<janus_config>();
}
void janus_config_destroy(janus_config* config) {
  g_free(config);
}
GList* janus_config_get_categories(janus_config*, janus_config_container*) {
  return nullptr;
}
janus_config_container* janus_config_get(janus_config*, janus_config_container* parent, janus_config_type,
                                         const char* name) {
  static janus_config_container general{}, folder{};
  if (parent == nullptr && std::strcmp(name, "general") == 0) return &general;
  if (parent != &general || std::strcmp(name, "data_dir") != 0) return nullptr;
  folder.value = data_dir.c_str();
  return &folder;
}

// ---- session descriptions ----

janus_sdp_attribute* janus_sdp_attribute_create(const char* name, const char* value, ...) {
  auto* attribute = make<janus_sdp_attribute>();
  attribute->name = g_strdup(name);
  va_list arguments;
  va_start(arguments, value);
  attribute->value = g_strdup_vprintf(value, arguments);
  va_end(arguments);
  return attribute;
}

janus_sdp_mline* janus_sdp_mline_create(janus_sdp_mtype type, guint16 port, const char* protocol,
                                        janus_sdp_mdirection direction) {
  auto* media = make<janus_sdp_mline>();
  media->type = type;
  media->type_str = g_strdup(type == JANUS_SDP_AUDIO ? "audio" : "video");
  media->port = port;
  media->proto = g_strdup(protocol);
  media->direction = direction;
  return media;
}

janus_sdp_mline* janus_sdp_mline_find_by_index(janus_sdp* sdp, int index) {
  return static_cast<janus_sdp_mline*>(g_list_nth_data(sdp->m_lines, static_cast<guint>(index)));
}

const char* janus_sdp_get_codec_rtpmap(const char* codec) {
  return std::strcmp(codec, "opus") == 0 ? "opus/48000/2" : "VP8/90000";
}

janus_sdp* janus_sdp_new(const char*, const char*) {
  return make<janus_sdp>();
}

janus_sdp* janus_sdp_parse(const char* text, char*, size_t) {
  janus_sdp* sdp = make<janus_sdp>();
  std::istringstream lines(text);
  janus_sdp_mline* media = nullptr;
  int index = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.ends_with('\r')) line.pop_back();
    if (line.starts_with("m=")) {
      media = parse_m_line(line, index++);
      sdp->m_lines = g_list_append(sdp->m_lines, media);
    } else if (media != nullptr && line.starts_with("a=")) {
      parse_attribute(media, line.substr(2));
    }
  }
  return sdp;
}

janus_sdp* janus_sdp_generate_answer(janus_sdp* offer) {
  janus_sdp* answer = make<janus_sdp>();
  for (GList* at = offer->m_lines; at != nullptr; at = at->next) {
    const auto* offered = static_cast<const janus_sdp_mline*>(at->data);
    janus_sdp_mline* media = janus_sdp_mline_create(offered->type, 0, offered->proto, JANUS_SDP_INACTIVE);
    media->index = offered->index;
    answer->m_lines = g_list_append(answer->m_lines, media);
  }
  return answer;
}

char* janus_sdp_write(janus_sdp* sdp) {
  std::ostringstream out;
  out << "v=0\r\n";
  for (GList* at = sdp->m_lines; at != nullptr; at = at->next) {
    const auto* media = static_cast<const janus_sdp_mline*>(at->data);
    out << "m=" << media->type_str << ' ' << media->port << ' ' << media->proto;
    for (GList* type = media->ptypes; type != nullptr; type = type->next) out << ' ' << GPOINTER_TO_INT(type->data);
    out << "\r\na=" << name_of(media->direction) << "\r\n";
    for (GList* each = media->attributes; each != nullptr; each = each->next) {
      const auto* attribute = static_cast<const janus_sdp_attribute*>(each->data);
      out << "a=" << attribute->name << ':' << attribute->value << "\r\n";
    }
  }
  return g_strdup(out.str().c_str());
}

void janus_sdp_destroy(janus_sdp* sdp) {
  if (sdp == nullptr) return;
  g_list_free_full(sdp->m_lines, free_m_line);
  g_free(sdp);
}

}  // extern "C"
