import { CallroomError, webSocket } from '../../room-client';
import type { JanusHandle } from '../../room-client/janus_handle';
import { JanusSession } from '../../room-client/janus_session';
import { type AdminApi, AdminError } from '../admin_api';
import type { AlertsAnswer, ExportAnswer, SessionsAnswer } from '../quality/answers';
import { fact, type Outcome, type TestCase } from '../webrtc/model';
import { pause } from '../webrtc/runner';
import { inRoom } from './call_tests';
import { withPeople } from './people';

const kCallMs = 4000;
const kRowMs = 15_000;

/** What the tests of one run share: the room whose rows the later ones look at. */
export interface Recorded {
  room: string | undefined;
}

function withoutDatabase(error: unknown): Outcome {
  if (!(error instanceof AdminError) || !error.databaseAway) throw error;
  return { status: 'skipped', summary: 'No database is configured, or it cannot be reached.' };
}

export const rowTest = (api: AdminApi, recorded: Recorded): TestCase => ({
  id: 'feature-row',
  group: 'records',
  title: 'A row for each session',
  run: (say, signal) =>
    inRoom(api, signal, { media: 'relay', recorded: true }, async (room) => {
      say('A short call…');
      await withPeople(['anna', 'berta'], async (people) => {
        for (const person of people) {
          await person.join(room);
          person.publish();
        }
        await Promise.all([people[0]?.sees(['berta'], signal), people[1]?.sees(['anna'], signal)]);
        await pause(kCallMs, signal);
      });
      say('Waiting for the rows…');
      const began = performance.now();
      try {
        for (;;) {
          const { sessions } = await api.request<SessionsAnswer>('sessions', { room, range: '24h' }, signal);
          if (sessions.length >= 2) {
            recorded.room = room;
            const users = sessions.map(({ user_id }) => user_id).sort();
            return {
              status: 'pass',
              summary: `Two rows, of ${users.join(' and ')}, after ${Math.round(performance.now() - began)} ms.`,
              facts: sessions.map(({ user_id, overall_quality }) => fact(user_id, overall_quality)),
            };
          }
          if (performance.now() - began > kRowMs) {
            return { status: 'fail', summary: `${sessions.length} of 2 rows after ${kRowMs / 1000} s.` };
          }
          await pause(250, signal);
        }
      } catch (error) {
        return withoutDatabase(error);
      }
    }),
});

/** Asks as a user does, not as an administrator: only that user's own rows may come. */
export const ownRowsTest = (api: AdminApi, recorded: Recorded): TestCase => ({
  id: 'feature-own-rows',
  group: 'records',
  title: 'Users see their own rows only',
  run: (say, signal) =>
    inRoom(api, signal, { media: 'relay' }, async (room) => {
      if (!recorded.room) return { status: 'skipped', summary: 'There are no rows to look for.' };
      say('Asking as Anna…');
      const session = await JanusSession.open(webSocket('/janus-ws'));
      try {
        const handle: JanusHandle = await session.attach();
        await handle.send({ request: 'join', room, user_id: 'anna' });
        const { data } = await handle.send({ request: 'history', limit: 50 });
        const rows = data.sessions as { user_id: string; room: string }[];
        const strange = rows.filter(({ user_id }) => user_id !== 'anna').length;
        const own = rows.some((row) => row.room === recorded.room);
        return {
          status: strange > 0 ? 'fail' : own ? 'pass' : 'warn',
          summary:
            strange > 0
              ? `${strange} rows of others were given to Anna.`
              : own
                ? `Anna gets ${rows.length === 1 ? '1 row' : `${rows.length} rows`}, all her own; Berta's of the same call is not among them.`
                : 'Nothing of others, but not Anna’s own row of the call before either.',
          facts: [fact('Rows', rows.length), fact('Of others', strange)],
          findings:
            strange > 0
              ? [
                  {
                    severity: 'critical',
                    code: 'rows_leak',
                    text: 'A user reads rows of others: check the database role that database.reader uses (it must not bypass row-level security).',
                  },
                ]
              : [],
        };
      } catch (error) {
        if (!(error instanceof CallroomError)) throw error;
        return { status: 'fail', summary: error.message };
      } finally {
        await session.destroy();
      }
    }),
});

export const alertsTest = (api: AdminApi): TestCase => ({
  id: 'feature-alerts',
  group: 'records',
  title: 'Alerts',
  async run(say, signal) {
    say('Asking for alerts…');
    try {
      const { alerts } = await api.request<AlertsAnswer>('alerts', { range: '7d' }, signal);
      const summary =
        alerts.length === 0 ? 'They can be read; none was raised in 7 days.' : `${alerts.length} raised in 7 days.`;
      return { status: 'pass', summary, facts: alerts.slice(0, 5).map(({ rule, metric }) => fact(rule, metric)) };
    } catch (error) {
      return withoutDatabase(error);
    }
  },
});

export const exportTest = (api: AdminApi, recorded: Recorded): TestCase => ({
  id: 'feature-export',
  group: 'records',
  title: 'Export',
  async run(say, signal) {
    const { room } = recorded;
    if (!room) return { status: 'skipped', summary: 'There are no rows to export.' };
    say('Exporting…');
    const ask = (format: string) => api.request<ExportAnswer>('export', { room, range: '24h', format }, signal);
    const [csv, json] = [await ask('csv'), await ask('json')];
    const parsed: unknown = JSON.parse(json.data);
    const lines = csv.data.trimEnd().split('\n').length;
    const right = csv.rows === 2 && json.rows === 2 && Array.isArray(parsed) && parsed.length === 2 && lines === 3;
    return {
      status: right ? 'pass' : 'fail',
      summary: right
        ? 'Both rows, as CSV and as JSON.'
        : `CSV: ${csv.rows} rows in ${lines} lines; JSON: ${json.rows} rows.`,
      facts: [fact('CSV lines', lines), fact('JSON rows', json.rows)],
    };
  },
});
