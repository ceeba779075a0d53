// One call of two under a profile of the network, and Callroom's figures of it beside the truth.
import { clientPage, launchBrowser, mediaFlows } from './browser.mjs';
import { quantile, readStatistics, truthOf } from './call_truth.mjs';
import { NetEmulator } from './net_emulator.mjs';
import { startStack } from './stack.mjs';

const kSampleMs = 3000;
const kReadingMs = 500;
const kUsers = ['ada', 'grace'];

/** What a figure may be off by: this much, or this share of the truth. */
export const kTolerances = {
  packet_loss_in_pct: { by: 0.5, share: 0.1 },
  packet_loss_out_pct: { by: 0.5, share: 0.1 },
  latency_avg_ms: { by: 5, share: 0.05 },
  latency_p95_ms: { by: 5, share: 0.05 },
  jitter_avg_ms: { by: 3, share: 0.2 },
  bandwidth_in_kbps: { share: 0.03 },
  bandwidth_out_kbps: { share: 0.03 },
  frame_rate_avg: { by: 1 },
  resolution_max: { exact: true },
  resolution_min: { exact: true },
  connection_drops: { exact: true },
  recoveries: { exact: true },
  samples_without_audio: { exact: true },
  samples_without_video: { exact: true },
  lost_below_the_worst_part: { by: 0.01 },
  quality_score: { by: 1 },
};

/** The profiles of the network. `both`, `up`, `down`: rules from the start, or with a rate once the call is up; `during`: what happens meanwhile. */
export const kProfiles = {
  clean: { seconds: 40 },
  'loss-3': { seconds: 60, both: { loss: 3 } },
  'loss-10': { seconds: 60, both: { loss: 10 } },
  'delay-100': { seconds: 45, both: { delay: 100, jitter: 10 } },
  'delay-300': { seconds: 60, both: { delay: 300, jitter: 30 } },
  'rate-300': { seconds: 80, both: { rate: 300 } },
  blackout: { seconds: 45, during: 'blackout' },
  mute: { seconds: 60, during: 'mute' },
  throttled: { seconds: 45, during: 'throttle' },
};

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class ExactnessBench {
  static async start() {
    const bench = new ExactnessBench();
    bench.network = await NetEmulator.start();
    try {
      bench.stack = await startStack({ ...bench.network.stackSettings, services: 'postgres janus nginx' });
      bench.browser = await launchBrowser();
    } catch (error) {
      await bench.stop();
      throw error;
    }
    return bench;
  }

  async stop() {
    await this.browser?.close();
    await this.stack?.close();
    await this.network?.stop();
  }

  /** @returns one report per participant: { user, lines: [{ figure, measured, truth, error, within }], row, samples, readings, counts } */
  async run(name, profile) {
    const room = `exact-${name}-${Date.now()}`;
    const before = await this.network.counts();
    const rules = ['both', 'up', 'down'].filter((way) => profile[way]).map((way) => [way, profile[way]]);
    // A narrow link is for what a call has to adapt to, not for whether its handshakes get through a full queue.
    const isNarrow = ([, rule]) => rule.rate > 0;
    const apply = async (some) => {
      for (const [way, rule] of some) await this.network.set(way, rule);
    };
    await apply(rules.filter((rule) => !isNarrow(rule)));
    const pages = [];
    for (const _ of kUsers) pages.push(await this.#page());
    // From before the first packet: the rows are about the whole call.
    const readings = pages.map(() => []);
    let over = false;
    const reading = pages.map(async (page, i) => {
      while (!over) {
        readings[i].push(await page.evaluate(readStatistics));
        await sleep(kReadingMs);
      }
      readings[i].push(await page.evaluate(readStatistics));
    });
    for (const [i, page] of pages.entries()) await this.#join(page, room, kUsers[i], profile.codec ?? 'vp8');
    for (const page of pages) await mediaFlows(page, { samples: 0, timeoutMs: 30_000 });
    await apply(rules.filter(isNarrow));
    const happening = profile.during ? kHappenings[profile.during](this, pages, profile) : undefined;
    await sleep(1000 * profile.seconds);
    const happened = await happening;
    over = true;
    await Promise.all(reading);
    const counts = difference(await this.network.counts(), before);
    await this.network.set('both', {});
    const samples = await Promise.all(
      pages.map((page) => page.evaluate(() => call.sending.events.filter(({ data }) => data?.callroom === 'quality' && data.session_id).map(({ at, data }) => ({ at, ...data })))),
    );
    await Promise.all(pages.map((page) => page.evaluate(() => call.sending.ask({ request: 'leave' }))));
    const rows = await this.stack.sessionRows(room, kUsers.length);
    for (const page of pages) await page.context().close();
    const truths = readings.map((read) => truthOf(read, counts, kSampleMs, variationOf(profile), happened?.outage));
    return kUsers.map((user, i) => {
      const row = rows.find(({ user_id }) => user_id === user);
      // What is relayed to one is what the other sends; frames that the last hop loses are its loss, not its frame rate.
      const truth = { ...truths[i], frame_rate_out: truths[1 - i].frame_rate_in };
      const lines = [...compare(row, truth, profile), ...(profile.during === 'mute' ? compareMute(row, samples[i], happened, i === 0 ? 'in' : 'out', readings[0]) : [])];
      return { user, lines, row, samples: samples[i], readings: readings[i], counts, happened };
    });
  }

  async #page() {
    const page = await clientPage(this.browser, this.stack);
    await page.evaluate(async () => {
      window.prepared = await client.prepare('janus.plugin.callroom');
    });
    return page;
  }

  async #join(page, room, user, videocodec) {
    await page.evaluate(
      async ([room, user, videocodec]) => {
        await prepared.sending.ask({ request: 'create', room, videocodec, quality_events: true }).catch(() => undefined);
        window.call = await client.joinCallroom(prepared, { room, user });
      },
      [room, user, videocodec],
    );
  }
}

