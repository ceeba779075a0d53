#include "media/routing.hpp"

#include <linux/membarrier.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <mutex>
#include <thread>

namespace callroom::media {

namespace {

// Where the kernel has no membarrier(2), or a sandbox forbids it: taking access away from a page that is in use makes
// the kernel interrupt every processor that runs a thread of this process, and an interrupt is a barrier.
void interrupt_all_threads() {
  static std::mutex mutex;
  static const auto page_size = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  static void* const page = mmap(nullptr, page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  const std::lock_guard lock(mutex);
  mprotect(page, page_size, PROT_READ | PROT_WRITE);
  *static_cast<volatile char*>(page) = 1;
  mprotect(page, page_size, PROT_READ);
}

void barrier_on_all_threads() {
  static const bool registered = syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
  if (!registered || syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) != 0) interrupt_all_threads();
}

}  // namespace

constinit Route::Snapshot Route::nobody_{.legs = {}, .only = nullptr, .all_begun = true};

void Route::publish(Legs legs) {
  auto next = std::make_unique<Snapshot>();
  next->legs = std::move(legs);
  snapshot_.store(next.get(), std::memory_order_seq_cst);
  barrier_on_all_threads();
  // A packet that began after the barrier reads the new snapshot, so only the one now being relayed matters.
  const std::uint64_t at_work = at_work_.load(std::memory_order_seq_cst);
  while (at_work != 0 && at_work_.load(std::memory_order_seq_cst) == at_work) std::this_thread::yield();
  published_ = std::move(next);
  waits_.store(false, std::memory_order_relaxed);  // the next packet says it anew; the one who waited may be gone
}

bool Route::place(const Legs& legs, std::uint16_t sequence) {
  if (progress_.continues(sequence)) return true;
  if (!progress_.restarts(sequence)) return false;
  for (const std::shared_ptr<Leg>& leg : legs) leg->rewriter.hold(progress_);
  return true;
}

}  // namespace callroom::media
