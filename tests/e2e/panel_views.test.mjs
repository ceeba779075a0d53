// The panel on the real stack, with a database of generated sessions: every view shows what the database has, in both themes and on
// a phone, without a console error and without a violation that axe finds.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { joinCall, openPage } from '../support/browser.mjs';
import { flaws, plain, show, startPanel } from '../support/panel.mjs';
import { until } from '../support/stack.mjs';

const kSessions = 5000;
const kHourMs = 3_600_000;
const kDayMs = 24 * kHourMs;
// A range with whole hours at its ends that stays what it is while the hour turns. It ends after the tests do.
const kTo = new Date((Math.floor(Date.now() / kHourMs) + 2) * kHourMs);
const kFrom = new Date(kTo.getTime() - 30 * kDayMs);
const kRange = [kFrom.toISOString(), kTo.toISOString()];
const kInRange = 'created_at >= $1 AND created_at < $2';
const kRangeQuery = new URLSearchParams({ from: kRange[0], to: kRange[1] });

let panel;
let stack;
let browser;
let page;
before(async () => {
  panel = await startPanel(kSessions);
  ({ stack, browser } = panel);
  page = await panel.signedIn();
}, { timeout: 120_000 });
after(() => panel?.close());

describe('signing in', () => {
  test('a wrong secret says so, and lets nobody in', async () => {
    const opened = await openPage(browser, `${stack.web}/admin/`);
    await opened.fill('input[name=secret]', 'wrong');
    await opened.click('button[type=submit]');
    const said = await opened.textContent('[role=alert]');
    const inside = await opened.locator('.tabs').count();
    await opened.context().close();
    assert.match(said, /not the admin secret/);
    assert.equal(inside, 0);
  });

  test('the secret is nowhere in the page, its address or its storage', async () => {
    await show(page, 'overview?range=30d');
    const kept = await page.evaluate(() =>
      [document.documentElement.outerHTML, location.href, JSON.stringify(localStorage), JSON.stringify(sessionStorage), document.cookie].join(),
    );
    assert.ok(!kept.includes(stack.settings.admin_secret));
  });
});

