import { afterEach, expect, test, vi } from 'vitest';
import { AdminApi, type AdminError } from '../../src/panel/admin_api';

afterEach(() => vi.unstubAllGlobals());

function answering(body: object, status = 200) {
  const fetched = vi.fn(async (_url: string, _init: RequestInit) => new Response(JSON.stringify(body), { status }));
  vi.stubGlobal('fetch', fetched);
  return fetched;
}

const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: AdminError) => [error.kind, error.code],
  );

test('a request goes to the Admin API alone, with the secret in its body and empty filters left out', async () => {
  const fetched = answering({ janus: 'success', response: { callroom: 'summary', sessions: 3 } });
  const answer = await new AdminApi('s3cret').request<{ sessions: number }>('summary', {
    range: '24h',
    room: '',
    node: undefined,
  });
  const [url, init] = fetched.mock.calls[0] ?? [];
  const body = JSON.parse(String(init?.body));
  expect(answer.sessions).toBe(3);
  expect(url).toBe('/janus-admin');
  expect(body).toMatchObject({ janus: 'message_plugin', admin_secret: 's3cret', plugin: 'janus.plugin.callroom' });
  expect(body.request).toEqual({ request: 'summary', range: '24h' });
});

test('each kind of error is told apart', async () => {
  const failures = [];
  answering({ janus: 'error', error: { code: 403, reason: 'Unauthorized request' } });
  failures.push(await failure(new AdminApi('x').request('health')));
  answering({ janus: 'success', response: { callroom: 'error', error_code: 430, error: 'No database' } });
  failures.push(await failure(new AdminApi('x').request('summary')));
  answering({ janus: 'error', error: { code: 460, reason: 'No such plugin' } });
  failures.push(await failure(new AdminApi('x').request('health')));
  answering({}, 502);
  failures.push(await failure(new AdminApi('x').request('health')));
  expect(failures).toEqual([
    ['secret', 403],
    ['plugin', 430],
    ['janus', 460],
    ['network', 502],
  ]);
});
