import { describe, expect, it, vi } from 'vitest';
import { layerFor, layersOf, WantedLayers } from '../../src/room-client/layers';
import type { Publication } from '../../src/room-client/local_tracks';

const published = (width: number, height: number) =>
  ({ source: 'camera', track: { getSettings: () => ({ width, height }) } }) as Publication;

describe('layers', () => {
  it('are three sizes of the camera, the largest first, and none of a screen', () => {
    expect(layersOf(published(1280, 720))?.map(({ rid }) => rid)).toEqual(['h', 'm', 'l']);
    expect(layersOf({ ...published(1280, 720), source: 'screen' })).toBeUndefined();
  });

  it('are of few bits where they are small, whatever the camera', () => {
    const most = (width: number, height: number) =>
      layersOf(published(width, height))?.map(({ maxBitrate }) => maxBitrate);
    expect(most(1280, 720)).toEqual([undefined, undefined, 172_800]);
    expect(most(640, 480)).toEqual([undefined, 230_400, 60_000]);
    expect(most(0, 0)).toEqual([undefined, undefined, undefined]);
  });

  it('follow the height that is drawn', () => {
    expect([0, 100, 180, 181, 360, 361, 1080].map(layerFor)).toEqual(['none', 'l', 'l', 'm', 'm', 'h', 'h']);
  });
});

describe('what is asked for', () => {
  const settled = async () => vi.advanceTimersByTimeAsync(300);
  const start = (fails = false) => {
    vi.useFakeTimers();
    const asked: Record<string, string>[] = [];
    const wanted = new WantedLayers(async (layers) => {
      asked.push(layers);
      if (fails) throw new Error('refused');
    });
    return { asked, wanted };
  };

  it('is told once things have settled, and only where it changed', async () => {
    const { asked, wanted } = start();
    wanted.show('a', {}, 720);
    const tile = {};
    for (const height of [700, 300, 150]) wanted.show('b', tile, height);
    await settled();
    wanted.show('b', tile, 160);
    await settled();
    wanted.show('b', tile, 0);
    await settled();
    expect(asked).toEqual([{ b: 'l' }, { b: 'none' }]);
  });

  it('is the largest of what is shown in several places, and all where nothing is shown', async () => {
    const { asked, wanted } = start();
    const [small, large] = [{}, {}];
    wanted.show('a', small, 100);
    wanted.show('a', large, 300);
    await settled();
    wanted.hide('a', large);
    await settled();
    wanted.hide('a', small);
    await settled();
    expect(asked).toEqual([{ a: 'm' }, { a: 'l' }, { a: 'h' }]);
  });

  it('is told again to a room that knows nothing of it, and where it was refused', async () => {
    const { asked, wanted } = start();
    wanted.show('a', {}, 100);
    await settled();
    wanted.reset();
    await settled();
    expect(asked).toEqual([{ a: 'l' }, { a: 'l' }]);
    const refused = start(true);
    const tile = {};
    refused.wanted.show('a', tile, 100);
    await settled();
    refused.wanted.show('a', tile, 101);
    await settled();
    expect(refused.asked).toEqual([{ a: 'l' }, { a: 'l' }]);
  });
});
