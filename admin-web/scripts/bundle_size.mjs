// Prints the size of each page's scripts and styles as sent (gzip), and fails where a page is over its limit.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const limitBytes = 60 * 1024;
const dist = join(dirname(fileURLToPath(import.meta.url)), '..', 'dist');

/** A page's own files and, through their imports, all that they load. */
function filesOf(page) {
  const html = readFileSync(join(dist, page), 'utf8');
  const found = new Set();
  const visit = (path) => {
    if (found.has(path)) return;
    found.add(path);
    if (!path.endsWith('.js')) return;
    const source = readFileSync(join(dist, path), 'utf8');
    for (const [, name] of source.matchAll(/["']\.\/([\w.-]+\.(?:js|css))["']/g)) visit(`assets/${name}`);
  };
  for (const [, path] of html.matchAll(/(?:src|href)="\/(assets\/[^"]+\.(?:js|css))"/g)) visit(path);
  return [...found];
}

let failed = false;
for (const page of ['index.html', 'admin/index.html']) {
  let total = gzipSync(readFileSync(join(dist, page))).length;
  for (const file of filesOf(page)) total += gzipSync(readFileSync(join(dist, file)), { level: 9 }).length;
  failed ||= total > limitBytes;
  console.log(`${page}: ${(total / 1024).toFixed(1)} kB of ${limitBytes / 1024} kB, gzip`);
}
process.exitCode = failed ? 1 : 0;
