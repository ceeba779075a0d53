// Imported first by commands that need more of Node than Debian's has (a WebSocket): where it is missing, the command starts again
// in the Node that the lock file of admin-web names.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

if (typeof WebSocket === 'undefined') {
  const node = fileURLToPath(new URL('../../admin-web/node_modules/.bin/node', import.meta.url));
  const { status, error } = spawnSync(node, process.argv.slice(1), { stdio: 'inherit' });
  if (error) console.error(`${error.message}: npm ci --prefix admin-web brings it`);
  process.exit(status ?? 1);
}
