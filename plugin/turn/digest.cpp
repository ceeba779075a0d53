#include "turn/digest.hpp"

#include <glib.h>
#include <sys/random.h>

namespace callroom::turn {
namespace {

// The key of an empty password is legal; GHmac wants a pointer all the same.
const guchar* data_of(Bytes bytes) {
  static const guchar kNothing = 0;
  return bytes.empty() ? &kNothing : bytes.data();
}

}  // namespace

Sha1Digest hmac_sha1(Bytes key, Bytes data) {
  GHmac* hmac = g_hmac_new(G_CHECKSUM_SHA1, data_of(key), key.size());
  g_hmac_update(hmac, data_of(data), static_cast<gssize>(data.size()));
  Sha1Digest digest{};
  gsize size = digest.size();
  g_hmac_get_digest(hmac, digest.data(), &size);
  g_hmac_unref(hmac);
  return digest;
}

Md5Digest md5(Bytes data) {
  GChecksum* checksum = g_checksum_new(G_CHECKSUM_MD5);
  g_checksum_update(checksum, data_of(data), static_cast<gssize>(data.size()));
  Md5Digest digest{};
  gsize size = digest.size();
  g_checksum_get_digest(checksum, digest.data(), &size);
  g_checksum_free(checksum);
  return digest;
}

std::string base64(Bytes data) {
  gchar* text = g_base64_encode(data_of(data), data.size());
  std::string result(text);
  g_free(text);
  return result;
}

std::string random_uuid() {
  gchar* text = g_uuid_string_random();
  std::string result(text);
  g_free(text);
  return result;
}

void random_bytes(std::span<std::uint8_t> out) {
  std::size_t filled = 0;
  while (filled < out.size()) {
    const auto count = getrandom(out.data() + filled, out.size() - filled, 0);
    if (count > 0) filled += static_cast<std::size_t>(count);  // EINTR: again
  }
}

}  // namespace callroom::turn
