// How this layer says what happened; the host puts it in Janus's log.
#pragma once

#include <functional>
#include <string_view>

namespace callroom::storage {

enum class LogLevel { kInfo, kWarning, kError };

using LogSink = std::function<void(LogLevel, std::string_view)>;

}  // namespace callroom::storage
