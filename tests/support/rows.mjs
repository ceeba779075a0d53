// What a row of session_quality_logs has to look like, whatever the call.
import assert from 'node:assert/strict';

const kUuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Asserts that the figures fit a call on one machine with Chromium's fake devices. */
export function isPlausible(row, { minSeconds = 0, score = false, drops = 0, width = 1280, height = 720 } = {}) {
  const say = (text) => `${row.display ?? row.user_id} (${row.end_reason}): ${text}`;
  assert.match(row.session_id, kUuid);
  const seconds = (row.ended_at - row.started_at) / 1000;
  assert.ok(Math.abs(Number(row.duration_s) - seconds) < 1.01, say(`duration_s ${row.duration_s}, from its times ${seconds}`));
  assert.ok(seconds >= minSeconds, say(`${seconds} s`));
  within(row.latency_avg_ms, 0, 100, 'latency_avg_ms');
  within(row.latency_p95_ms, row.latency_p50_ms, 300, 'latency_p95_ms');
  within(row.jitter_avg_ms, 0, 60, 'jitter_avg_ms');
  within(row.packet_loss_in_pct, 0, 2, 'packet_loss_in_pct');
  within(row.packet_loss_out_pct, 0, 2, 'packet_loss_out_pct');
  within(row.bandwidth_in_kbps, 20, 4000, 'bandwidth_in_kbps');
  within(row.bandwidth_out_kbps, 20, 4000, 'bandwidth_out_kbps');
  within(row.frame_rate_avg, 3, 32, 'frame_rate_avg');
  // The browser sends less than the camera has where the machine is busy, never another shape.
  const [sentWidth, sentHeight] = (row.resolution_max ?? '').split('x').map(Number);
  assert.ok(sentWidth <= width && Math.abs(sentWidth / sentHeight - width / height) < 0.02, say(`resolution_max ${row.resolution_max}`));
  assert.equal(Number(row.connection_drops), drops, say('connection_drops'));
  assert.ok(Number(row.negotiations) >= 1, say(`negotiations ${row.negotiations}`));
  assert.equal(row.provider, 'janus', say('provider'));
  assert.equal(row.measured_by, 'server', say('measured_by'));
  if (score) {
    within(row.quality_score, 0, 100, 'quality_score');
    assert.ok(['excellent', 'good', 'fair', 'poor'].includes(row.overall_quality), say(row.overall_quality));
    // A machine with much to do encodes fewer frames, which is as bad for the call as the score says. What a network takes
    // is nothing here, whatever the machine does: and what is not lost is the score.
    const lost = row.score_breakdown;
    const told = `lost ${JSON.stringify(lost)} of ${row.quality_score}`;
    assert.ok(lost.loss < 3 && lost.delay < 3 && lost.drops === 10 * drops, say(told));
    const sum = Object.values(lost).reduce((so_far, points) => so_far + points, 0);
    assert.ok(Math.abs(sum + Number(row.quality_score) - 100) < 0.1, say(told));
  }

  function within(value, least, most, name) {
    assert.notEqual(value, null, say(`${name} was not measured`));
    assert.ok(Number(value) >= Number(least) && Number(value) <= most, say(`${name} is ${value}, not in ${least} to ${most}`));
  }
}
