// Calls over a network that gets narrow for one person, in one direction, and what that does to everybody's pictures.
// The same call through janus.plugin.callroom and, for comparison, janus.plugin.videoroom as shipped.
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { clientPage, launchBrowser } from './browser.mjs';
import { JanusClient } from './janus_client.mjs';
import { writeMovingPicture } from './moving_picture.mjs';
import { NetEmulator } from './net_emulator.mjs';
import { startStack, until } from './stack.mjs';

const kEveryMs = 100;
const kBaselineMs = 5_000;
const kSettlesAfterMs = 15_000;
const kRoomKbps = 2_000;

/**
 * So many encoders and decoders on one machine: a smaller picture, and half the frames. At 640 x 360 two cores have no rest on a slow day,
 * the browsers make pictures smaller for that alone, and what is measured is the machine.
 */
export const kManyPeoplesCamera = { width: 480, height: 270, frameRate: 15, warmKbps: 500 };

const kMicrophone = { echoCancellation: false, noiseSuppression: false, autoGainControl: false }; // work for nothing, of a fake one

const kHeaders = 28; // of IPv4 and UDP: links count them, streams do not

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const now = () => performance.timeOrigin + performance.now();

/** What all processors have done so far, in ms. */
function work() {
  const times = cpus().map((cpu) => cpu.times);
  const sum = (name) => times.reduce((total, time) => total + time[name], 0);
  const idle = sum('idle');
  return { idle, all: idle + sum('user') + sum('nice') + sum('sys') + sum('irq') };
}

const busy = (before, after) => 1 - (after.idle - before.idle) / Math.max(1, after.all - before.all);

/** What happens to the network of one person: [from second, rule] in order. `promised`: what issue and README say. */
export const kCases = {
  'rate-1200': { seconds: 60, limit: 1200, promised: { reactionMs: 1500, frozenMs: 1000, share: [0.65, 0.95] } },
  'rate-600': { seconds: 60, limit: 600, promised: { reactionMs: 1200, frozenMs: 1000, share: [0.65, 0.95] } },
  'rate-300': { seconds: 60, limit: 300, promised: { reactionMs: 800, frozenMs: 3000, share: [0.6, 0.95] } },
  lifted: { seconds: 60, limit: 300, lift: 30, promised: { backMs: 15_000 } },
  square: { seconds: 60, limit: 300, other: 1500, half: 10, promised: { frozenSumMs: 5000 } },
  'loss-5': { seconds: 60, loss: 5, promised: { lowest: 0.7, frozenMs: 1000 } },
};

/** [seconds from the beginning, rule] of a case. */
function rulesOf({ seconds, limit, lift, other, half, loss = 0, delay = 0, queue = 400 }) {
  const rule = (rate) => ({ rate, loss, delay, queue });
  if (lift) return [[0, rule(limit)], [lift, rule(0)]];
  if (!half) return [[0, rule(limit ?? 0)]];
  return Array.from({ length: Math.ceil(seconds / half) }, (_, i) => [i * half, rule(i % 2 === 0 ? limit : other)]);
}

const kPlugins = {
  callroom: {
    package: 'janus.plugin.callroom',
    join: 'joinCallroom',
    create: (people) => ({ room: `adapt-${Date.now()}`, videocodec: 'vp8', capacity: people, bitrate: kRoomKbps, quality_events: true }),
  },
  videoroom: {
    package: 'janus.plugin.videoroom',
    join: 'joinVideoroom',
    create: (people) => ({ room: Date.now() % 1e9, videocodec: 'vp8', publishers: people, bitrate: 1000 * kRoomKbps }),
  },
};

