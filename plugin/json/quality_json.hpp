// Samples and summaries as participants, administrators and Janus's event handlers are told them. Ratios are percent,
// times ms, rates kbit/s; what was not measured is null.
#pragma once

#include "json/json.hpp"
#include "quality/sample.hpp"
#include "quality/summary.hpp"

namespace callroom::json {

// {score, rating, latency_ms, jitter_ms, packet_loss_in_pct, packet_loss_out_pct, bandwidth_in_kbps,
//  bandwidth_out_kbps, frame_rate_in, frame_rate_out, resolution_in, resolution_out, issues: [code]}
Json sample_json(const quality::Sample& sample);

// {score, rating, duration of media, the averages of the row, issues: [{code, severity}]}
Json summary_json(const quality::Summary& summary);

}  // namespace callroom::json
