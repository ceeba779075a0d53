// Bytes of a server, as a datagram and as a stream: nothing may crash, and what parses must read the same twice.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "turn/stun_message.hpp"
#include "turn/stun_stream.hpp"

using namespace callroom::turn;

namespace {

void read_everything(Bytes frame) {
  if (const auto data = parse_channel_data(frame); data && data->payload.size() > frame.size()) std::abort();
  const auto message = MessageView::parse(frame);
  if (!message) return;
  const auto key = long_term_key("user", "realm", "password");
  (void)message->integrity_valid(key);
  (void)message->fingerprint();
  (void)message->u32(Attribute::kLifetime);
  (void)message->address(Attribute::kAlternateServer);
  (void)message->xor_address(Attribute::kXorRelayedAddress);
  if (const auto error = message->error(); error && (error->code < 300 || error->reason.size() > 128)) std::abort();
  if (const auto realm = message->text(Attribute::kRealm); realm && printable(*realm).size() > 128) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes bytes(data, size);
  read_everything(bytes);
  if (size == 0) return 0;
  // The first byte says how the stream is cut into pieces, and whether channels exist.
  const std::size_t piece = (data[0] & 0x7f) + 1U;
  StreamCutter cutter;
  if ((data[0] & 0x80) != 0) cutter.allow_channel_data();
  for (std::size_t at = 1; at < size; at += piece) {
    cutter.append(bytes.subspan(at, std::min(piece, size - at)));
    while (const auto frame = cutter.next()) read_everything(*frame);
  }
  return 0;
}
