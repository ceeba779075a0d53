// A network with faults between the browsers and Janus: net_emulator.cpp, built where it is first needed, and the network
// namespace that Janus then runs in (setting janus_netns of the stack). Takes root.
//
//   const network = await NetEmulator.start();
//   const stack = await startStack({ ...network.stackSettings, … });
//   await network.set('both', { loss: 3, delay: 100, jitter: 10 });
import { execFile, spawn } from 'node:child_process';
import { mkdir, stat } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const source = fileURLToPath(new URL('./net_emulator.cpp', import.meta.url));
const folder = fileURLToPath(new URL('../../build/tests', import.meta.url));

export class NetEmulator {
  #child;
  #lines;

  static async start() {
    const program = await build();
    const id = String(process.pid % 100_000);
    const subnet = `10.${100 + (process.pid % 100)}.${Math.floor(process.pid / 100) % 250}`;
    const network = new NetEmulator();
    network.namespace = `callroom-${id}`;
    network.address = `${subnet}.2`;
    await run('ip', ['netns', 'add', network.namespace]);
    const devices = [`crn${id}`, `${subnet}.1/24`, `crf${id}`, `${subnet}.2/24`];
    network.#child = spawn(program, [network.namespace, ...devices], { stdio: ['pipe', 'pipe', 'inherit'] });
    network.#lines = createInterface({ input: network.#child.stdout })[Symbol.asyncIterator]();
    try {
      if ((await network.#lines.next()).value !== 'ready') throw new Error('the network emulator did not start');
    } catch (error) {
      await network.stop();
      throw error;
    }
    return network;
  }

  /** Puts Janus on the far side. */
  get stackSettings() {
    return { janus_netns: this.namespace, janus_address: this.address };
  }

  /**
   * @param {'up' | 'down' | 'both'} way up: from the browsers to Janus
   * @param rule ports: UDP ports of a browser, which then have a link of their own
   */
  async set(way, { ports, loss = 0, delay = 0, jitter = 0, rate = 0, queue = 400, ordered = 0 } = {}) {
    const rule = Object.entries({ loss, delay, jitter, rate, queue, ordered }).map(([name, value]) => `${name}=${value}`);
    if (ports) rule.push(`ports=${ports.join(',')}`);
    const answer = await this.#ask(`set ${way} ${rule.join(' ')}`);
    if (answer !== 'ok') throw new Error(`the network emulator refused a rule: ${answer}`);
  }

  /** Forgets the links of ports, and what they counted. */
  async clear() {
    await this.#ask('clear');
  }

  /** By way and SSRC: packets and bytes offered, packets and bytes dropped; the same of `links`, by way and ports. */
  async counts() {
    return JSON.parse(await this.#ask('stat'));
  }

  async #ask(line) {
    this.#child.stdin.write(`${line}\n`);
    return (await this.#lines.next()).value;
  }

  async stop() {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    if (this.#child.exitCode === null) {
      this.#child.stdin.end('quit\n');
      await ended;
    }
    await run('ip', ['netns', 'delete', this.namespace]);
  }
}

async function build() {
  const program = `${folder}/net_emulator`;
  const changed = async (path) => (await stat(path).catch(() => ({ mtimeMs: 0 }))).mtimeMs;
  if ((await changed(program)) < (await changed(source))) {
    await mkdir(folder, { recursive: true });
    await run('g++', ['-std=c++20', '-O2', '-o', program, source]);
  }
  return program;
}
