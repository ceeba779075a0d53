// What a crash, a bad disk or somebody's editor left in data_dir/outbox: reading it comes to an end, gives nothing that
// is not there, and leaves an outbox that takes new rows.
//
// The first byte says what is done to the rest: 1: it is a segment's frames behind a good header, else a segment as it
// is; 2: its first 20 bytes are the position file; 4: the next one is the payload of a good frame in front.
#include <cstdint>
#include <cstdlib>
#include <fstream>

#include "../../unit/storage/support/records.hpp"
#include "storage/outbox.hpp"
#include "storage/outbox_frame.hpp"

using namespace callroom::storage;
namespace fs = std::filesystem;

namespace {

constexpr std::size_t kPositionBytes = 20;

void require(bool holds) {
  if (!holds) std::abort();
}

void write_file(const fs::path& path, std::span<const std::uint8_t> bytes) {
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

std::vector<std::uint8_t> segment_of(std::span<const std::uint8_t> rest, bool header, bool frame_in_front) {
  std::vector<std::uint8_t> segment;
  if (header) segment = segment_header();
  if (frame_in_front && !rest.empty()) {
    append_frame(segment, rest.first(1));
    rest = rest.subspan(1);
  }
  segment.insert(segment.end(), rest.begin(), rest.end());
  return segment;
}

// Everything that is left, struck out as it is read; `most` bounds what there can be.
std::size_t drain(Outbox& outbox, std::size_t most) {
  std::size_t rows = 0;
  while (true) {
    const auto entries = outbox.read(3, 1 << 16);
    if (entries.empty()) return rows;
    rows += entries.size();
    require(rows <= most);
    outbox.strike(entries.back().after, entries.size());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  static const testing::TemporaryFolder folder;
  fs::remove_all(folder.path());
  fs::create_directories(folder.path());
  std::span rest(data + 1, size - 1);
  if ((data[0] & 2) != 0 && rest.size() >= kPositionBytes) {
    write_file(folder.path() / "position", rest.first(kPositionBytes));
    rest = rest.subspan(kPositionBytes);
  }
  const auto segment = segment_of(rest, (data[0] & 1) != 0, (data[0] & 4) != 0);
  write_file(folder.path() / "0000000000000001.outbox", segment);

  Outbox outbox(folder.path(), testing::silent());
  outbox.for_each_inherited([&](std::span<const std::uint8_t> payload) { require(payload.size() <= segment.size()); });
  outbox.count_backlog();
  drain(outbox, segment.size() / kFrameHeaderBytes);
  const std::vector<Outbox::Bytes> fresh = {{1, 2, 3}, {4}};
  require(outbox.append(fresh));
  require(drain(outbox, 2) == 2);
  return 0;
}
