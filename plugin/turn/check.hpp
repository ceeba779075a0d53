// One check of one server, from its name to the data through its relay. Blocking; called on a thread of its own, never
// on Janus's. Ends within kCheckTime, and leaves no allocation behind on any path, also where it was cancelled.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "turn/check_report.hpp"
#include "turn/credentials.hpp"
#include "turn/gio_wait.hpp"
#include "turn/server_url.hpp"

namespace callroom::turn {

constexpr MonotonicUs kCheckTimeUs = 10'000'000;

struct CheckTarget {
  std::string server_id;  // empty for an ad-hoc check
  ServerUrl url;
  std::optional<Credentials> credentials;
  std::optional<std::string> ca_file;
  bool only_public = false;  // ad-hoc: an address that is not public is refused, whatever its name
};

// Cancels from any thread.
class Cancel {
 public:
  Cancel() : cancellable_(g_cancellable_new()) {}
  void request() { g_cancellable_cancel(cancellable_.get()); }
  bool requested() const { return g_cancellable_is_cancelled(cancellable_.get()) != FALSE; }
  GCancellable* get() const { return cancellable_.get(); }

 private:
  ObjectPtr<GCancellable> cancellable_;
};

// Called with the report as far as it has come, at each step, from the threads of the check, one at a time.
using CheckObserver = std::function<void(const CheckReport&)>;

CheckReport check_server(const CheckTarget& target, const Cancel& cancel, const CheckObserver& observer);

}  // namespace callroom::turn
