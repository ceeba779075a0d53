// The rounds of tests/bench/call_cpu: starts what is measured and who calls, reads Janus's time, judges.
import { fork } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { startStack, until } from '../support/stack.mjs';

const kProcesses = 2;
const kMostLost = 0.01;
const kTickMs = 10; // of /proc: USER_HZ is 100 everywhere

const options = { calls: 50, kbps: 270, fps: 15, rounds: 4, seconds: 12, warmup: 6, most: 1.05, plugins: 'callroom,videoroom', terms: 'common', detail: 0, plugin: '' };
for (const word of process.argv.slice(2)) {
  const [, name, value] = /^(\w+)=(.+)$/.exec(word) ?? [];
  const number = typeof options[name] === 'number';
  if (!(name in options) || (number && !(Number(value) >= 0))) fail(`no such option: ${word} (--help)`);
  options[name] = number ? Number(value) : value;
}
const plugins = options.plugins.split(',');
if (plugins.length !== 2 || plugins.some((name) => !['callroom', 'videoroom'].includes(name))) fail('plugins are two of callroom and videoroom');
const built = options.plugin || fileURLToPath(new URL('../../build/release/libjanus_callroom.so', import.meta.url));
if (!['common', 'browser'].includes(options.terms)) fail('terms are common or browser');
if (plugins.includes('callroom') && !existsSync(built)) fail(`no ${built} (cmake --preset release && cmake --build --preset release)`);

function fail(text) {
  console.error(`call_cpu: ${text}`);
  process.exit(2);
}

/** Each plugin alone in a Janus with the same settings. */
const kStacks = {
  callroom: { services: 'postgres janus', plugin: built, web: 'none' },
  videoroom: { services: 'janus', plugin: 'none', janus_plugins: 'videoroom', web: 'none' },
};

// --- processes --------------------------------------------------------------------------------------------------------

class Callers {
  #child = fork(new URL('call_load.mjs', import.meta.url));
  #waiting = new Map();
  #next = 0;
  get pid() {
    return this.#child.pid;
  }

  constructor() {
    this.#child.on('message', ({ id, result, error }) => {
      const { resolve, reject } = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error) reject(new Error(error));
      else resolve(result);
    });
    this.#child.on('exit', (code, signal) => {
      this.ended = true;
      for (const { reject } of this.#waiting.values()) reject(new Error(`the callers' process ended: ${signal ?? code}`));
    });
  }

  run(command, values) {
    return new Promise((resolve, reject) => {
      const id = this.#next++;
      this.#waiting.set(id, { resolve, reject });
      this.#child.send({ id, command, values }, (error) => error && reject(new Error("the callers' process has ended")));
    });
  }

  async end() {
    if (this.ended) return;
    const gone = new Promise((resolve) => this.#child.once('exit', resolve));
    await this.run('end').catch(() => this.#child.kill());
    await gone;
  }
}

/** Fields of a line of /proc/<pid>/stat from the third on. */
const statFields = (file) => readFileSync(file, 'utf8').replace(/^.*\) /s, '').split(' ');

/** Milliseconds that a process spent on the processors, its ended threads included. */
function processMs(pid) {
  const fields = statFields(`/proc/${pid}/stat`);
  return (Number(fields[11]) + Number(fields[12])) * kTickMs;
}

/** … and its threads, by the first word of their names; ended ones are not among them. */
function threadMs(pid) {
  const times = new Map();
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    const name = readFileSync(`/proc/${pid}/task/${task}/comm`, 'utf8').replace(/[\s\d].*$/s, '');
    const ms = Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
    const { ms: sum = 0, count = 0 } = times.get(name) ?? {};
    times.set(name, { ms: sum + ms, count: count + 1 });
  }
  return times;
}

/** Milliseconds of all that takes part: what else the machine does disturbs. */
const ownMs = (pid, callers) => [process.pid, pid, ...callers.map((each) => each.pid)].reduce((sum, each) => sum + processMs(each), 0);

/** Milliseconds that all processors together were idle. */
function idleMs() {
  return cpus().reduce((sum, { times }) => sum + times.idle, 0);
}

// --- one measurement --------------------------------------------------------------------------------------------------

const sleep = (seconds) => new Promise((resolve) => setTimeout(resolve, 1000 * seconds));

/** In a Janus of its own: one that runs stays some percent dearer or cheaper than the next, as its memory happens to lie. */
async function measure(plugin) {
  const stack = await startStack(kStacks[plugin]);
  try {
    const result = await measureIn(stack, plugin);
    if (plugin === 'callroom') await measured(stack, 2 * options.calls);
    return result;
  } finally {
    await stack.close();
  }
}

async function measureIn(stack, plugin) {
  const callers = Array.from({ length: kProcesses }, () => new Callers());
  const all = (command, of = () => undefined) => Promise.all(callers.map((each, i) => each.run(command, of(i))));
  try {
    const pid = await stack.pid('janus');
    const share = (i) => Math.floor((options.calls * (i + 1)) / kProcesses) - Math.floor((options.calls * i) / kProcesses);
    const terms = await all('connect', (i) => ({
      plugin, webSocket: stack.webSocket, first: 1 + i * options.calls, calls: share(i), kbps: options.kbps, fps: options.fps, roomKbps: 4 * options.kbps, terms: options.terms,
    }));
    await all('start');
    if (options.detail) console.log(`sending to ${plugin} in process ${pid}`); // for a profiler
    await sleep(options.warmup);
    const look = async () => ({ counts: await all('count'), ms: processMs(pid), threads: threadMs(pid), own: ownMs(pid, callers), idle: idleMs(), at: performance.now() });
    const before = await look();
    await sleep(options.seconds);
    const after = await look();
    return { plugin, terms: terms[0], ...difference(before, after) };
  } finally {
    await Promise.all(callers.map((each) => each.end()));
  }
}

