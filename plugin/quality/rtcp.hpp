// Reading RTCP compounds (RFC 3550 section 6, RFC 4585, RFC 5104, REMB, TWCC). Pure; any thread. Every packet of a
// compound and every block of a packet is read, length first; a length that does not fit ends the compound and costs
// nothing else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

namespace callroom::quality {

struct SenderReport {
  std::uint32_t ssrc = 0;
  std::uint64_t ntp = 0;
  std::uint32_t rtp_timestamp = 0;
  std::uint32_t packets = 0, octets = 0;
};

struct ReportBlock {
  std::uint32_t ssrc = 0;
  std::uint8_t fraction_lost = 0;
  std::int32_t lost = 0;                               // cumulative; signed 24 bits on the wire
  std::uint32_t highest = 0;                           // extended highest sequence number
  std::uint32_t jitter = 0;                            // in units of the RTP clock
  std::uint32_t last_sr = 0, delay_since_last_sr = 0;  // 1/65536 s
};

// Transport-wide feedback, draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1.
struct TransportFeedback {
  std::uint16_t base = 0;                // sequence number of the first status
  std::uint16_t count = 0;               // of statuses
  std::uint32_t reference = 0;           // of the deltas, in 64 ms of the receiver's clock; 24 bits
  std::span<const std::uint8_t> chunks;  // status chunks, then deltas
};

namespace rtcp {

constexpr std::uint8_t kSenderReport = 200, kReceiverReport = 201, kSourceDescription = 202, kBye = 203,
                       kTransportFeedback = 205, kPayloadFeedback = 206, kExtendedReport = 207;
constexpr std::uint8_t kTransportWide = 15;                                  // formats of kTransportFeedback
constexpr std::uint8_t kPictureLoss = 1, kFullIntra = 4, kApplication = 15;  // formats of kPayloadFeedback

inline std::uint16_t load_16(const std::uint8_t* at) {
  std::uint16_t value;
  std::memcpy(&value, at, sizeof(value));
  return __builtin_bswap16(value);
}
inline std::uint32_t load_32(const std::uint8_t* at) {
  std::uint32_t value;
  std::memcpy(&value, at, sizeof(value));
  return __builtin_bswap32(value);
}

constexpr std::size_t kBlockSize = 24;

// Precondition: kBlockSize bytes.
inline ReportBlock read_report_block(const std::uint8_t* at) {
  const std::uint32_t loss = load_32(at + 4);
  return {load_32(at),
          static_cast<std::uint8_t>(loss >> 24),
          static_cast<std::int32_t>(loss << 8) >> 8,
          load_32(at + 8),
          load_32(at + 12),
          load_32(at + 16),
          load_32(at + 20)};
}

}  // namespace rtcp

// Bits per second of a REMB message (draft-alvestrand-rmcat-remb-03), saturated at 32 bits; absent where it is none or
// damaged. `body`: what follows the two SSRCs.
std::optional<std::uint32_t> read_remb(std::span<const std::uint8_t> body);

// Absent where it is damaged. `body`: what follows the two SSRCs.
std::optional<TransportFeedback> read_transport_feedback(std::span<const std::uint8_t> body);

// What a status tells of its packet: nothing, or a delta of one byte or two.
enum class Arrival : std::uint8_t { kNone = 0, kSmallDelta = 1, kLargeDelta = 2, kReserved = 3 };

// Calls each(offset from base, Arrival) for each status, at most 65,535. Where in the chunks the deltas begin; absent
// where the statuses end too soon.
template <typename Each>
std::optional<std::size_t> for_each_arrival(const TransportFeedback& feedback, Each each) {
  std::uint32_t done = 0;
  std::size_t at = 0;
  while (done < feedback.count) {
    if (at + 2 > feedback.chunks.size()) return std::nullopt;
    const std::uint16_t chunk = rtcp::load_16(feedback.chunks.data() + at);
    at += 2;
    if ((chunk & 0x8000) == 0) {  // run length
      const auto arrival = static_cast<Arrival>(chunk >> 13 & 3);
      for (std::uint32_t run = chunk & 0x1FFFU; run > 0 && done < feedback.count; --run) each(done++, arrival);
      if ((chunk & 0x1FFFU) == 0) return std::nullopt;  // a run of nothing would never end
    } else if ((chunk & 0x4000) == 0) {                 // 14 statuses of one bit
      for (int bit = 13; bit >= 0 && done < feedback.count; --bit) each(done++, static_cast<Arrival>(chunk >> bit & 1));
    } else {  // 7 statuses of two bits
      for (int bit = 12; bit >= 0 && done < feedback.count; bit -= 2)
        each(done++, static_cast<Arrival>(chunk >> bit & 3));
    }
  }
  return at;
}

// When the last of the packets arrived that did, in 250 us of the receiver's clock, modulo 2^32; absent where none did
// or the deltas end too soon. deltas_at: what for_each_arrival() returned.
std::optional<std::uint32_t> last_arrival(const TransportFeedback& feedback, std::size_t deltas_at);

// Goes through a compound and calls, of the handler, what it finds:
//   on_sender_report(SenderReport), on_report_block(index within its packet, ReportBlock), on_picture_loss(),
//   on_full_intra(), on_remb(bits per second), on_transport_feedback(TransportFeedback), on_bye().
// SDES, XR, NACK and unknown types are stepped over by their length. False, once, where a length or a version is
// impossible.
template <typename Handler>
bool read_compound(std::span<const std::uint8_t> compound, Handler& handler) {
  const std::uint8_t* at = compound.data();
  std::size_t left = compound.size();
  if (left == 0) return false;
  while (left > 0) {
    if (left < 4 || at[0] >> 6 != 2) return false;
    const std::size_t size = std::size_t{4} * (rtcp::load_16(at + 2) + 1U);
    if (size > left) return false;
    const unsigned count = at[0] & 0x1FU;  // of report blocks; the format, in feedback
    const std::uint8_t type = at[1];
    if (type == rtcp::kSenderReport || type == rtcp::kReceiverReport) {
      const std::size_t head = type == rtcp::kSenderReport ? 28 : 8;
      if (size < head + count * rtcp::kBlockSize) return false;
      if (type == rtcp::kSenderReport) {
        const std::uint64_t ntp = std::uint64_t{rtcp::load_32(at + 8)} << 32 | rtcp::load_32(at + 12);
        handler.on_sender_report(
            {rtcp::load_32(at + 4), ntp, rtcp::load_32(at + 16), rtcp::load_32(at + 20), rtcp::load_32(at + 24)});
      }
      const std::uint8_t* block = at + head;
      for (unsigned i = 0; i < count; ++i, block += rtcp::kBlockSize)
        handler.on_report_block(i, rtcp::read_report_block(block));
    } else if (type == rtcp::kTransportFeedback || type == rtcp::kPayloadFeedback) {
      if (size < 12) return false;
      const std::span<const std::uint8_t> body(at + 12, size - 12);
      if (type == rtcp::kTransportFeedback) {
        if (count == rtcp::kTransportWide) {
          const auto feedback = read_transport_feedback(body);
          if (!feedback) return false;
          if (!handler.on_transport_feedback(*feedback)) return false;
        }
      } else if (count == rtcp::kPictureLoss) {
        handler.on_picture_loss();
      } else if (count == rtcp::kFullIntra) {
        handler.on_full_intra();
      } else if (count == rtcp::kApplication) {
        if (const auto bits = read_remb(body)) handler.on_remb(*bits);
      }
    } else if (type == rtcp::kBye) {
      handler.on_bye();
    }
    at += size;
    left -= size;
  }
  return true;
}

}  // namespace callroom::quality
