// Storms: people in one room who all change what they send at the same instant, round after round, at random but from a
// seed. A round passes only if within 2 s every connection is stable again, every change has arrived at everybody, and
// every receiving m-line decodes new frames. An m-line check of the descriptions alone would not do: video can stand
// still though they are right.
//
//   const storm = await Storm.begin({ kind: 'callroom', pages, url: stack.webSocket, room, seed });
//   const result = await storm.run(500);   // { rounds, failed: […], settledMs: […], flowingMs: […] }
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from '../../admin-web/node_modules/esbuild/lib/main.js';
import { emptyPage, kPageClient } from './browser.mjs';

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));

const kMemberFiles = ['member', 'room_member', 'pair_members', 'videocall_member'];
const kWithinMs = 2000;
const kGraceMs = 10_000; // after a round that failed: was it late, or is it stuck?
const kMaxSkewMs = 60;
const kLeadMs = 40; // for the command to reach every page before its moment
const kSources = { video: ['camera', 'screen'], audio: ['microphone', 'screen_audio'] };
const kNames = ['a', 'b', 'c', 'd', 'e', 'f'];
const kAllSources = [...kSources.video, ...kSources.audio];

/** Numbers from 0 to 1 that a seed repeats (mulberry32). */
export function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

let roomClient;
/** The product's room client as a script that sets `callroom`. */
async function roomClientScript() {
  const entryPoints = [path('../../admin-web/src/room-client/index.ts')];
  roomClient ??= build({ entryPoints, bundle: true, write: false, format: 'iife', globalName: 'callroom', target: 'es2022' });
  return `${(await roomClient).outputFiles[0].text};window.callroom = callroom;`;
}

/** A page in which one person of a storm can be. */
export async function stormPage(browser) {
  const page = await emptyPage(browser);
  await page.evaluate(readFileSync(kPageClient, 'utf8'));
  await page.evaluate(await roomClientScript());
  for (const name of kMemberFiles) await page.evaluate(readFileSync(path(`./storm_members/${name}.js`), 'utf8'));
  await page.evaluate(async () => {
    window.devices = await storm.Devices.open({ width: 160, height: 120, frameRate: 10 });
  });
  return page;
}

export class Storm {
  #options;
  #random;
  #people; // [{ user, page, sends: Map of source to muted }]
  #generation = 0;
  rounds = 0;
  failed = [];
  settledMs = [];
  flowingMs = [];
  metMs = []; // from the first one's joining until everybody saw everybody

  /**
   * @param options kind: of storm_members/; pages; url: of Janus's WebSockets; room: async (n) => name, makes one;
   *   changes: restarts or additions alone; maxSkewMs; apartMs: between one's joining and the
   *   next one's; delayMs: of signaling, one way; withinMs: of a round, 2000 unless said; seed; onFailure
   */
  static async begin(options) {
    const storm = new Storm();
    storm.#options = { mutes: options.kind === 'callroom', ...options };
    storm.#random = seeded(options.seed);
    storm.#people = options.pages.map((page) => ({ page, sends: new Map() }));
    await storm.#setUp();
    return storm;
  }