export class AdaptationBench {
  static async start({ warmKbps = 1_300, ...camera } = {}) {
    const bench = new AdaptationBench();
    bench.camera = { width: 640, height: 480, frameRate: 30, ...camera };
    bench.warmKbps = warmKbps; // a call has warmed up when its senders aim at so much
    bench.folder = await mkdtemp(`${tmpdir()}/adaptation-`);
    const film = `${bench.folder}/film.y4m`;
    const { width, height, frameRate } = bench.camera;
    await writeMovingPicture(film, { width, height, rate: frameRate });
    bench.network = await NetEmulator.start();
    try {
      bench.stack = await startStack({ ...bench.network.stackSettings, services: 'postgres janus nginx', janus_plugins: 'videoroom' });
      bench.browser = await launchBrowser([`--use-file-for-fake-video-capture=${film}`]);
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
    await rm(this.folder, { recursive: true, force: true });
  }

  /**
   * One call under one case. The first person's network gets narrow: what it receives, or with `way: 'up'` what it sends.
   * @returns figures; see figuresOf
   */
  async run(theCase, { plugin = 'callroom', people = 2, way = 'down' } = {}) {
    const pages = await this.#call(kPlugins[plugin], people);
    try {
      const [ports, ssrcs] = await pages[0].evaluate(() => Promise.all([watch.ports(), watch.ssrcs()]));
      await this.network.clear();
      await this.network.set(way, { ports });
      const readings = [];
      const read = this.#keepReading(pages, { way, ports, ssrcs }, readings);
      await sleep(kBaselineMs);
      const [beganAt, workBefore] = [now(), work()];
      for (const [second, rule] of rulesOf(theCase)) {
        await sleep(Math.max(0, beganAt + 1000 * second - now()));
        await this.network.set(way, { ports, ...rule });
      }
      await sleep(Math.max(0, beganAt + 1000 * theCase.seconds - now()));
      const [endedAt, workAfter] = [now(), work()];
      await read.stop();
      const pictures = await picturesOf(pages, way);
      const figures = figuresOf({ theCase, people, way, readings, pictures, beganAt, endedAt });
      figures.busy = busy(workBefore, workAfter);
      // At whom the pictures concerned are seen.
      figures.limitedBy = await pages[way === 'up' ? 1 : 0].evaluate(() =>
        call.sending.events.flatMap(({ data }) => (data?.callroom === 'quality' && !data.id ? [data.limited_by] : [])),
      );
      return theCase.trace ? { ...figures, trace: traceOf({ way, readings, pictures, beganAt }) } : figures;
    } finally {
      await this.network.clear();
      for (const page of pages) await page.evaluate(() => prepared.close());
      for (const page of pages) await page.context().close();
    }
  }

  async #call({ package: name, join, create }, people) {
    const client = await JanusClient.connect(this.stack.webSocket);
    const answer = await (await client.attach(name)).ask({ request: 'create', ...create(people) });
    if (answer.error_code) throw new Error(JSON.stringify(answer));
    const { room } = answer;
    const pages = [];
    for (let i = 0; i < people; ++i) {
      const page = await clientPage(this.browser, this.stack);
      await page.evaluate(watchCall);
      await page.evaluate(
        async ([name, join, room, user, camera, microphone]) => {
          window.prepared = await client.prepare(name, camera, microphone);
          watch.attach(prepared.receiving);
          window.call = await client[join](prepared, { room, user });
        },
        [name, join, room, `user${i}`, this.camera, kMicrophone],
      );
      pages.push(page);
    }
    await client.destroy();
    for (const page of pages) {
      await until(
        () => page.evaluate(() => watch.sending()),
        ({ targetKbps }) => targetKbps > this.warmKbps,
        { timeoutMs: 90_000, everyMs: 500, what: `a sender's estimate of ${this.warmKbps} kbit/s` },
      );
    }
    await until(
      () => Promise.all(pages.map((page) => page.evaluate(() => watch.heights()))),
      (heights) => Math.min(...heights.flatMap(({ seen }) => seen)) >= Math.min(...heights.map(({ sent }) => sent)),
      { timeoutMs: 60_000, everyMs: 500, what: "everybody's picture in the size that is sent" },
    );
    return pages;
  }

  /**
   * Every 100 ms: what the link was offered, of that what was new (no repetition), and dropped; and what the senders were last known
   * to aim at, asked beside that: busy pages take half a second for it.
   */
  #keepReading(pages, { way, ports, ssrcs }, readings) {
    let over = false;
    let told;
    const ask = async () => {
      const senders = await Promise.all(pages.map((page) => page.evaluate(() => watch.sending())));
      told = { senders, toldAt: now() };
    };
    const askOn = async () => {
      while (!over) {
        await ask();
        await sleep(2 * kEveryMs);
      }
    };
    const countOn = async () => {
      while (!over) {
        const all = await this.network.counts();
        const at = now();
        const streams = ssrcs.flatMap((ssrc) => all[way][ssrc] ?? []);
        const newBytes = streams.reduce((sum, { packets, bytes }) => sum + bytes + kHeaders * packets, 0);
        readings.push({ at, ...told, ...all.links[way][ports.join(',')], newBytes });
        await sleep(kEveryMs);
      }
    };
    const done = ask().then(() => Promise.all([askOn(), countOn()]));
    return {
      stop: () => {
        over = true;
        return done;
      },
    };
  }
}

