// What a killed process left in data_dir/journal: recovery comes to an end and gives no more sessions than there are
// slots.
//
// The first byte says what is done to the rest: 1: it is a half of a slot, which gets a good checksum, in a good file;
// else it is the file.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include "../../unit/storage/support/records.hpp"
#include "storage/byte_writer.hpp"
#include "storage/crc32c.hpp"
#include "storage/journal.hpp"
#include "storage/row_text.hpp"

using namespace callroom::storage;
namespace fs = std::filesystem;

namespace {

constexpr std::size_t kHeaderBytes = 4096, kSlotHeaderBytes = 64, kHalfBytes = 4096, kSlotBytes = 12'288;

void require(bool holds) {
  if (!holds) std::abort();
}

std::vector<std::uint8_t> file_with(std::span<const std::uint8_t> half) {
  std::vector<std::uint8_t> file(kHeaderBytes + kSlotBytes);
  std::memcpy(file.data(), "CALLJRNL", 8);
  ByteWriter header(std::span(file).subspan(8, 20));
  header.u32(1);
  header.u64(kSlotBytes);
  header.u64(kHalfBytes);
  file[kHeaderBytes] = 1;  // the first half is good
  const auto target = std::span(file).subspan(kHeaderBytes + kSlotHeaderBytes, kHalfBytes);
  const std::size_t length = std::min(half.size(), target.size() - 4);
  if (length > 0) std::memcpy(target.data() + 4, half.data(), length);
  ByteWriter(target).u32(crc32c(target.subspan(4, length)));
  return file;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  static const testing::TemporaryFolder folder;
  fs::remove_all(folder.path());
  fs::create_directories(folder.path());
  const std::span rest(data + 1, size - 1);
  const auto file = (data[0] & 1) != 0 ? file_with(rest) : std::vector<std::uint8_t>(rest.begin(), rest.end());
  std::ofstream(folder.path() / "journal", std::ios::binary)
      .write(reinterpret_cast<const char*>(file.data()), static_cast<std::streamsize>(file.size()));

  Journal journal(folder.path(), {1, 100}, testing::silent());
  const auto records = journal.recover([](std::span<const std::uint8_t>) { return std::nullopt; });
  require(records.size() <= file.size() / kSlotHeaderBytes);
  for (const auto& record : records) require(record.end_reason == "crashed" && !row_text(record).empty());
  journal.forget_recovered();
  require(journal.recover({}).empty());
  return 0;
}
