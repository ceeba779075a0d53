import { expect, test } from 'vitest';
import { OfferLoop } from '../../src/room-client/offer_loop';
import { type Deferred, deferred } from '../../src/room-client/promises';
import { settle } from './fake_janus';

function loopWithExchanges() {
  const exchanges: Deferred<void>[] = [];
  const loop = new OfferLoop(() => {
    const exchange = deferred<void>();
    exchanges.push(exchange);
    return exchange.promise;
  });
  return { exchanges, loop };
}

test('requests during an exchange share the one after it', async () => {
  const { exchanges, loop } = loopWithExchanges();
  const met: string[] = [];
  void loop.request().then(() => met.push('first'));
  await settle();
  void loop.request().then(() => met.push('second'));
  void loop.request().then(() => met.push('third'));
  await settle();
  const during = exchanges.length;
  exchanges[0]?.resolve();
  await settle();
  const afterFirst = [...met];
  exchanges[1]?.resolve();
  await settle();
  expect(during).toBe(1);
  expect(afterFirst).toEqual(['first']);
  expect(exchanges.length).toBe(2);
  expect(met).toEqual(['first', 'second', 'third']);
});

test('an exchange that fails rejects its own requests only', async () => {
  const { exchanges, loop } = loopWithExchanges();
  const first = loop.request().catch((error: Error) => error.message);
  await settle();
  const second = loop.request().then(() => 'met');
  exchanges[0]?.reject(new Error('no answer'));
  await settle();
  exchanges[1]?.resolve();
  const results = [await first, await second];
  expect(results).toEqual(['no answer', 'met']);
});

test('nothing begins after stop, and what waits is told', async () => {
  const { exchanges, loop } = loopWithExchanges();
  void loop.request();
  await settle();
  const waiting = loop.request().then(
    () => 'met',
    () => 'rejected',
  );
  loop.stop();
  exchanges[0]?.resolve();
  const outcome = await waiting;
  await settle();
  expect(outcome).toBe('rejected');
  expect(exchanges.length).toBe(1);
});