  /** Everybody joins a fresh room with microphone and camera, and sees everybody. */
  async #setUp() {
    const { kind, url, room, delayMs, iceTransportPolicy, apartMs } = this.#options;
    const where = { url, room: await room(++this.#generation), delayMs, iceTransportPolicy };
    // Who is polite toward whom follows from the names; who comes first is another matter.
    const names = kNames.slice(0, this.#people.length).toSorted(() => this.#random() - 0.5);
    for (const [i, person] of this.#people.entries()) {
      person.user = names[i];
      person.sends = new Map([['microphone', false], ['camera', false]]);
    }
    const begun = performance.now();
    const firstUser = this.#people[0].user;
    const joins = [];
    for (const { user, page } of this.#people) {
      // Of videocall's two the second calls the first, who must be registered.
      const others = this.#people.length - 1;
      const joined = page.evaluate(joinPage, { kind, user, where, others, calls: user === firstUser ? undefined : firstUser });
      joined.catch(() => undefined);
      if (kind === 'videocall') await page.waitForFunction(() => window.registered);
      joins.push(joined);
      if (apartMs) await new Promise((resolve) => setTimeout(resolve, apartMs));
    }
    await Promise.all(joins);
    const answers = await this.#ask((person) => ({ expected: this.#expected(person), restarts: false, withinMs: 15_000 }), (task) => window.member.await(task.expected, false, task.withinMs));
    const missing = answers.filter((answer) => answer.missing);
    if (missing.length > 0) throw new Error(`the storm's people did not meet: ${JSON.stringify(missing)}\n${await this.#describe()}`);
    this.metMs.push(performance.now() - begun);
  }

  /** Everybody leaves, and comes again to another room. */
  async meetAgain(times) {
    for (let i = 0; i < times; ++i) {
      await this.leave();
      await this.#setUp();
    }
  }

  async #ask(task, work) {
    return await Promise.all(this.#people.map((person) => person.page.evaluate(work, task(person))));
  }

  #expected(person) {
    const others = this.#people.filter((other) => other !== person);
    return Object.fromEntries(others.map(({ user, sends }) => [user, [...sends].map(([source, muted]) => ({ source, muted }))]));
  }

  async run(rounds, { untilMs = Number.POSITIVE_INFINITY } = {}) {
    const deadline = performance.now() + untilMs;
    for (let i = 0; i < rounds && performance.now() < deadline; ++i) await this.#round();
    return this;
  }

  async #round() {
    ++this.rounds;
    const changes = this.#chooseChanges();
    const start = performance.timeOrigin + performance.now() + kLeadMs;
    const skews = this.#people.map(() => this.#random() * (this.#options.maxSkewMs ?? kMaxSkewMs));
    let index = 0;
    const answers = await this.#ask((person) => {
      const own = changes[index];
      const at = start + skews[index++];
      const restarts = own.some(({ what }) => what === 'restart');
      return { changes: own, at, expected: this.#expected(person), restarts, withinMs: this.#options.withinMs ?? kWithinMs };
    }, (task) => window.member.round(task));
    const begun = Math.min(...answers.map((answer) => answer.begun));
    const last = Math.max(...answers.map((answer) => answer.begun));
    const missing = answers.flatMap((answer, i) => (answer.missing ? [`${this.#people[i].user}: ${answer.missing}`] : []));
    if (missing.length > 0) return await this.#fail(changes, skews, missing);
    this.settledMs.push(Math.max(...answers.map(({ settled }) => settled)) - last);
    this.flowingMs.push(Math.max(...answers.map(({ flowing }) => flowing)) - begun);
  }

  async #fail(changes, skews, missing) {
    const report = { round: this.rounds, changes: changes.map((own, i) => `${this.#people[i].user} +${Math.round(skews[i])} ms: ${own.map(({ what, source }) => `${what} ${source ?? ''}`).join(', ')}`), missing };
    report.state = await this.#describe();
    const begun = performance.now();
    const later = await this.#ask(
      (person) => ({ expected: this.#expected(person), withinMs: kGraceMs }),
      (task) => window.member.await(task.expected, false, task.withinMs),
    );
    report.verdict = later.some((answer) => answer.missing) ? 'stuck' : 'late';
    report.lateMs = Math.round(performance.now() - begun);
    this.failed.push(report);
    this.#options.onFailure?.(report);
    if (report.verdict === 'stuck') {
      await this.leave();
      await this.#setUp();
    }
  }

  /** Nobody changes anything for so long: for each m-line of video on a page, how long it stood still at most, and what was resent. */
  async watch(page, forMs) {
    return await page.evaluate((time) => window.member.watch(time), forMs);
  }

  async #describe() {
    return JSON.stringify(await this.#ask(() => null, () => window.member.describe()), null, 1);
  }

  async leave() {
    await this.#ask(() => null, () => window.member.leave().catch(() => undefined));
  }

  // ---- what is changed ----

  #pick(list) {
    return list[Math.floor(this.#random() * list.length)];
  }

  /** For each person what they change this round; `sends` of each is brought up to date. */
  #chooseChanges() {
    const kind = this.#random();
    if (this.#options.changes === 'restarts' || (!this.#options.changes && kind < 0.15)) return this.#people.map(() => [{ what: 'restart' }]);
    if (this.#options.changes === 'additions' || (!this.#options.changes && kind < 0.35)) return this.#crossingAdditions();
    return this.#people.map((person) => this.#anything(person));
  }

  /** One adds video while the other adds audio; who has both takes one away. */
  #crossingAdditions() {
    return this.#people.map((person, i) => {
      const source = i % 2 === 0 ? 'screen' : 'screen_audio';
      return [this.#toggle(person, source)];
    });
  }

  #anything(person) {
    const changes = [];
    const sources = kAllSources.toSorted(() => this.#random() - 0.5);
    const count = this.#random() < 0.2 ? 2 : 1;
    for (const source of sources.slice(0, count)) {
      const kind = this.#random();
      if (kind < 0.2) changes.push({ what: 'restart' });
      else if (kind < 0.35 && this.#options.mutes && person.sends.has(source)) changes.push(this.#toggleMute(person, source));
      else changes.push(this.#toggle(person, source));
    }
    return changes;
  }

  /** Published or taken away; the last one stays, as without any m-line there is nothing to measure. */
  #toggle(person, source) {
    if (person.sends.has(source) && person.sends.size > 1) {
      person.sends.delete(source);
      return { what: 'unpublish', source };
    }
    if (person.sends.has(source)) return { what: 'restart' };
    person.sends.set(source, false);
    return { what: 'publish', source };
  }

  #toggleMute(person, source) {
    const muted = !person.sends.get(source);
    person.sends.set(source, muted);
    return { what: muted ? 'mute' : 'unmute', source };
  }
}

async function joinPage({ kind, user, where, others, calls }) {
  window.member = new storm.members[kind](user, window.devices);
  for (const source of ['microphone', 'camera']) window.member.tracks.set(source, undefined);
  window.registered = false;
  await window.member.join(where, others, calls);
}
