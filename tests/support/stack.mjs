// A private stack for a test file: Postgres, coturn, Janus with the plugin, nginx, started and removed by conf/stack.
//
//   const stack = await startStack({ session_timeout: 5, 'plugin.general.max_rooms': 3 });
//   after(() => stack.close());
//
// Settings are those of conf/lib/stack.sh. Where CALLROOM_SANITIZER says so, Janus runs the sanitized build, and closing
// fails with what the sanitizers found.
import { execFile, spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import pg from 'pg';
import { AdminApi } from './admin_api.mjs';

const run = promisify(execFile);
const project = fileURLToPath(new URL('../..', import.meta.url));
const stackCommand = `${project}/conf/stack`;
const kSanitizer = process.env.CALLROOM_SANITIZER ?? '';
const kPresets = { '': 'release', address: 'asan', thread: 'tsan' };

/** @param {Record<string, string | number>} settings */
export async function startStack(settings = {}) {
  const all = {
    fsync: 'off',
    plugin: process.env.CALLROOM_PLUGIN ?? `${project}/build/${kPresets[kSanitizer]}/libjanus_callroom.so`,
    janus_sanitizer: kSanitizer,
    ...settings,
  };
  const words = Object.entries(all).map(([name, value]) => `${name}=${value}`);
  const child = spawn(stackCommand, ['run', ...words], { stdio: ['pipe', 'pipe', 'pipe'] });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    complaint += text;
  });
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith('ready ')) return new Stack(child, line.slice('ready '.length), await settingsOf(line.slice(6)));
  }
  throw new Error(`the stack did not start:\n${complaint}`);
}

/** A stack that somebody else started and will stop: detach() lets go of it. */
export async function attachStack(dir) {
  return new Stack(undefined, dir, await settingsOf(dir));
}

async function settingsOf(dir) {
  const lines = (await readFile(`${dir}/stack.env`, 'utf8')).trimEnd().split('\n');
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}

export class Stack {
  #child;
  #pool;

  constructor(child, dir, settings) {
    this.#child = child;
    this.dir = dir;
    this.settings = settings;
    this.web = `http://${settings.web_address}:${settings.web_port}`;
    this.webSocket = `ws://${settings.janus_address}:${settings.ws_port}/`;
    this.admin = new AdminApi(`http://${settings.janus_address}:${settings.admin_port}/admin`, settings.admin_secret);
    // As the owner, so that row-level security hides nothing from the tests.
    this.#pool = new pg.Pool({ host: `${dir}/run`, user: 'callroom_owner', database: 'callroom', max: 4 });
    this.#pool.on('error', () => undefined); // a test may stop the server; queries tell
  }

  /** Rows of a query, as the tables' owner. */
  async rows(sql, values = []) {
    return (await this.#pool.query(sql, values)).rows;
  }

  /** The rows of a room's sessions, once there are so many; the writer thread is behind by a moment. */
  async sessionRows(room, count, timeoutMs = 10_000) {
    return await until(
      () => this.rows('SELECT * FROM session_quality_logs WHERE room = $1 ORDER BY user_id, started_at', [room]),
      (rows) => rows.length >= count,
      { timeoutMs, what: `${count} rows of room ${room}` },
    );
  }

  async stop(service, signal = 'TERM') {
    await run(stackCommand, ['stop', this.dir, service, signal]);
  }

  async start(service) {
    await run(stackCommand, ['start', this.dir, service]);
  }

  /** The id of a service's process. */
  async pid(service) {
    return Number(await readFile(`${this.dir}/run/${service}.pid`, 'utf8'));
  }

  async log(service) {
    return await readFile(`${this.dir}/log/${service}.log`, 'utf8');
  }

  /** What the sanitizers wrote; they write a part of it, leaks, when Janus ends. */
  async sanitizerReports() {
    const names = (await readdir(`${this.dir}/log`)).filter((name) => name.startsWith('sanitizer'));
    return await Promise.all(names.map((name) => readFile(`${this.dir}/log/${name}`, 'utf8')));
  }

  async detach() {
    await this.#pool.end();
  }

  /** Stops and removes everything. Throws what the sanitizers found. */
  async close() {
    await this.detach();
    if (kSanitizer) await this.stop('janus');
    const reports = kSanitizer ? await this.sanitizerReports() : [];
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.stdin.end();
    if (this.#child.exitCode === null) await ended;
    if (reports.length > 0) throw new Error(`the sanitizers found:\n${reports.join('\n')}`);
  }
}

/** Waits for a condition: asks again and again until `done` accepts the answer, and returns it. */
export async function until(ask, done = Boolean, { timeoutMs = 10_000, everyMs = 50, what = 'the condition' } = {}) {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (done(answer)) return answer;
    if (performance.now() > deadline) throw new Error(`${what}: not within ${timeoutMs} ms; last: ${JSON.stringify(answer)}`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
