// What the panel is like while something is awaited, goes wrong or is unknown; without a mouse, in another time zone; and what its
// exports hold.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { loaded, plain, show, startPanel } from '../support/panel.mjs';

const kSessions = 5000;
const kFormula = '=HYPERLINK("http://example.org")';
const kPlainRow = '20000000-0000-4000-8000-000000000001';

let panel;
let stack;
before(async () => {
  panel = await startPanel(kSessions);
  ({ stack } = panel);
  await stack.rows(
    `INSERT INTO session_quality_logs (session_id, created_at, started_at, ended_at, duration_s, node, room, user_id, display, provider,
       media_path, measured_by, overall_quality, end_reason, score_version, samples)
     VALUES ($1, now(), now() - interval '5 s', now(), 5, 'node-1', 'formulas', 'mallory', $2, 'janus', 'relay', 'server', 'failed', 'left', 1, 0)`,
    [kPlainRow, kFormula],
  );
}, { timeout: 120_000 });
after(() => panel?.close());

/** Requests of this name wait until they are let go; resolves with the first that came, as often as it is asked. */
async function hold(page, name, which = () => true) {
  const held = [];
  let released = false;
  let come;
  const first = new Promise((resolve) => {
    come = resolve;
  });
  await page.route('**/janus-admin', async (route) => {
    const { request } = route.request().postDataJSON();
    if (released || request.request !== name || !which(request)) return await route.continue();
    held.push(route);
    come();
  });
  return {
    first,
    async release(answer = (route) => route.continue()) {
      released = true;
      await Promise.all(held.map((route) => answer(route).catch(() => undefined))); // an aborted one is gone
    },
  };
}

/** From now on what a browser tells of the first moment is told with the change after it, as a busy one does. */
const tellLate = (page) =>
  page.evaluate(() => {
    const Told = globalThis.IntersectionObserver;
    globalThis.IntersectionObserver = class extends Told {
      constructor(callback, options) {
        let kept = [];
        super((entries, observer) => {
          kept.push(...entries);
          if (!entries.at(-1).isIntersecting) return;
          callback(kept, observer);
          kept = [];
        }, options);
      }
    };
  });

test('sessions go on also where a busy browser tells of the end being away and in sight at once', async () => {
  const page = await panel.signedIn();
  await tellLate(page);
  await show(page, 'sessions?range=30d');
  const first = await page.locator('[data-session]').count();
  await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
  await page.waitForFunction((count) => document.querySelectorAll('[data-session]').length > count, first);
  await page.context().close();
});

test('what is awaited says so, and what was there stays until the answer comes', async () => {
  const page = await panel.signedIn({ place: '#/quality/issues?range=30d' });
  await loaded(page);
  const requests = await hold(page, 'issues');
  await page.getByRole('button', { name: '7d', exact: true }).click();
  await requests.first;
  const busy = await page.getAttribute('[data-view=issues] .answered', 'aria-busy');
  const kept = await page.locator('[data-issue]').count();
  await page.getByRole('link', { name: 'Providers' }).click();
  await loaded(page);
  await page.getByRole('link', { name: 'Top issues' }).click();
  await page.getByRole('status').filter({ hasText: 'Loading' }).waitFor();
  await requests.release();
  await page.waitForSelector('[data-issue]');
  await page.context().close();
  assert.equal(busy, 'true');
  assert.ok(kept > 0);
});

test('an error is told with its text, and trying again works', async () => {
  const page = await panel.signedIn();
  const requests = await hold(page, 'providers');
  await page.getByRole('link', { name: 'Providers' }).click();
  await requests.first;
  await requests.release((route) =>
    route.fulfill({ json: { janus: 'success', response: { callroom: 'error', error_code: 499, error: 'a mistake in Callroom' } } }),
  );
  const said = await page.textContent('[data-error="499"]');
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.waitForSelector('[data-view=providers] tbody tr');
  await page.context().close();
  assert.match(said, /a mistake in Callroom/);
});

test('what was not measured is a dash, never 0', async () => {
  const page = await panel.signedIn({ place: `#/quality/session/${kPlainRow}` });
  await loaded(page);
  const facts = await page.$$eval('.facts > div', (lines) =>
    Object.fromEntries(lines.map((line) => [line.querySelector('dt').textContent, line.querySelector('dd').textContent])),
  );
  await show(page, 'sessions?range=24h&room=formulas');
  const cells = await page.$$eval(`tr[data-session="${kPlainRow}"] td.figure`, (all) => all.map(({ textContent }) => textContent));
  const { complaints } = page;
  await page.context().close();
  assert.deepEqual(
    [facts['Latency: average, p50'], facts['Loss: p95'], facts['Bitrate: p5'], facts['Frame rate: average, p5']],
    ['–, –', '–', '–', '–, –'],
  );
  assert.deepEqual(cells.slice(1, 3), ['–', '– / –']);
  assert.deepEqual(complaints, []);
});

test('times are in the zone of whoever looks', async () => {
  const [row] = await stack.rows("SELECT session_id, ended_at FROM session_quality_logs WHERE room <> 'formulas' ORDER BY created_at DESC LIMIT 1");
  const shown = {};
  const wanted = {};
  for (const zone of ['America/St_Johns', 'Asia/Tokyo', 'UTC']) {
    const page = await panel.signedIn({ timezoneId: zone, place: '#/quality/sessions?range=24h' });
    await loaded(page);
    shown[zone] = await page.textContent(`tr[data-session="${row.session_id}"] td`);
    wanted[zone] = new Date(row.ended_at).toLocaleString('sv', { timeZone: zone });
    await page.context().close();
  }
  assert.deepEqual(shown, wanted);
});

