// Prints the size of what each page loads at first, as sent (gzip), and fails where a page is over its limit; then the parts that
// are loaded when they are opened.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const limitBytes = 60 * 1024;
const dist = join(dirname(fileURLToPath(import.meta.url)), '..', 'dist');

const sent = (file) => gzipSync(readFileSync(join(dist, file)), { level: 9 }).length;
const kilobytes = (bytes) => (bytes / 1024).toFixed(1);

/** A page's own files and, through their static imports, all that they load. */
function filesOf(page) {
  const html = readFileSync(join(dist, page), 'utf8');
  const found = new Set();
  const visit = (path) => {
    if (found.has(path)) return;
    found.add(path);
    if (!path.endsWith('.js')) return;
    const source = readFileSync(join(dist, path), 'utf8');
    for (const [, name] of source.matchAll(/(?:from|import)\s*["']\.\/([\w.-]+\.(?:js|css))["']/g))
      visit(`assets/${name}`);
  };
  for (const [, path] of html.matchAll(/(?:src|href)="\/(assets\/[^"]+\.(?:js|css))"/g)) visit(path);
  return [...found];
}

const counted = new Set();
for (const page of ['index.html', 'admin/index.html']) {
  let total = sent(page);
  for (const file of filesOf(page)) {
    counted.add(file);
    total += sent(file);
  }
  if (total > limitBytes) process.exitCode = 1;
  console.log(`${page}: ${kilobytes(total)} kB of ${limitBytes / 1024} kB, gzip`);
}
for (const name of readdirSync(join(dist, 'assets'))) {
  const file = `assets/${name}`;
  if (!counted.has(file) && /\.(js|css)$/.test(name)) console.log(`when opened: ${name}: ${kilobytes(sent(file))} kB`);
}
