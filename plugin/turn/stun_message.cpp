#include "turn/stun_message.hpp"

#include <algorithm>

#include "base/byte_reader.hpp"

namespace callroom::turn {
namespace {

constexpr std::size_t kIntegritySize = 20;
constexpr std::uint32_t kFingerprintXor = 0x5354554e;  // "STUN"
constexpr std::size_t kMaxShown = 128;

std::size_t padded(std::size_t length) {
  return (length + 3) & ~std::size_t{3};
}

// The 14 bits of a message type, with the two class bits taken out (RFC 8489 figure 3).
std::uint16_t method_of(std::uint16_t type) {
  return static_cast<std::uint16_t>((type & 0x000f) | (type & 0x00e0) >> 1 | (type & 0x3e00) >> 2);
}

MessageClass class_of(std::uint16_t type) {
  return static_cast<MessageClass>((type & 0x0010) >> 4 | (type & 0x0100) >> 7);
}

std::uint16_t type_of(MessageClass message_class, Method method) {
  const auto m = static_cast<unsigned>(method);
  const auto c = static_cast<unsigned>(message_class);
  return static_cast<std::uint16_t>((m & 0x000f) | (m & 0x0070) << 1 | (m & 0x0f80) << 2 | (c & 1) << 4 | (c & 2) << 7);
}

void put_u16(std::vector<std::uint8_t>& out, std::size_t value) {
  out.push_back(static_cast<std::uint8_t>(value >> 8));
  out.push_back(static_cast<std::uint8_t>(value));
}

void put_u32(std::vector<std::uint8_t>& out, std::uint32_t value) {
  put_u16(out, value >> 16);
  put_u16(out, value & 0xffff);
}

std::optional<Address> read_address(Bytes value) {
  ByteReader reader(value);
  reader.skip(1);
  const auto family = reader.u8();
  Address address;
  address.port = reader.u16();
  if (family != 1 && family != 2) return std::nullopt;
  address.family = static_cast<Family>(family);
  const auto ip = reader.take(family == 1 ? 4 : 16);
  if (!reader.ok() || reader.remaining() != 0) return std::nullopt;
  std::copy(ip.begin(), ip.end(), address.ip.begin());
  return address;
}

// XOR with the cookie and, for IPv6, the transaction id: its own inverse.
Address xored(Address address, const TransactionId& id) {
  std::array<std::uint8_t, 16> mask = {0x21, 0x12, 0xa4, 0x42};
  std::copy(id.begin(), id.end(), mask.begin() + 4);
  const std::size_t size = address.family == Family::kIpv4 ? 4 : 16;
  for (std::size_t i = 0; i < size; ++i) address.ip[i] = static_cast<std::uint8_t>(address.ip[i] ^ mask[i]);
  address.port = static_cast<std::uint16_t>(address.port ^ (kMagicCookie >> 16));
  return address;
}

std::vector<std::uint8_t> encode_address(const Address& address) {
  std::vector<std::uint8_t> value = {0, static_cast<std::uint8_t>(address.family)};
  put_u16(value, address.port);
  value.insert(value.end(), address.ip.begin(), address.ip.begin() + (address.family == Family::kIpv4 ? 4 : 16));
  return value;
}

}  // namespace

std::optional<MessageView> MessageView::parse(Bytes bytes) {
  ByteReader reader(bytes);
  const auto type = reader.u16();
  const std::size_t length = reader.u16();
  const auto cookie = reader.u32();
  const auto id = reader.take(12);
  if (!reader.ok() || (type & 0xc000) != 0 || cookie != kMagicCookie) return std::nullopt;
  if (length % 4 != 0 || length != reader.remaining()) return std::nullopt;

  MessageView view;
  view.bytes_ = bytes;
  view.class_ = class_of(type);
  view.method_ = method_of(type);
  std::copy(id.begin(), id.end(), view.id_.begin());
  while (reader.remaining() > 0) {
    if (view.fingerprint_at_ != 0) return std::nullopt;  // FINGERPRINT is the last attribute
    const auto at = reader.position();
    const auto attribute = static_cast<Attribute>(reader.u16());
    const std::size_t size = reader.u16();
    reader.skip(padded(size));
    if (!reader.ok()) return std::nullopt;
    if (attribute == Attribute::kMessageIntegrity && view.integrity_at_ == 0) {
      if (size != kIntegritySize) return std::nullopt;
      view.integrity_at_ = at;
    } else if (attribute == Attribute::kFingerprint) {
      if (size != 4) return std::nullopt;
      view.fingerprint_at_ = at;
    }
  }
  return view;
}

std::optional<Bytes> MessageView::attribute(Attribute type) const {
  const std::size_t end = integrity_at_ != 0 ? integrity_at_ : bytes_.size();
  ByteReader reader(bytes_.first(end));
  reader.skip(kHeaderSize);
  while (reader.remaining() > 0) {
    const auto found = static_cast<Attribute>(reader.u16());
    const std::size_t size = reader.u16();
    const auto value = reader.take(size);
    reader.skip(padded(size) - size);
    if (!reader.ok()) return std::nullopt;
    if (found == type) return value;
  }
  return std::nullopt;
}

std::optional<std::string_view> MessageView::text(Attribute type) const {
  const auto value = attribute(type);
  if (!value) return std::nullopt;
  return std::string_view(reinterpret_cast<const char*>(value->data()), value->size());
}

std::optional<std::uint32_t> MessageView::u32(Attribute type) const {
  const auto value = attribute(type);
  if (!value || value->size() != 4) return std::nullopt;
  return ByteReader(*value).u32();
}

std::optional<Address> MessageView::address(Attribute type) const {
  const auto value = attribute(type);
  return value ? read_address(*value) : std::nullopt;
}

std::optional<Address> MessageView::xor_address(Attribute type) const {
  const auto plain = address(type);
  if (!plain) return std::nullopt;
  return xored(*plain, id_);
}

std::optional<ErrorAttribute> MessageView::error() const {
  const auto value = attribute(Attribute::kErrorCode);
  if (!value || value->size() < 4) return std::nullopt;
  const int hundreds = (*value)[2] & 0x07;
  const int rest = (*value)[3];
  if (hundreds < 3 || hundreds > 6 || rest > 99) return std::nullopt;
  const auto reason = value->subspan(4);
  return ErrorAttribute{hundreds * 100 + rest,
                        printable({reinterpret_cast<const char*>(reason.data()), reason.size()})};
}

bool MessageView::integrity_valid(Bytes key) const {
  if (integrity_at_ == 0) return false;
  // The digest covers what stands before it, with a length that ends at MESSAGE-INTEGRITY.
  std::vector<std::uint8_t> covered(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(integrity_at_));
  const std::size_t length = integrity_at_ - kHeaderSize + 4 + kIntegritySize;
  covered[2] = static_cast<std::uint8_t>(length >> 8);
  covered[3] = static_cast<std::uint8_t>(length);
  const auto expected = hmac_sha1(key, covered);
  const auto given = bytes_.subspan(integrity_at_ + 4, kIntegritySize);
  return std::equal(expected.begin(), expected.end(), given.begin());
}

Fingerprint MessageView::fingerprint() const {
  if (fingerprint_at_ == 0) return Fingerprint::kAbsent;
  const auto given = ByteReader(bytes_.subspan(fingerprint_at_ + 4)).u32();
  const auto expected = crc32(bytes_.first(fingerprint_at_)) ^ kFingerprintXor;
  return given == expected ? Fingerprint::kValid : Fingerprint::kWrong;
}

MessageBuilder::MessageBuilder(MessageClass message_class, Method method, const TransactionId& id) : id_(id) {
  put_u16(out_, type_of(message_class, method));
  put_u16(out_, 0);
  put_u32(out_, kMagicCookie);
  out_.insert(out_.end(), id.begin(), id.end());
}

void MessageBuilder::header(Attribute type, std::size_t length) {
  put_u16(out_, static_cast<std::uint16_t>(type));
  put_u16(out_, length);
}

void MessageBuilder::pad() {
  out_.resize(padded(out_.size()));
}

void MessageBuilder::set_length(std::size_t length) {
  out_[2] = static_cast<std::uint8_t>(length >> 8);
  out_[3] = static_cast<std::uint8_t>(length);
}

MessageBuilder& MessageBuilder::bytes(Attribute type, Bytes value) {
  header(type, value.size());
  out_.insert(out_.end(), value.begin(), value.end());
  pad();
  return *this;
}

MessageBuilder& MessageBuilder::text(Attribute type, std::string_view value) {
  return bytes(type, {reinterpret_cast<const std::uint8_t*>(value.data()), value.size()});
}

MessageBuilder& MessageBuilder::u32(Attribute type, std::uint32_t value) {
  header(type, 4);
  put_u32(out_, value);
  return *this;
}

MessageBuilder& MessageBuilder::address(Attribute type, const Address& value) {
  return bytes(type, encode_address(value));
}

MessageBuilder& MessageBuilder::xor_address(Attribute type, const Address& value) {
  return bytes(type, encode_address(xored(value, id_)));
}

MessageBuilder& MessageBuilder::error(int code, std::string_view reason) {
  std::vector<std::uint8_t> value = {0, 0, static_cast<std::uint8_t>(code / 100),
                                     static_cast<std::uint8_t>(code % 100)};
  value.insert(value.end(), reason.begin(), reason.end());
  return bytes(Attribute::kErrorCode, value);
}

std::vector<std::uint8_t> MessageBuilder::finish(std::optional<Bytes> key) {
  if (key) {
    set_length(out_.size() - kHeaderSize + 4 + kIntegritySize);
    const auto digest = hmac_sha1(*key, out_);
    bytes(Attribute::kMessageIntegrity, digest);
  }
  set_length(out_.size() - kHeaderSize + 8);
  const auto fingerprint = crc32(out_) ^ kFingerprintXor;
  u32(Attribute::kFingerprint, fingerprint);
  return std::move(out_);
}

TransactionId random_transaction_id() {
  TransactionId id;
  random_bytes(id);
  return id;
}

Md5Digest long_term_key(std::string_view username, std::string_view realm, std::string_view password) {
  std::string text;
  text.append(username).append(":").append(realm).append(":").append(password);
  return md5({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

std::string printable(std::string_view text) {
  while (!text.empty() && (text.back() == '\0' || text.back() == ' ')) text.remove_suffix(1);  // coturn pads with NULs
  std::string out(text.substr(0, kMaxShown));
  for (char& c : out) {
    if (c < 0x20 || c > 0x7e) c = '?';
  }
  return out;
}

std::uint32_t crc32(Bytes data) {
  std::uint32_t crc = 0xffffffff;
  for (const auto byte : data) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xedb88320U : 0U);
  }
  return ~crc;
}

}  // namespace callroom::turn