/** Everybody's picture of everybody else: { frames, sizes, pauses, concerned }; those it is about are what one person receives, or is seen of one. */
async function picturesOf(pages, way) {
  const ids = [];
  for (const page of pages) ids.push(await page.evaluate(() => call.joined.id));
  const pictures = [];
  for (const [i, page] of pages.entries()) {
    for (const picture of await page.evaluate(() => watch.result())) {
      pictures.push({ ...picture, concerned: way === 'up' ? picture.of === ids[0] : i === 0 });
    }
  }
  const [all, concerned] = [pages.length * (pages.length - 1), pages.length - 1];
  if (pictures.length !== all || pictures.filter((picture) => picture.concerned).length !== concerned) {
    throw new Error(`${pictures.length} pictures of ${all}`);
  }
  return pictures;
}

/** Runs in the page, before it joins: keeps the time and size of every frame of every received track. */
function watchCall() {
  const now = () => performance.timeOrigin + performance.now();
  const tracks = [];
  const follow = async (track, { mid }) => {
    const entry = { mid, frames: [], sizes: [] };
    tracks.push(entry);
    const reader = new MediaStreamTrackProcessor({ track }).readable.getReader();
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      entry.frames.push(now());
      entry.sizes.push(value.displayHeight);
      value.close();
    }
  };
  const pausesOf = (track) => {
    const pauses = [];
    let since;
    for (const { at, data } of call.receiving.events) {
      const stream = data?.streams?.find(({ mid }) => mid === track.mid);
      if (stream?.paused) since ??= at;
      else if (stream && since) pauses.push([since, at]), (since = undefined);
    }
    return since ? [...pauses, [since, now()]] : pauses;
  };
  const connections = () => window.testConnections.filter(({ connectionState }) => connectionState !== 'closed');
  window.watch = {
    attach(handle) {
      const connection = handle.connection.bind(handle);
      handle.connection = () => {
        const peer = connection();
        peer.addEventListener('track', ({ track, transceiver }) => track.kind === 'video' && follow(track, transceiver));
        return peer;
      };
    },
    /** What the encoders aim at and the camera gives; and what of that which came was repeated. */
    async sending() {
      let [targetKbps, height, limitedBy, repeatedBytes] = [0, 0, undefined, 0];
      for (const connection of connections()) {
        for (const stat of (await connection.getStats()).values()) {
          if (stat.type === 'inbound-rtp') repeatedBytes += stat.retransmittedBytesReceived ?? 0;
          if (stat.type !== 'outbound-rtp' || stat.kind !== 'video') continue;
          targetKbps += (stat.targetBitrate ?? 0) / 1000;
          height = Math.max(height, stat.frameHeight ?? 0);
          limitedBy = stat.qualityLimitationReason;
        }
      }
      return { targetKbps, height, limitedBy, repeatedBytes };
    },
    /** Of the largest picture that is sent, and of each that is seen. */
    heights: async () => ({ sent: (await watch.sending()).height, seen: tracks.map(({ sizes }) => sizes.at(-1) ?? 0) }),
    /** The UDP ports of this page. */
    async ports() {
      const ports = [];
      for (const connection of connections()) {
        const stats = await connection.getStats();
        for (const stat of stats.values()) {
          if (stat.type === 'transport') ports.push(stats.get(stats.get(stat.selectedCandidatePairId).localCandidateId).port);
        }
      }
      return ports;
    },
    /** Of what this page receives, but for repetitions, which have their own. */
    async ssrcs() {
      const ssrcs = [];
      for (const connection of connections()) {
        for (const stat of (await connection.getStats()).values()) if (stat.type === 'inbound-rtp') ssrcs.push(stat.ssrc);
      }
      return ssrcs;
    },
    /** What was seen, of whom, and when it was said to be paused: [from, to] each time. */
    result: () => tracks.map((track) => ({ ...track, of: call.receiving.streams.find(({ mid }) => mid === track.mid)?.id, pauses: pausesOf(track) })),
  };
}