function difference(before, after) {
  const seconds = (after.at - before.at) / 1000;
  const grown = (name) => after.counts.reduce((sum, counts, i) => sum + counts[name] - before.counts[i][name], 0);
  const sent = grown('sent');
  const received = grown('received');
  const ms = after.ms - before.ms;
  const threads = [...after.threads].map(([name, { ms, count }]) => ({ name, count, ms: ms - (before.threads.get(name)?.ms ?? 0) }));
  return {
    seconds, sent, received, ms, threads,
    usPerPacket: (1000 * ms) / received,
    feedback: grown('feedback'),
    heard: kinds(after).map(([kind, count]) => [kind, count - new Map(kinds(before)).get(kind)]),
    keyFrames: grown('keyFrames'),
    busy: 1 - (after.idle - before.idle) / (1000 * seconds * cpus().length),
    own: (after.own - before.own) / (1000 * seconds * cpus().length),
    lateMs: Math.max(...after.counts.map(({ lateMs }) => lateMs)),
    silent: after.counts.some(({ fewest }, i) => fewest <= before.counts[i].fewest),
  };
}

/** RTCP that senders heard so far, by kind. */
const kinds = ({ counts }) => Object.keys(counts[0].heard).map((kind) => [kind, counts.reduce((sum, { heard }) => sum + heard[kind], 0)]);

function print(round, { plugin, seconds, sent, received, ms, usPerPacket, feedback, heard, keyFrames, busy, own, lateMs, threads }) {
  const per = (count, digits = 0) => (count / seconds).toFixed(digits);
  console.log(
    `round ${round}  ${plugin.padEnd(9)}  ${usPerPacket.toFixed(2)} us a packet   Janus ${((ms / seconds) / 10).toFixed(1)} % of a processor   ` +
      `${per(sent)} packets/s sent, ${per(received)} received (${((100 * received) / sent).toFixed(2)} %)   RTCP of receivers ${per(feedback)}/s   ` +
      `key frames ${per(keyFrames, 1)}/s   machine ${(100 * busy).toFixed(0)} % busy, ${(100 * Math.max(0, busy - own)).toFixed(0)} % with other things; senders late by at most ${lateMs.toFixed(0)} ms`,
  );
  if (!options.detail) return;
  console.log(`    RTCP to senders: ${heard.map(([kind, count]) => `${kind} ${per(count)}/s`).join(', ')}`);
  for (const { name, count, ms } of threads.sort((a, b) => b.ms - a.ms).filter(({ ms }) => ms > 0.1 * seconds)) {
    console.log(`    ${name.padEnd(16)} ${String(count).padStart(4)} threads  ${(ms / seconds / 10).toFixed(2).padStart(6)} %`);
  }
}

/** What makes a measurement worthless. */
function flaws({ plugin, sent, received, silent }) {
  const found = [];
  if (Math.abs(sent - received) > kMostLost * sent) found.push(`${plugin}: ${sent} packets were sent and ${received} received`);
  if (silent) found.push(`${plugin}: somebody received nothing`);
  return found;
}

/** Callroom did measure: there is a row for each person, with what was lost both ways. */
async function measured(stack, people) {
  const rows = () => stack.rows('SELECT count(*)::int AS n FROM session_quality_logs WHERE packet_loss_in_pct IS NOT NULL AND packet_loss_out_pct IS NOT NULL');
  await until(rows, ([{ n }]) => n === people, { what: `${people} rows with figures of both directions` });
}

function tellTerms(results) {
  const words = (lines) => lines.map((line) => line.join(', ')).join(' | ');
  for (const { plugin, terms } of results) console.log(`${plugin}: sending ${words(terms.sending)}; receiving ${words(terms.receiving)}`);
}

const median = (values) => {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.ceil((sorted.length - 1) / 2)]) / 2;
};

// --- the rounds -------------------------------------------------------------------------------------------------------

const ratios = [];
const found = [];
console.log(`${options.calls} calls of two; 50 packets of audio a second and video of ${options.kbps} kbit/s, ${options.fps} frames a second, from each person; ${options.seconds} s a measurement`);
for (let round = 1; round <= options.rounds; ++round) {
  const results = [];
  for (const at of round % 2 === 1 ? [0, 1] : [1, 0]) {
    const result = await measure(plugins[at]);
    results[at] = result;
    print(round, result);
    found.push(...flaws(result));
  }
  const [one, other] = results;
  if (round === 1) tellTerms(results);
  if (options.terms === 'common' && !isDeepStrictEqual(one.terms, other.terms)) found.push('other codecs or extensions were agreed on');
  ratios.push(one.usPerPacket / other.usPerPacket);
  console.log(`round ${round}  ratio ${ratios.at(-1).toFixed(3)}`);
}
for (const text of new Set(found)) console.log(`NOT COMPARABLE: ${text}`);
const ratio = median(ratios);
const passed = found.length === 0 && ratio <= options.most;
console.log(`${plugins.join(' / ')}: median ratio ${ratio.toFixed(3)} (${Math.min(...ratios).toFixed(3)} to ${Math.max(...ratios).toFixed(3)}), at most ${options.most}: ${passed ? 'PASS' : 'FAIL'}`);
process.exitCode = passed ? 0 : 1;