/** By how many ms round trips vary under a profile's rules: any number of them where queues come and go. */
function variationOf(profile) {
  const rules = ['both', 'both', 'up', 'down'].map((way) => profile[way] ?? {});
  return rules.some(({ rate }) => rate > 0) ? Number.POSITIVE_INFINITY : rules.reduce((sum, { jitter = 0 }) => sum + jitter, 0);
}

/** Counts since `before`; SSRCs are new with each call, but the emulator outlives it. */
function difference(now, before) {
  const way = (name) =>
    Object.fromEntries(
      Object.entries(now[name]).map(([ssrc, counts]) => [
        ssrc,
        Object.fromEntries(Object.entries(counts).map(([key, value]) => [key, value - (before[name][ssrc]?.[key] ?? 0)])),
      ]),
    );
  return { up: way('up'), down: way('down') };
}

const kHappenings = {
  async blackout({ network }, _pages, { blackoutSeconds = 5, at = 15 }) {
    await sleep(1000 * at);
    await network.set('both', { loss: 100 });
    const from = Date.now();
    await sleep(1000 * blackoutSeconds);
    await network.set('both', {});
    return { outage: [from, Date.now()] };
  },

  /** The first participant mutes the microphone, then turns the camera off and on. When: [from, to], by kind. */
  async mute(_bench, [page], { muteSeconds = 12 }) {
    const publish = (kind, on) =>
      page.evaluate(
        async ([kind, on]) => {
          const track = prepared.stream.getTracks().find((t) => t.kind === kind);
          const sender = call.sending.peer.getTransceivers().find((t) => t.receiver.track.kind === kind).sender;
          await sender.replaceTrack(on ? track : null);
          return client.now();
        },
        [kind, on],
      );
    const times = {};
    for (const kind of ['audio', 'video']) {
      await sleep(10_000);
      const from = await publish(kind, false);
      await sleep(1000 * muteSeconds);
      times[kind] = [from, await publish(kind, true)];
    }
    return times;
  },

  /** A tab whose main thread is busy most of the time and slowed down besides. */
  async throttle(_bench, [page], { factor = 6 }) {
    await sleep(10_000);
    const devtools = await page.context().newCDPSession(page);
    await devtools.send('Emulation.setCPUThrottlingRate', { rate: factor });
    await sleep(15_000);
    await devtools.send('Emulation.setCPUThrottlingRate', { rate: 1 });
  },
};

/** A row's figures beside the truth: [{ figure, measured, truth, error, allowed, within }]. */
function compare(row, truth, profile) {
  const number = (value) => (value === null || value === undefined ? undefined : Number(value));
  const drops = profile.during === 'blackout' && (profile.blackoutSeconds ?? 5) >= 5 ? 1 : 0;
  const jitters = [truth.jitter_in_ms, truth.jitter_out_ms].filter((value) => value !== undefined);
  const sizes = [...truth.sizes_in, ...truth.sizes_out].toSorted((a, b) => area(a) - area(b));
  return [
    line('packet_loss_in_pct', number(row.packet_loss_in_pct), truth.packet_loss_in_pct),
    line('packet_loss_out_pct', number(row.packet_loss_out_pct), truth.packet_loss_out_pct),
    line('latency_avg_ms', number(row.latency_avg_ms), truth.latency_avg_ms, truth.doubt.latency_avg_ms),
    line('latency_p95_ms', number(row.latency_p95_ms), truth.latency_p95_ms, truth.doubt.latency_p95_ms),
    line('jitter_avg_ms', number(row.jitter_avg_ms), jitters.reduce((a, b) => a + b, 0) / Math.max(1, jitters.length)),
    line('bandwidth_in_kbps', number(row.bandwidth_in_kbps), truth.bandwidth_in_kbps),
    line('bandwidth_out_kbps', number(row.bandwidth_out_kbps), truth.bandwidth_out_kbps),
    line('frame_rate_avg', number(row.frame_rate_avg), (truth.frame_rate_in + truth.frame_rate_out) / 2),
    line('resolution_max', row.resolution_max, sizes.at(-1)),
    line('resolution_min', row.resolution_min, sizes[0]),
    line('connection_drops', number(row.connection_drops), drops),
    line('recoveries', number(row.recoveries), drops),
  ];
}

