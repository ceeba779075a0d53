// A payload of the outbox, damaged or hostile: what decodes is encoded as the same record again, and its row has as
// many fields as the table has columns, in UTF-8.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "storage/record_codec.hpp"
#include "storage/row_text.hpp"
#include "storage/turn_record.hpp"

using namespace callroom::storage;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

// Commas outside quotes, plus one. Within quotes a backslash takes the next character with it.
std::size_t fields_of(std::string_view row) {
  std::size_t fields = 1;
  bool quoted = false;
  for (std::size_t at = 1; at + 1 < row.size(); ++at) {
    if (row[at] == '\\') {
      ++at;
    } else if (row[at] == '"') {
      quoted = !quoted;
    } else if (row[at] == ',' && !quoted) {
      ++fields;
    }
  }
  require(!quoted);
  return fields;
}

bool is_storable(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto first = static_cast<unsigned char>(text[at]);
    const std::size_t length = first < 0x80 ? 1 : first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first == 0 || (first >= 0x80 && first < 0xC2) || at + length > text.size()) return false;
    for (std::size_t i = 1; i < length; ++i) {
      if ((static_cast<unsigned char>(text[at + i]) & 0xC0) != 0x80) return false;
    }
    at += length;
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span bytes(data, size);
  if (const auto turn = decode_turn_record(bytes)) require(turn->json.size() + 2 == size);
  const auto record = decode(bytes);
  if (!record) return 0;
  require(session_id_of(bytes) == record->session_id);
  const auto encoded = encode(*record);
  const auto again = decode(encoded);
  require(static_cast<bool>(again) && encode(*again) == encoded);
  const std::string row = row_text(*record);
  require(row.starts_with('(') && row.ends_with(')') && is_storable(row));
  const auto columns = static_cast<std::size_t>(std::ranges::count(kRowColumns, ',')) + 1;
  require(fields_of(row) == columns);
  return 0;
}