describe('what the views show', { timeout: 120_000 }, () => {
  test('the overview has the figures of the rows themselves', async () => {
    await show(page, `overview?${kRangeQuery}`);
    const [row] = await stack.rows(
      `SELECT count(*)::int AS sessions, round(avg(quality_score), 1)::text AS score,
              round(100.0 * count(*) FILTER (WHERE connection_drops > 0) / count(*), 1)::text AS drops
         FROM session_quality_logs WHERE ${kInRange}`,
      kRange,
    );
    const figure = async (title) => plain(await page.textContent(`[data-figure="${title}"] .key-value`));
    const shown = { sessions: await figure('Sessions'), score: await figure('Average score'), drops: await figure('With drops') };
    assert.deepEqual(shown, { sessions: row.sessions.toLocaleString('en'), score: row.score, drops: `${row.drops} %` });
  });

  test('each chart has a table with as many rows as it has points', async () => {
    const charts = await page.locator('[data-chart]').count();
    await page.locator('[data-chart=Score] summary').click();
    await page.waitForSelector('[data-chart=Score] tbody tr'); // the table is drawn once it is open
    const rows = await page.locator('[data-chart=Score] tbody tr').count();
    const daysTouched = Math.ceil(kTo / kDayMs) - Math.floor(kFrom / kDayMs);
    assert.equal(charts, 6);
    assert.equal(rows, daysTouched);
  });

  test('providers stand side by side, with what is noise marked as such', async () => {
    await show(page, 'providers?range=30d');
    const heads = await page.locator('[data-view=providers] thead th').allTextContents();
    const marked = await page.locator('[data-noise]').count();
    assert.deepEqual(heads, ['Figure', 'Janus', 'p2p', 'Difference']);
    assert.ok(marked > 0);
  });

  test('an issue leads to its sessions', async () => {
    await show(page, 'issues?range=30d');
    const issue = page.locator('[data-issue]').first();
    const code = await issue.getAttribute('data-issue');
    await issue.getByText('All its sessions').click();
    await page.waitForSelector('[data-session]');
    const issues = await page.locator('tbody td.issues').allTextContents();
    assert.ok(issues.length > 0 && issues.every((text) => text.includes(code.replaceAll('_', ' '))), issues.join(' | '));
  });

  test('sessions go on without end, each once, in the order of the database', async () => {
    await show(page, 'sessions?range=30d');
    await until(
      async () => {
        await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
        return await page.locator('[data-session]').count();
      },
      (count) => count >= 200,
      { timeoutMs: 20_000, what: '200 sessions' },
    );
    const shown = await page.$$eval('[data-session]', (rows) => rows.slice(0, 200).map((row) => row.dataset.session));
    const wanted = await stack.rows('SELECT session_id FROM session_quality_logs ORDER BY created_at DESC, session_id DESC LIMIT 200');
    assert.deepEqual(shown, wanted.map(({ session_id }) => session_id));
  });

  test('one session leads to the other people of its call', async () => {
    const [row] = await stack.rows(`
      SELECT a.session_id, array_agg(b.session_id::text) AS others
        FROM session_quality_logs a JOIN session_quality_logs b
          ON b.room = a.room AND b.session_id <> a.session_id AND b.started_at <= a.ended_at AND b.ended_at >= a.started_at
       WHERE a.overall_quality = 'poor' GROUP BY 1 HAVING count(*) > 0 LIMIT 1`);
    await show(page, `session/${row.session_id}`);
    const listed = await page.$$eval('tr[data-session]', (rows) => rows.map(({ dataset }) => dataset.session));
    await page.locator('tr[data-session] a').first().click();
    await page.waitForSelector(`.view-head[data-session="${listed[0]}"]`);
    assert.deepEqual(listed.sort(), row.others.sort());
  });

  test('one session has its course', async () => {
    const [row] = await stack.rows(
      "SELECT session_id, display FROM session_quality_logs WHERE overall_quality = 'poor' ORDER BY created_at DESC LIMIT 1",
    );
    await show(page, `session/${row.session_id}`);
    const heading = await page.textContent('[data-view=session] h2');
    const charts = await page.locator('[data-view=session] [data-chart]').count();
    const rating = await page.getAttribute('[data-view=session] .view-head [data-rating]', 'data-rating');
    assert.ok(heading.includes(row.display));
    assert.deepEqual({ charts, rating }, { charts: 5, rating: 'poor' });
  });

  test('filters are in the address, and an address shows what it says', async () => {
    await show(page, `overview?${kRangeQuery}`);
    await page.selectOption('[data-filter=rating]', 'failed');
    await page.waitForFunction(() => location.hash.includes('rating=failed') && !document.querySelector('[data-loading=true]'));
    const [{ count }] = await stack.rows(
      `SELECT count(*)::int FROM session_quality_logs WHERE overall_quality = 'failed' AND ${kInRange}`,
      kRange,
    );
    const shown = await page.textContent('[data-figure=Sessions] .key-value');
    const score = await page.textContent('[data-figure="Average score"] .key-value');
    assert.equal(shown, String(count));
    assert.equal(score, '–', 'failed sessions have no score, which is not 0');
  });

  for (const [filter, column, value] of [
    ['provider', 'provider', 'p2p'],
    ['node', 'node', 'node-2'],
    ['rating', 'overall_quality', 'good'],
    ['room', 'room', 'room-3'],
    ['user_id', 'user_id', 'user-7'],
  ]) {
    test(`each view keeps to the filter ${filter}`, async () => {
      const [{ count }] = await stack.rows(
        `SELECT count(*)::int FROM session_quality_logs WHERE ${kInRange} AND ${column} = $3`,
        [...kRange, value],
      );
      const query = `${kRangeQuery}&${filter}=${value}`;
      await show(page, `overview?${query}`);
      const summed = plain(await page.textContent('[data-figure=Sessions] .key-value'));
      await show(page, `issues?${query}`);
      const ofIssues = plain(await page.textContent('[data-view=issues] .muted'));
      await show(page, `sessions?${query}`);
      const ids = await page.$$eval('[data-session]', (rows) => rows.map(({ dataset }) => dataset.session));
      const [{ other }] = await stack.rows(
        `SELECT count(*)::int AS other FROM session_quality_logs WHERE session_id = ANY ($1) AND ${column} <> $2`,
        [ids, value],
      );
      assert.ok(count > 5, `${count} sessions`);
      assert.equal(summed, count.toLocaleString('en'));
      assert.match(ofIssues, new RegExp(`^Of ${count.toLocaleString('en')} sessions`));
      assert.deepEqual([ids.length, other], [Math.min(50, count), 0]);
    });
  }

  test('nothing found is said in words', async () => {
    await show(page, 'overview?room=nobody-was-here');
    assert.match(await page.textContent('[data-view=overview] .state'), /No session ended/);
  });

  test('an export is one whole file with every session', async () => {
    await show(page, `sessions?${kRangeQuery}`);
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('[data-export=json]')]);
    const rows = JSON.parse(await readFile(await download.path(), 'utf8'));
    const [{ count }] = await stack.rows(`SELECT count(*)::int FROM session_quality_logs WHERE ${kInRange}`, kRange);
    assert.equal(rows.length, count);
  });
});

