// The line that no exception crosses: Janus is C.
#pragma once

#include <exception>
#include <utility>

#include "host/janus.hpp"

namespace callroom::host {

// Runs `body`; an exception is logged and yields `fallback` (or nothing, for a body that returns nothing).
template <typename Body>
void guarded(const char* what, Body&& body) noexcept {
  try {
    std::forward<Body>(body)();
  } catch (const std::exception& error) {
    JANUS_LOG(LOG_ERR, "[callroom] %s failed: %s\n", what, error.what());
  } catch (...) {
    JANUS_LOG(LOG_ERR, "[callroom] %s failed\n", what);
  }
}

template <typename Value, typename Body>
Value guarded_or(const char* what, Value fallback, Body&& body) noexcept {
  guarded(what, [&] { fallback = std::forward<Body>(body)(); });
  return fallback;
}

}  // namespace callroom::host
