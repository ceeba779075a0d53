// A TURN server over TLS on loopback whose certificate has expired, from an authority of its own: Debian's coturn.
import { execFile, spawn } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from './free_port.mjs';
import { until } from './stack.mjs';

const run = promisify(execFile);

const kAuthority = `
[ca]
default_ca = own
[own]
database = index.txt
serial = serial
new_certs_dir = .
certificate = ca.pem
private_key = ca.key
default_md = sha256
policy = any
[any]
commonName = supplied
`;

/** { url, stunUrl, caFile, username, password, close() }. The authority's certificate may be read by everybody. */
export async function startExpiredTurn() {
  const folder = await mkdtemp(join(tmpdir(), 'callroom-expired-'));
  await chmod(folder, 0o755);
  await makeCertificate(folder);
  const [port, tlsPort] = [await freePort(), await freePort()];
  const child = spawn(
    'turnserver',
    ['-n', '--listening-ip=127.0.0.1', '--relay-ip=127.0.0.1', `--listening-port=${port}`, `--tls-listening-port=${tlsPort}`, '--no-dtls',
      '--realm=callroom.test', '--lt-cred-mech', '--user=bob:pw', '--allow-loopback-peers', '--no-cli', `--cert=${folder}/expired.pem`,
      `--pkey=${folder}/key.pem`, '--log-file=stdout', `--pidfile=${folder}/pid`, `--userdb=${folder}/db`],
    { stdio: 'ignore' },
  );
  const ended = new Promise((resolve) => child.once('exit', resolve));
  await until(() => accepts(tlsPort), Boolean, { what: 'coturn with TLS' });
  return {
    url: `turns:localhost:${tlsPort}?transport=tcp`,
    stunUrl: `stun:127.0.0.1:${port}`,
    caFile: `${folder}/ca.pem`,
    username: 'bob',
    password: 'pw',
    async close() {
      child.kill();
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function makeCertificate(folder) {
  const openssl = async (command) => await run('openssl', command.split(' '), { cwd: folder });
  await writeFile(join(folder, 'ca.conf'), kAuthority);
  await writeFile(join(folder, 'index.txt'), '');
  await writeFile(join(folder, 'serial'), '1000\n');
  await writeFile(join(folder, 'name.ext'), 'subjectAltName=DNS:localhost\nextendedKeyUsage=serverAuth\n');
  await openssl('req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=Test-authority -keyout ca.key -out ca.pem');
  await openssl('req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout key.pem -out request.pem');
  await openssl(
    'ca -batch -config ca.conf -in request.pem -startdate 20200101000000Z -enddate 20210101000000Z -extfile name.ext -notext -out expired.pem',
  );
  await chmod(join(folder, 'ca.pem'), 0o644);
}

function accepts(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