/**
 * @returns {{
 *   baselineKbps: number,     on the link, before
 *   reactionMs?: number,      until the sender aimed at a tenth less than before; towards one of several people, who send on for the others,
 *                             until half a second's new packets were fewer than the limit
 *   fallMs?: number,          until half a second's packets were fewer than the limit
 *   frozenMs: number,         the longest time that a picture concerned had no frame: anybody's at that person, or that person's at anybody
 *   frozenSumMs: number,      all such times of more than half a second, together
 *   paused: number,           for which share of the time the one that was paused longest was said to be; that is not frozen
 *   slowed: number,           senders whose browser made the picture smaller because the machine was busy
 *   frozenBeforeMs: number,   the longest before the limit, of all pictures: what the machine does to them
 *   share?: number,           sent over the link, of the limit, from 15 s on
 *   lowest: number,           of the baseline: the least that 2 s brought
 *   droppedPct: number,
 *   backMs?: number,          from the limit's end until 2 s brought 80 % of the baseline again
 *   others: { frames: number, frozenMs: number },   frames of the pictures not concerned, of those before; the least of them
 * }}
 */
function figuresOf({ theCase, people, way, readings, pictures, beganAt, endedAt }) {
  const at = (time) => readings.findLast((reading) => reading.at <= time) ?? readings[0];
  const kbps = (from, to, name = 'bytes') => {
    const [a, b] = [at(from), at(to)];
    return ((b[name] - a[name]) * 8) / Math.max(1, b.at - a.at);
  };
  const baselineKbps = kbps(readings[0].at, beganAt);
  const after = readings.filter((reading) => reading.at >= beganAt);
  const first = (from, accept, when = 'at') => {
    const found = readings.find((reading) => reading[when] >= from && accept(reading));
    return found && found[when] - from;
  };
  const limit = theCase.limit ?? 0;
  const before = readings.findLast(({ toldAt }) => toldAt < beganAt).senders;
  const last = readings.at(-1);
  const figures = {
    baselineKbps,
    reactionMs: first(
      beganAt,
      ({ senders }) => senders.some(({ targetKbps }, i) => (i === 0) === (way === 'up') && targetKbps < 0.9 * before[i].targetKbps),
      'toldAt',
    ),
    fallMs: limit ? first(beganAt + 500, ({ at }) => kbps(at - 500, at) < limit) : undefined,
    droppedPct: (100 * (last.dropped - after[0].dropped)) / Math.max(1, last.packets - after[0].packets),
    lowest: Math.min(...after.filter(({ at }) => at > beganAt + 2000).map(({ at }) => kbps(at - 2000, at) / baselineKbps)),
    share: limit && !theCase.lift && !theCase.half ? kbps(beganAt + kSettlesAfterMs, endedAt) / limit : undefined,
  };
  if (people > 2 && limit && way === 'down') figures.reactionMs = first(beganAt + 500, ({ at }) => kbps(at - 500, at, 'newBytes') < limit);
  const gaps = (concerned) =>
    pictures.filter((picture) => picture.concerned === concerned).map((picture) => gapsOf(picture, beganAt, endedAt));
  figures.frozenMs = Math.max(...gaps(true).map(({ longest }) => longest));
  figures.frozenSumMs = Math.max(...gaps(true).map(({ sum }) => sum));
  figures.paused = Math.max(...gaps(true).map(({ paused }) => paused)) / (endedAt - beganAt);
  figures.slowed = before.filter((_, i) => readings.some(({ senders }) => senders[i].limitedBy === 'cpu')).length;
  figures.frozenBeforeMs = Math.max(...pictures.map((picture) => gapsOf(picture, readings[0].at, beganAt).longest));
  figures.heights = pictures.flatMap(({ concerned, frames, sizes }) => (concerned ? [sizes[frames.findLastIndex((time) => time <= endedAt)]] : []));
  if (theCase.lift) {
    const liftedAt = beganAt + 1000 * theCase.lift;
    figures.backMs = first(liftedAt + 2000, ({ at }) => kbps(at - 2000, at) >= 0.8 * baselineKbps);
    if (figures.backMs !== undefined) figures.backMs += 2000;
  }
  const others = gaps(false);
  const rates = others.map(({ rate, rateBefore }) => rate / rateBefore);
  figures.others = { frames: Math.min(...rates), frozenMs: Math.max(...others.map(({ longest }) => longest)) };
  return figures;
}