test('a range of one\'s own is given in one\'s own zone, and is in the address', async () => {
  const page = await panel.signedIn({ timezoneId: 'America/St_Johns', place: '#/quality/sessions' });
  await page.locator('.custom-range summary').click();
  await page.fill('input[name=from]', '2026-01-10T12:00');
  await page.fill('input[name=to]', '2026-01-10T13:30');
  await page.getByRole('button', { name: 'Show' }).click();
  await page.waitForFunction(() => location.hash.includes('from='));
  await loaded(page);
  const query = new URLSearchParams((await page.evaluate(() => location.hash)).split('?')[1]);
  const chosen = await page.textContent('.custom-range summary');
  const told = await page.textContent('[data-view=sessions] .state');
  await page.context().close();
  assert.deepEqual(Object.fromEntries(query), { from: '2026-01-10T15:30:00.000Z', to: '2026-01-10T17:00:00.000Z' });
  assert.match(chosen, /2026-01-10 12:00 – 2026-01-10 13:30/);
  assert.match(told, /No sessions match/);
});

test('everything can be reached and done with the keyboard, and what has the focus shows it', async () => {
  const page = await panel.signedIn();
  const tabTo = async (wanted) => {
    for (let i = 0; i < 60; ++i) {
      await page.keyboard.press('Tab');
      const focused = await page.evaluate(() => {
        const { activeElement: element } = document;
        return { text: element.textContent.trim(), label: element.ariaLabel, visible: getComputedStyle(element).boxShadow !== 'none' };
      });
      if (!focused.visible) throw new Error(`the focus does not show on ${focused.text.slice(0, 60)}`);
      if (wanted(focused)) return;
    }
    throw new Error('not within 60 steps');
  };
  await tabTo(({ text }) => text === 'Skip to the content');
  await tabTo(({ text }) => text === 'Sessions');
  await page.keyboard.press('Enter');
  await page.waitForSelector('[data-view=sessions] [data-session]');
  await tabTo(({ text }) => text === '30d');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => location.hash.includes('range=30d'));
  await loaded(page);
  await tabTo(({ label }) => label === 'Sessions'); // the table, which scrolls with the arrow keys
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.waitForSelector('[data-view=session] .view-head');
  await page.goBack();
  await page.waitForSelector('[data-view=sessions] [data-session]');
  const { complaints } = page;
  await page.context().close();
  assert.deepEqual(complaints, []);
});

test('a CSV of the panel is safe to open in a spreadsheet', async () => {
  const page = await panel.signedIn({ place: '#/quality/sessions?range=24h&room=formulas' });
  await loaded(page);
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('[data-export=csv]')]);
  const lines = (await readFile(await download.path(), 'utf8')).trimEnd().split('\r\n');
  await page.context().close();
  assert.equal(download.suggestedFilename(), 'callroom-sessions.csv');
  assert.equal(lines.length, 2);
  assert.ok(lines[1].includes(`"'=HYPERLINK(""http://example.org"")"`), lines[1]);
});

test('an export comes in pages, tells how far it is, and can be stopped', async () => {
  const page = await panel.signedIn({ place: '#/quality/sessions?range=30d' });
  await loaded(page);
  const second = await hold(page, 'export', ({ cursor }) => cursor !== undefined);
  const downloads = [];
  page.on('download', (download) => downloads.push(download));
  await page.click('[data-export=json]');
  await second.first;
  await page.waitForFunction(() => document.querySelector('[data-export=running] [role=status]').textContent.startsWith('2,000'));
  const told = plain(await page.textContent('[data-export=running] [role=status]'));
  const bar = await page.$eval('[data-export=running] progress', ({ value, max }) => ({ value, max }));
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.waitForSelector('[data-export=json]');
  await second.release();
  // The next one is whole: nothing of the stopped one is in it.
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('[data-export=json]')]);
  const rows = JSON.parse(await readFile(await download.path(), 'utf8'));
  await page.context().close();
  assert.match(told, /^2,000 of [45],\d{3} sessions$/);
  assert.equal(bar.value, 2000);
  assert.equal(bar.max, rows.length);
  assert.equal(new Set(rows.map(({ session_id }) => session_id)).size, rows.length);
  assert.equal(downloads.length, 1, 'the stopped one saved a file');
});

test('what servers and people say is only ever text', async () => {
  const hostile = '<img src=x onerror="document.title = 1"> \u202e "\'';
  const check = { check_id: 'a', checked_at: new Date().toISOString(), node: hostile, server_id: hostile, trigger: 'schedule', verdict: 'refused' };
  const answers = {
    turn_servers: {
      servers: [{ id: hostile, url: hostile, check_every: 60, last: { verdict: 'refused', status: 'fail', started_at: null } }],
      availability: { level: 'critical', text: hostile },
    },
    turn_history: { servers: [], checks: [{ ...check, status: 'fail', reason: hostile, duration_ms: 1, rtt_ms: null, loss_pct: null }] },
  };
  const page = await panel.signedIn();
  await page.route('**/janus-admin', async (route) => {
    const answer = answers[route.request().postDataJSON().request.request];
    if (answer) await route.fulfill({ json: { janus: 'success', response: answer } });
    else await route.continue();
  });
  await page.getByRole('link', { name: 'WebRTC Testing' }).click();
  await page.locator('[data-view=servers] summary').click();
  await page.waitForSelector('[data-check]');
  const shown = await page.locator('[data-check] td').last().textContent();
  const images = await page.locator('img').count();
  const title = await page.title();
  const { complaints } = page;
  await page.context().close();
  assert.equal(shown, hostile);
  assert.deepEqual([images, title.includes('Callroom'), complaints], [0, true, []]);
});
