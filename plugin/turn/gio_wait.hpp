// Waiting on GIO with a deadline and a way to cancel, on a GMainContext of the calling thread's own. No other thread's
// main loop is needed or touched. One Waiter belongs to one thread.
#pragma once

#include <gio/gio.h>

#include <functional>
#include <memory>
#include <string>

#include "base/time.hpp"

namespace callroom::turn {

struct ObjectUnref {
  void operator()(gpointer object) const { g_object_unref(object); }
};
template <typename T>
using ObjectPtr = std::unique_ptr<T, ObjectUnref>;

struct ErrorFree {
  void operator()(GError* error) const { g_error_free(error); }
};
using ErrorPtr = std::unique_ptr<GError, ErrorFree>;

struct GFree {
  void operator()(gchar* text) const { g_free(text); }
};
using TextPtr = std::unique_ptr<gchar, GFree>;

inline MonotonicUs monotonic_now() {
  return g_get_monotonic_time();
}
inline WallTime wall_now() {
  return WallTime(std::chrono::microseconds(g_get_real_time()));
}

// What an error says, printable, with plain quotation marks.
std::string error_text(const GError& error);

enum class Waited { kReady, kTimeout, kCancelled };

class Waiter {
 public:
  explicit Waiter(GCancellable* cancellable);  // borrowed; may be cancelled from any thread
  ~Waiter();
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  Waited socket(GSocket* socket, GIOCondition condition, MonotonicUs until);
  Waited readable(GPollableInputStream* stream, MonotonicUs until);
  Waited writable(GPollableOutputStream* stream, MonotonicUs until);

  // Runs one asynchronous GIO operation to its end: `start` is given what to pass on. Its result is always delivered to
  // `finish`, on this thread and before this returns, with a "cancelled" error where the time was up.
  using Start = std::function<void(GCancellable*, GAsyncReadyCallback, gpointer)>;
  using Finish = std::function<void(GAsyncResult*)>;
  Waited operation(const Start& start, const Finish& finish, MonotonicUs until);

  bool cancelled() const { return !ignore_cancel_ && g_cancellable_is_cancelled(cancellable_) != FALSE; }

  // From here on a cancelled test is waited for all the same: what was allocated must be given back.
  void ignore_cancel() { ignore_cancel_ = true; }

 private:
  Waited iterate(const bool& done, MonotonicUs until);

  GMainContext* context_;
  GCancellable* cancellable_;
  bool ignore_cancel_ = false;
};

}  // namespace callroom::turn
