#include "turn/gio_wait.hpp"

#include <algorithm>

#include "turn/stun_message.hpp"

namespace callroom::turn {
namespace {

gboolean set_flag(gpointer flag) {
  *static_cast<bool*>(flag) = true;
  return G_SOURCE_REMOVE;
}

gboolean socket_ready(GSocket*, GIOCondition, gpointer flag) {
  return set_flag(flag);
}
gboolean stream_ready(GObject*, gpointer flag) {
  return set_flag(flag);
}
gboolean cancel_ready(GCancellable*, gpointer flag) {
  return set_flag(flag);
}

// A source that is attached as long as this lives.
class Attached {
 public:
  Attached(GSource* source, GMainContext* context) : source_(source) { g_source_attach(source_, context); }
  ~Attached() {
    g_source_destroy(source_);
    g_source_unref(source_);
  }
  Attached(const Attached&) = delete;
  Attached& operator=(const Attached&) = delete;

 private:
  GSource* source_;
};

GSource* timer(MonotonicUs until, bool* flag) {
  const auto left_us = std::max<MonotonicUs>(until - monotonic_now(), 0);
  GSource* source = g_timeout_source_new(static_cast<guint>((left_us + 999) / 1000));
  g_source_set_callback(source, set_flag, flag, nullptr);
  return source;
}

struct Operation {
  const Waiter::Finish& finish;
  bool done = false;
};

void operation_done(GObject*, GAsyncResult* result, gpointer data) {
  auto* operation = static_cast<Operation*>(data);
  operation->finish(result);
  operation->done = true;
}

}  // namespace

std::string error_text(const GError& error) {
  std::string text = error.message;
  for (const auto* mark : {"\u201c", "\u201d", "\u2018", "\u2019"}) {
    for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark)) text.replace(at, 3, "'");
  }
  return printable(text);
}

Waiter::Waiter(GCancellable* cancellable) : context_(g_main_context_new()), cancellable_(cancellable) {}

Waiter::~Waiter() {
  g_main_context_unref(context_);
}

Waited Waiter::iterate(const bool& done, MonotonicUs until) {
  bool timed_out = false, cancel_seen = false;
  const Attached timeout(timer(until, &timed_out), context_);
  GSource* cancel = g_cancellable_source_new(ignore_cancel_ ? nullptr : cancellable_);
  g_source_set_callback(cancel, G_SOURCE_FUNC(cancel_ready), &cancel_seen, nullptr);
  const Attached attached(cancel, context_);
  while (!done && !timed_out && !cancel_seen) g_main_context_iteration(context_, TRUE);
  if (done) return Waited::kReady;
  return cancel_seen ? Waited::kCancelled : Waited::kTimeout;
}

Waited Waiter::socket(GSocket* socket, GIOCondition condition, MonotonicUs until) {
  bool ready = false;
  GSource* source = g_socket_create_source(socket, condition, nullptr);
  g_source_set_callback(source, G_SOURCE_FUNC(socket_ready), &ready, nullptr);
  const Attached attached(source, context_);
  return iterate(ready, until);
}

Waited Waiter::readable(GPollableInputStream* stream, MonotonicUs until) {
  bool ready = false;
  GSource* source = g_pollable_input_stream_create_source(stream, nullptr);
  g_source_set_callback(source, G_SOURCE_FUNC(stream_ready), &ready, nullptr);
  const Attached attached(source, context_);
  return iterate(ready, until);
}

Waited Waiter::writable(GPollableOutputStream* stream, MonotonicUs until) {
  bool ready = false;
  GSource* source = g_pollable_output_stream_create_source(stream, nullptr);
  g_source_set_callback(source, G_SOURCE_FUNC(stream_ready), &ready, nullptr);
  const Attached attached(source, context_);
  return iterate(ready, until);
}

Waited Waiter::operation(const Start& start, const Finish& finish, MonotonicUs until) {
  const ObjectPtr<GCancellable> cancel(g_cancellable_new());
  Operation operation{finish};
  g_main_context_push_thread_default(context_);
  start(cancel.get(), operation_done, &operation);
  const Waited waited = iterate(operation.done, until);
  if (!operation.done) {
    g_cancellable_cancel(cancel.get());
    while (!operation.done) g_main_context_iteration(context_, TRUE);
  }
  g_main_context_pop_thread_default(context_);
  return waited;
}

}  // namespace callroom::turn
