// Calls over a network that gets narrow for one person, in one direction, and what that does to everybody's pictures.
// The same call through janus.plugin.callroom and, for comparison, janus.plugin.videoroom as shipped.
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { rulesOf } from './adaptation_cases.mjs';
import { figuresOf, kBaselineMs, traceOf } from './adaptation_figures.mjs';
import { clientPage, launchBrowser } from './browser.mjs';
import { JanusClient } from './janus_client.mjs';
import { writeMovingPicture } from './moving_picture.mjs';
import { NetEmulator } from './net_emulator.mjs';
import { startStack, until } from './stack.mjs';

const kEveryMs = 100;
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
   * @returns figures; see figuresOf. And `busy`: share of the machine's time; `limitedBy`: what events said.
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
