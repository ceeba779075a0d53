// A session's timeline as the answer to `session` has it.
#pragma once

#include <optional>
#include <string_view>

#include "json/json.hpp"

namespace callroom::admin {

// From the hexadecimal text of the row's column: {sample_interval_ms, samples_per_point, points: [{score, latency_ms,
// packet_loss_in_pct, packet_loss_out_pct, bandwidth_in_kbps, bandwidth_out_kbps, frame_rate}], events: [{what, sample,
// detail}]}. null where there is none, or one that this plugin does not know how to read.
json::Json timeline_json(std::optional<std::string_view> hex);

}  // namespace callroom::admin
