// A Postgres of its own on a unix socket in a temporary folder, as an unprivileged user.
import { execFile, execFileSync, spawn } from 'node:child_process';
import { chownSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const versions = '/usr/lib/postgresql';
const bin = join(versions, readdirSync(versions).sort((a, b) => b - a)[0], 'bin');
export const project = resolve(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '../../../..');

// Postgres refuses to run as root.
const asPostgres = process.getuid() === 0 ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups'] : [];

export async function until(what, condition, seconds = 30) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) throw new Error(`not within ${seconds} s: ${what}`);
    await sleep(20);
  }
}

function isRunning(pid) {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

const kEndOfAnswer = '\x1e\n';

/** A psql that stays. It ends when the server does; then there is to be another one. */
class Asking {
  #ended = false;
  #psql;
  #text = '';
  #waiting = [];

  constructor(conninfo, database) {
    this.database = database;
    this.#psql = spawn('psql', ['-XqAt', '-v', 'ON_ERROR_STOP=1', '-d', conninfo], { stdio: ['pipe', 'pipe', 'ignore'] });
    this.#psql.stdin.on('error', () => {});
    this.#psql.stdout.setEncoding('utf8').on('data', (text) => {
      this.#text += text;
      const answers = this.#text.split(kEndOfAnswer);
      this.#text = answers.pop();
      for (const answer of answers) this.#waiting.shift().resolve(answer.split('\n')[0]);
    });
    this.#psql.once('close', () => {
      this.#ended = true;
      for (const { reject } of this.#waiting) reject(new Error(`psql of ${database} has ended`));
    });
  }

  value(text) {
    return new Promise((resolve, reject) => {
      if (this.#ended) return reject(new Error(`psql of ${this.database} has ended`));
      this.#waiting.push({ resolve, reject });
      this.#psql.stdin.write(`${text};\n\\echo '\\036'\n`);
    });
  }

  end() {
    this.#psql.stdin.end();
  }
}

export class Cluster {
  #process;
  #asking;
  #template;

  constructor(settings = {}) {
    this.settings = settings;
    this.folder = temporaryFolder();
    this.data = join(this.folder, 'data');
  }

  async create() {
    await this.#tool('initdb', '--no-sync', '-A', 'trust', '-U', 'callroom_owner', '-E', 'UTF8', '--locale=C.UTF-8', '-D', this.data);
    return this;
  }

  async copyOf(primary) {
    await this.#tool('pg_basebackup', '-R', '-D', this.data, '-h', primary.folder, '-U', 'callroom_owner', '--checkpoint=fast', '--no-sync');
    return this;
  }

  async start() {
    const settings = { listen_addresses: '', unix_socket_directories: this.folder, fsync: 'off', timezone: 'UTC', ...this.settings };
    const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const [command, ...rest] = [...asPostgres, join(bin, 'postgres'), '-D', this.data, ...options];
    this.#process = spawn(command, rest, { stdio: 'ignore' });
    const server = this.#process;
    await until('Postgres answers', () => {
      if (server.exitCode !== null) throw new Error(`postgres ended with ${server.exitCode}`);
      return this.sql('SELECT 1', { database: 'postgres' }).then(() => true, () => false);
    });
    return this;
  }

  /** 'SIGINT': fast; 'SIGQUIT': without a checkpoint, as a crash; 'SIGKILL'. */
  async stop(signal = 'SIGINT') {
    const process = this.#process;
    this.#process = undefined;
    if (!process || process.exitCode !== null) return;
    const ended = new Promise((done) => process.once('exit', done));
    const children = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
    process.kill(signal);
    await ended;
    // A killed postmaster's children finish their statement before they notice, and lock the data folder until then.
    await until('the last of its processes to be gone', () => !children.some(isRunning));
  }

  async destroy() {
    this.#asking?.end();
    await this.stop('SIGQUIT');
    rmSync(this.folder, { recursive: true, force: true });
  }

  promote() {
    return this.#tool('pg_ctl', 'promote', '-D', this.data);
  }

  #tool(name, ...rest) {
    const [command, ...options] = [...asPostgres, join(bin, name), ...rest];
    return run(command, options, { cwd: this.folder });
  }

  conninfo(role, database) {
    return `host=${this.folder} user=${role} dbname=${database}`;
  }

  /** Rows as arrays of text; NULL is the empty text. Of several statements in an array each is a transaction of its own. */
  async sql(text, { database, role = 'callroom_owner' } = {}) {
    const { stdout } = await run('psql', ['-XqAt', '-F', '\t', '-v', 'ON_ERROR_STOP=1', '-d', this.conninfo(role, database ?? this.database), ...[text].flat().flatMap((one) => ['-c', one])], {
      maxBuffer: 1 << 28,
    });
    return stdout.split('\n').slice(0, -1).map((line) => line.split('\t'));
  }

  async value(text, options) {
    return (await this.sql(text, options))[0]?.[0];
  }

  /** Does `statement` in a transaction that stays open until what this returns is called. */
  async holding(statement) {
    const session = spawn('psql', ['-XqAt', '-v', 'ON_ERROR_STOP=1', '-d', this.conninfo('callroom_owner', this.database)], { stdio: ['pipe', 'pipe', 'inherit'] });
    const ended = new Promise((done) => session.once('exit', done));
    const done = new Promise((resolve) => session.stdout.once('data', resolve));
    session.stdin.write(`BEGIN; ${statement}; SELECT 'held';\n`);
    await Promise.race([done, ended.then((code) => Promise.reject(new Error(`${statement}: psql ended with ${code}`)))]);
    return async () => {
      session.stdin.end('COMMIT;\n');
      await ended;
    };
  }

  /** The one value of a question that is asked again and again: on one connection as the owner, not by a program each time. */
  async poll(text) {
    if (this.#asking?.database === this.database) {
      try {
        return await this.#asking.value(text);
      } catch {
        // The server was away in between.
      }
    }
    this.#asking?.end();
    this.#asking = new Asking(this.conninfo('callroom_owner', this.database), this.database);
    return this.#asking.value(text);
  }

  /** A database with the present schema and "admin" in admin_roles; this cluster's sql() asks it from now on. */
  async newDatabase(name) {
    if (!this.#template) {
      await this.sql('CREATE DATABASE migrated', { database: 'postgres' });
      await this.migrate('migrated');
      await this.sql("INSERT INTO admin_roles (user_id) VALUES ('admin')", { database: 'migrated' });
      this.#template = 'migrated';
    }
    await this.sql(`CREATE DATABASE ${name} TEMPLATE ${this.#template}`, { database: 'postgres' });
    this.database = name;
    return name;
  }

  migrate(name) {
    return run(join(project, 'sql/migrate'), [this.conninfo('callroom_owner', name)]);
  }
}

export function temporaryFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'callroom-storage-'));
  if (process.getuid() === 0) {
    const id = (flag) => Number(execFileSync('id', [flag, 'postgres']));
    chownSync(folder, id('-u'), id('-g'));
  }
  return folder;
}
