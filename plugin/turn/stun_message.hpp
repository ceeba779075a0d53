// STUN and TURN messages (RFC 8489, RFC 8656): reading without copying, and building. Pure: bytes in, bytes out.
// Every length is checked before it is used; a message that does not parse as a whole is no message.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "turn/address.hpp"
#include "turn/digest.hpp"

namespace callroom::turn {

enum class Method : std::uint16_t {
  kBinding = 0x001,
  kAllocate = 0x003,
  kRefresh = 0x004,
  kSend = 0x006,
  kData = 0x007,
  kCreatePermission = 0x008,
  kChannelBind = 0x009,
};

enum class MessageClass : std::uint8_t { kRequest = 0, kIndication = 1, kSuccess = 2, kError = 3 };

enum class Attribute : std::uint16_t {
  kMappedAddress = 0x0001,
  kUsername = 0x0006,
  kMessageIntegrity = 0x0008,
  kErrorCode = 0x0009,
  kUnknownAttributes = 0x000a,
  kChannelNumber = 0x000c,
  kLifetime = 0x000d,
  kXorPeerAddress = 0x0012,
  kData = 0x0013,
  kRealm = 0x0014,
  kNonce = 0x0015,
  kXorRelayedAddress = 0x0016,
  kRequestedAddressFamily = 0x0017,
  kRequestedTransport = 0x0019,
  kXorMappedAddress = 0x0020,
  kSoftware = 0x8022,
  kAlternateServer = 0x8023,
  kFingerprint = 0x8028,
};

constexpr std::uint32_t kMagicCookie = 0x2112a442;
constexpr std::size_t kHeaderSize = 20;
using TransactionId = std::array<std::uint8_t, 12>;

enum class Fingerprint { kAbsent, kValid, kWrong };

struct ErrorAttribute {
  int code = 0;        // 300 to 699
  std::string reason;  // printable, at most 128 characters
};

// Borrows the bytes it was parsed from. What follows MESSAGE-INTEGRITY is not seen (RFC 8489 section 14.5), except
// FINGERPRINT.
class MessageView {
 public:
  static std::optional<MessageView> parse(Bytes bytes);

  MessageClass message_class() const { return class_; }
  std::uint16_t method() const { return method_; }
  bool is(MessageClass message_class, Method method) const {
    return class_ == message_class && method_ == static_cast<std::uint16_t>(method);
  }
  const TransactionId& transaction_id() const { return id_; }

  std::optional<Bytes> attribute(Attribute type) const;  // the first of its type, without padding
  std::optional<std::string_view> text(Attribute type) const;
  std::optional<std::uint32_t> u32(Attribute type) const;
  std::optional<Address> address(Attribute type) const;      // MAPPED-ADDRESS, ALTERNATE-SERVER
  std::optional<Address> xor_address(Attribute type) const;  // XOR-…-ADDRESS
  std::optional<ErrorAttribute> error() const;

  // False where there is no MESSAGE-INTEGRITY. `key`: see long_term_key().
  bool integrity_valid(Bytes key) const;
  Fingerprint fingerprint() const;

 private:
  Bytes bytes_;
  MessageClass class_ = MessageClass::kRequest;
  std::uint16_t method_ = 0;
  TransactionId id_{};
  std::size_t integrity_at_ = 0;    // where that attribute's header starts; 0 where there is none
  std::size_t fingerprint_at_ = 0;  //
};

class MessageBuilder {
 public:
  MessageBuilder(MessageClass message_class, Method method, const TransactionId& id);

  MessageBuilder& bytes(Attribute type, Bytes value);
  MessageBuilder& text(Attribute type, std::string_view value);
  MessageBuilder& u32(Attribute type, std::uint32_t value);
  MessageBuilder& address(Attribute type, const Address& value);
  MessageBuilder& xor_address(Attribute type, const Address& value);
  MessageBuilder& error(int code, std::string_view reason);

  // Adds MESSAGE-INTEGRITY where a key is given, then FINGERPRINT, and hands the message over.
  std::vector<std::uint8_t> finish(std::optional<Bytes> key = std::nullopt);

 private:
  void header(Attribute type, std::size_t length);
  void pad();
  void set_length(std::size_t length);

  std::vector<std::uint8_t> out_;
  TransactionId id_;
};

TransactionId random_transaction_id();

// The key of the long-term mechanism: MD5(username ":" realm ":" password), RFC 8489 section 9.2.2.
Md5Digest long_term_key(std::string_view username, std::string_view realm, std::string_view password);

// What a stranger wrote, made fit to be shown: at most 128 characters, each printable ASCII, others as "?",
// and no padding at the end.
std::string printable(std::string_view text);

std::uint32_t crc32(Bytes data);  // ISO 3309, before FINGERPRINT's XOR with "STUN"

}  // namespace callroom::turn
