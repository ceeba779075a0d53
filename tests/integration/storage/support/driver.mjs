// The storage_driver program: a Janus without Janus.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { project } from './cluster.mjs';

const program = process.env.STORAGE_DRIVER ?? join(project, 'build/release/tests/integration/storage/storage_driver');

const running = new Set();

/** Ends the drivers that failed tests have left: as long as one runs, the tests' own process does not end. */
export async function killDrivers() {
  await Promise.all([...running].map((driver) => driver.kill()));
}

export class Driver {
  lines = [];
  log = '';
  #waiting = [];

  /** options: {writer, reader, node, …} as the program takes them; an array makes several. */
  constructor(dataDir, options = {}) {
    const words = Object.entries(options).flatMap(([name, value]) => [value].flat().map((one) => `${name}=${one}`));
    this.process = spawn(program, [dataDir, ...words]);
    this.process.stderr.on('data', (text) => {
      this.log += text;
    });
    this.process.stdin.on('error', () => {});
    createInterface({ input: this.process.stdout }).on('line', (line) => {
      this.lines.push(line);
      this.#waiting = this.#waiting.filter(({ pattern, resolve }) => !pattern.test(line) || resolve(line));
    });
    this.ended = new Promise((resolve) => this.process.once('close', resolve));
    running.add(this);
    this.ended.then(() => {
      running.delete(this);
      for (const { reject, pattern } of this.#waiting) reject(new Error(`ended before ${pattern}\n${this.log}`));
    });
  }

  static async open(dataDir, options) {
    const driver = new Driver(dataDir, options);
    await driver.next(/^(ready|refused)/);
    return driver;
  }

  next(pattern) {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ pattern, resolve: (line) => void resolve(line), reject });
    });
  }

  say(line) {
    this.process.stdin.write(`${line}\n`);
  }

  async ask(line, pattern) {
    const answer = this.next(pattern);
    this.say(line);
    return answer;
  }

  /** {finished, disk, memory, refused, caller_us_max, caller_us_p99, over_100_us, waited, faulted, preempted} */
  async finish(count, first, endedUs = 0) {
    const words = (await this.ask(`finish ${count} ${first} ${endedUs}`, /^finished /)).split(' ');
    return Object.fromEntries(words.flatMap((word, at) => (at % 2 === 0 ? [[word, Number(words[at + 1])]] : [])));
  }

  /** How often a thread that does nothing else loses its processor for over 100 us. */
  async spin(ms) {
    return Number((await this.ask(`spin ${Math.ceil(ms)}`, /^spun gaps /)).split(' ')[2]);
  }

  async admin(request, fields = {}) {
    return JSON.parse(await this.ask(JSON.stringify({ request, ...fields }), /^\{/));
  }

  health() {
    return this.admin('health');
  }

  async stop(ms = 10_000) {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    this.say(`stop ${ms}`);
    await this.ended;
  }

  async kill() {
    this.process.kill('SIGKILL');
    await this.ended;
  }
}