/**
 * A mute is known sample by sample, and costs nothing: such a sample scores no less than what is left of it, and the row's score
 * is that of its samples.
 * @param sender readings of the page that muted: a machine that is busy has it send less than it wants to
 */
function compareMute(row, allSamples, times, way, sender) {
  const kScores = ['audio_score_in', 'video_score_in', 'audio_score_out', 'video_score_out'];
  const samples = onTheirGrid(allSamples).slice(allSamples.findIndex((sample) => kScores.every((score) => sample[score] != null))); // all flows
  const offAt = (kind, at) => Math.max(0, Math.min(at, times[kind][1]) - Math.max(at - kSampleMs, times[kind][0])) / kSampleMs;
  const packetsAt = (at) => audioSentBy(sender, at) - audioSentBy(sender, at - kSampleMs);
  const off = (kind, { from, at }) => [offAt(kind, from), offAt(kind, at)];
  const packets = ({ from, at }) => [packetsAt(from), packetsAt(at)];
  // Audio is none where few packets came (100 of 150), video where it was off for half the time; near that either will do.
  const kDeciding = {
    audio: { gone: (sample) => Math.max(...packets(sample)) <= 80, there: (sample) => Math.min(...packets(sample)) >= 120 },
    video: { gone: (sample) => Math.min(...off('video', sample)) >= 0.65, there: (sample) => Math.max(...off('video', sample)) <= 0.35 },
  };
  const without = Object.entries(kDeciding).map(([kind, { gone, there }]) => {
    const absent = (sample) => sample[`${kind}_score_${way}`] == null;
    const wrong = samples.filter((sample) => (gone(sample) && !absent(sample)) || (there(sample) && absent(sample))).length;
    const truth = samples.filter(gone).length;
    return line(`samples_without_${kind}`, truth + wrong, truth);
  });
  const scored = allSamples.filter(({ score }) => score != null);
  const lost = scored.map((sample) => Math.min(...kScores.map((part) => sample[part] ?? 100)) - sample.score);
  const scores = scored.map(({ score }) => score);
  const ofSamples = 0.7 * (scores.reduce((a, b) => a + b, 0) / scores.length) + 0.3 * quantile(scores, 0.1);
  return [...without, line('lost_below_the_worst_part', Math.max(0, ...lost), 0), line('quality_score', Number(row.quality_score), ofSamples)];
}

/**
 * Samples with `from`, the earliest that each can have been taken. They are taken one in kSampleMs; what a page learns of one later
 * than of the others after that measure may have been late on its way.
 */
function onTheirGrid(samples) {
  const offset = Math.min(...samples.map(({ at }, i) => at - i * kSampleMs));
  return samples.map((sample, i) => ({ ...sample, from: offset + i * kSampleMs }));
}

/** Audio packets that a page had sent at a moment, between two readings in proportion. */
function audioSentBy(readings, at) {
  const sent = ({ outbound }) => outbound.find(({ kind }) => kind === 'audio')?.packetsSent ?? 0;
  const next = readings.findIndex((reading) => reading.at >= at);
  if (next <= 0) return sent(next < 0 ? readings.at(-1) : readings[0]);
  const [before, after] = [readings[next - 1], readings[next]];
  return sent(before) + ((sent(after) - sent(before)) * (at - before.at)) / (after.at - before.at);
}

/** @param doubt how far off the truth itself may be */
function line(figure, measured, truth, doubt = 0) {
  return { figure, measured, truth, ...judge(kTolerances[figure], measured, truth, doubt) };
}

const area = (size) => size.split('x').reduce((a, b) => a * b, 1);

function judge(tolerance, measured, truth, doubt) {
  if (tolerance.exact) return { error: measured === truth ? 0 : undefined, within: measured === truth };
  if (measured === undefined || truth === undefined) return { error: undefined, within: measured === truth };
  const error = measured - truth;
  const allowed = Math.max(tolerance.by ?? 0, (tolerance.share ?? 0) * Math.abs(truth), doubt);
  return { error, allowed, within: Math.abs(error) <= allowed };
}

/** The report as a table: figure, measured, truth, error. */
export function table(name, reports) {
  const show = (value) => (typeof value === 'number' ? (Number.isInteger(value) ? String(value) : value.toFixed(2)) : String(value ?? '-'));
  const rows = [[name, 'user', 'measured', 'truth', 'error', 'allowed', '']];
  for (const { user, lines } of reports) {
    for (const line of lines) {
      rows.push([line.figure, user, show(line.measured), show(line.truth), show(line.error), show(line.allowed), line.within ? 'ok' : 'OFF']);
    }
  }
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) => row.map((cell, i) => (i < 2 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  ')).join('\n');
}