/** The course of a call in steps of two readings, a line each. */
function traceOf({ way, readings, pictures, beganAt }) {
  const concerned = pictures.filter((picture) => picture.concerned);
  const lines = [];
  for (let i = 2; i < readings.length; i += 2) {
    const [a, b] = [readings[i - 2], readings[i]];
    const rate = (name) => Math.round(((b[name] - a[name]) * 8) / (b.at - a.at));
    const frames = concerned.map((picture) => picture.frames.filter((time) => time > a.at && time <= b.at).length);
    const repeated = Math.round(((b.senders[0].repeatedBytes - a.senders[0].repeatedBytes) * 8) / (b.at - a.at));
    const senders = (way === 'up' ? b.senders.slice(0, 1) : b.senders.slice(1)).map(({ targetKbps, height }) => `${Math.round(targetKbps)}/${height}`);
    lines.push(`${((b.at - beganAt) / 1000).toFixed(2)} s: sent ${rate('bytes')} dropped ${rate('droppedBytes')} repeated ${repeated} frames ${frames} senders aim at ${senders}`);
  }
  return lines;
}

/** The longest gap between frames and the sum of long ones from `from` to `to`, pauses left out; and frames a second then and before. */
function gapsOf({ frames, pauses }, from, to) {
  const kLong = 500;
  const before = frames.filter((time) => time < from && time >= from - kBaselineMs).length / (kBaselineMs / 1000);
  const within = pauses.flatMap(([since, until]) => (until > from && since < to ? [[Math.max(since, from), Math.min(until, to)]] : []));
  const paused = within.reduce((sum, [since, until]) => sum + until - since, 0);
  const times = [from, ...frames.filter((time) => time >= from && time < to), to];
  const gaps = times.slice(1).flatMap((time, i) => without(within, [times[i], time]));
  return {
    longest: Math.max(...gaps),
    sum: gaps.filter((gap) => gap > kLong).reduce((sum, gap) => sum + gap, 0),
    paused,
    rate: (times.length - 2) / ((to - from) / 1000),
    rateBefore: before,
  };
}

/** How long the pieces are that pauses leave of a time. */
function without(pauses, [from, to]) {
  const pieces = [];
  let at = from;
  for (const [since, until] of pauses) {
    if (until <= at || since >= to) continue;
    pieces.push(Math.max(0, since - at));
    at = until;
  }
  return [...pieces, Math.max(0, to - at)];
}

/** What of the promised is not so. */
export function shortcomings({ promised }, figures) {
  const off = [];
  const check = (holds, text) => holds || off.push(text);
  const within = (name) => check(figures[name] !== undefined && figures[name] <= promised[name], `${name} ${figures[name]}, promised ${promised[name]}`);
  for (const name of ['reactionMs', 'frozenMs', 'frozenSumMs', 'backMs']) if (promised[name]) within(name);
  if (promised.share) check(figures.share >= promised.share[0] && figures.share <= promised.share[1], `share ${figures.share}, promised ${promised.share}`);
  if (promised.lowest) check(figures.lowest >= promised.lowest, `lowest ${figures.lowest}, promised ${promised.lowest}`);
  check(figures.others.frames >= 0.9, `others see ${figures.others.frames} of the frames they saw before`);
  check(figures.others.frozenMs <= 1000, `others are frozen for ${figures.others.frozenMs} ms`);
  return off;
}

export function line(name, figures) {
  const { baselineKbps, reactionMs, fallMs, frozenMs, frozenSumMs, frozenBeforeMs, paused, share, lowest, droppedPct, backMs, heights, others, busy, slowed } = figures;
  const ms = (value) => (value === undefined ? '-' : `${Math.round(value)} ms`);
  const percent = (value) => (value === undefined ? '-' : `${Math.round(100 * value)} %`);
  return `${name}: before ${Math.round(baselineKbps)} kbit/s and frozen at most ${ms(frozenBeforeMs)}, reaction ${ms(reactionMs)}, under the limit after ${ms(fallMs)}, frozen at most ${ms(frozenMs)}, together ${ms(frozenSumMs)}, paused ${percent(paused)} of the time, of the limit ${percent(share)}, lowest ${percent(lowest)}, dropped ${droppedPct.toFixed(1)} %, back ${ms(backMs)}, height ${heights}, others ${percent(others.frames)} of the frames, frozen ${ms(others.frozenMs)}, machine busy by ${percent(busy)}${slowed ? `, too busy for ${slowed} cameras` : ''}`;
}