describe('calls that run', { timeout: 60_000 }, () => {
  test('live shows who is in which room, and an administrator can remove them', async () => {
    const person = await joinCall(browser, stack, { room: 'watched', name: '<b>Ada</b>' });
    await show(page, 'live');
    const row = page.locator('[data-room=watched] [data-live]');
    await row.waitFor();
    const name = await row.locator('td').first().textContent();
    await row.getByRole('button').click();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove', exact: true }).click();
    await person.waitForSelector('main.farewell');
    const told = await person.textContent('main.farewell');
    await row.waitFor({ state: 'detached' });
    await person.context().close();
    assert.equal(name, '<b>Ada</b>', "a name is text, whatever is in it");
    assert.match(told, /removed/);
  });
});

describe('how it looks', { timeout: 180_000 }, () => {
  const views = ['overview?range=30d', 'providers?range=30d', 'issues?range=30d', 'sessions?range=30d', 'live', 'alerts'];
  for (const [name, options] of Object.entries({
    light: { colorScheme: 'light' },
    dark: { colorScheme: 'dark' },
    phone: { colorScheme: 'dark', viewport: { width: 390, height: 844 } },
  })) {
    test(`axe finds nothing, nothing overflows, and no error is logged: ${name}`, async () => {
      const opened = await panel.signedIn(options);
      const [{ session_id }] = await stack.rows("SELECT session_id FROM session_quality_logs WHERE overall_quality = 'poor' LIMIT 1");
      const found = [];
      for (const view of [...views, `session/${session_id}`, 'overview?room=nobody-was-here']) {
        await show(opened, view);
        found.push(...(await flaws(opened)).map((flaw) => `${view}: ${flaw}`));
      }
      found.push(...opened.complaints);
      await opened.context().close();
      assert.deepEqual(found, []);
    });
  }

  test('the database going away is told, and its return shows the figures again', async () => {
    await stack.stop('postgres');
    await page.evaluate(() => {
      location.hash = '#/quality/providers?range=7d';
    });
    await page.waitForSelector('[data-error="430"]', { timeout: 20_000 });
    await stack.start('postgres');
    await until(
      async () => {
        await page.getByRole('button', { name: 'Try again' }).click({ timeout: 1000 }).catch(() => undefined);
        return await page.locator('[data-view=providers] tbody tr').count();
      },
      (rows) => rows > 0,
      { timeoutMs: 30_000, what: 'figures again' },
    );
  });

  test('no page logged an error', () => assert.deepEqual(page.complaints, []));
});
