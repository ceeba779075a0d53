import { describe, expect, it, vi } from 'vitest';
import { layerFor, layersOf, WantedLayers } from '../../src/room-client/layers';
import type { Publication } from '../../src/room-client/local_tracks';

describe('layers', () => {
  it('are three sizes of the camera, the largest first, and none of a screen', () => {
    const rids = layersOf({ source: 'camera' } as Publication)?.map(({ rid }) => rid);
    expect(rids).toEqual(['h', 'm', 'l']);
    expect(layersOf({ source: 'screen' } as Publication)).toBeUndefined();
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
