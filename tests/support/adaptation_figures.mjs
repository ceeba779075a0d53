// What is to be said of a call over a narrow network: figures, a line of them, and its course.

export const kBaselineMs = 5_000; // of the call before
const kSettlesAfterMs = 15_000;

/**
 * @returns {{
 *   baselineKbps: number,     on the link, before
 *   reactionMs?: number,      until the sender aimed at a tenth less than before; towards one of several people, who send on for the others,
 *                             until half a second's new packets were fewer than the limit
 *   fallMs?: number,          until half a second's packets were fewer than the limit
 *   frozenMs: number,         the longest time that a picture concerned had no frame: anybody's at that person, or that person's at anybody
 *   frozenSumMs: number,      all such times of more than half a second, together
 *   paused: number,           for which share of the time the one that was paused longest was said to be; that is not frozen
 *   slowed: number,           senders whose browser made the picture smaller because the machine was busy
 *   frozenBeforeMs: number,   the longest before the limit, of all pictures: what the machine does to them
 *   share?: number,           sent over the link, of the limit, from 15 s on
 *   lowest: number,           of the baseline: the least that 2 s brought
 *   droppedPct: number,
 *   backMs?: number,          from the limit's end until 2 s brought 80 % of the baseline again
 *   others: { frames: number, frozenMs: number },   frames of the pictures not concerned, of those before; the least of them
 * }}
 */
export function figuresOf({ theCase, people, way, readings, pictures, beganAt, endedAt }) {
  const at = (time) => readings.findLast((reading) => reading.at <= time) ?? readings[0];
  const kbps = (from, to, name = 'bytes') => {
    const [a, b] = [at(from), at(to)];
    return ((b[name] - a[name]) * 8) / Math.max(1, b.at - a.at);
  };
  const baselineKbps = kbps(readings[0].at, beganAt);
  const after = readings.filter((reading) => reading.at >= beganAt);
  const first = (from, accept, when = 'at') => {
    const found = readings.find((reading) => reading[when] >= from && accept(reading));
    return found && found[when] - from;
  };
  const limit = theCase.limit ?? 0;
  const before = readings.findLast(({ toldAt }) => toldAt < beganAt).senders;
  const last = readings.at(-1);
  const figures = {
    baselineKbps,
    reactionMs: first(
      beganAt,
      ({ senders }) => senders.some(({ targetKbps }, i) => (i === 0) === (way === 'up') && targetKbps < 0.9 * before[i].targetKbps),
      'toldAt',
    ),
    fallMs: limit ? first(beganAt + 500, ({ at }) => kbps(at - 500, at) < limit) : undefined,
    droppedPct: (100 * (last.dropped - after[0].dropped)) / Math.max(1, last.packets - after[0].packets),
    lowest: Math.min(...after.filter(({ at }) => at > beganAt + 2000).map(({ at }) => kbps(at - 2000, at) / baselineKbps)),
    share: limit && !theCase.lift && !theCase.half ? kbps(beganAt + kSettlesAfterMs, endedAt) / limit : undefined,
  };
  if (people > 2 && limit && way === 'down') figures.reactionMs = first(beganAt + 500, ({ at }) => kbps(at - 500, at, 'newBytes') < limit);
  const gaps = (concerned) =>
    pictures.filter((picture) => picture.concerned === concerned).map((picture) => gapsOf(picture, beganAt, endedAt));
  figures.frozenMs = Math.max(...gaps(true).map(({ longest }) => longest));
  figures.frozenSumMs = Math.max(...gaps(true).map(({ sum }) => sum));
  figures.paused = Math.max(...gaps(true).map(({ paused }) => paused)) / (endedAt - beganAt);
  figures.slowed = before.filter((_, i) => readings.some(({ senders }) => senders[i].limitedBy === 'cpu')).length;
  figures.frozenBeforeMs = Math.max(...pictures.map((picture) => gapsOf(picture, readings[0].at, beganAt).longest));
  figures.heights = pictures.flatMap(({ concerned, frames, sizes }) => (concerned ? [sizes[frames.findLastIndex((time) => time <= endedAt)]] : []));
  if (theCase.lift) {
    const liftedAt = beganAt + 1000 * theCase.lift;
    figures.backMs = first(liftedAt + 2000, ({ at }) => kbps(at - 2000, at) >= 0.8 * baselineKbps);
    if (figures.backMs !== undefined) figures.backMs += 2000;
  }
  const others = gaps(false);
  const rates = others.map(({ rate, rateBefore }) => rate / rateBefore);
  figures.others = { frames: Math.min(...rates), frozenMs: Math.max(...others.map(({ longest }) => longest)) };
  return figures;
}

/** The course of a call in steps of two readings, a line each. */
export function traceOf({ way, readings, pictures, beganAt }) {
  const concerned = pictures.filter((picture) => picture.concerned);
  const lines = [];
  for (let i = 2; i < readings.length; i += 2) {
    const [a, b] = [readings[i - 2], readings[i]];
    const rate = (name) => Math.round(((b[name] - a[name]) * 8) / (b.at - a.at));
    const frames = concerned.map((picture) => picture.frames.filter((time) => time > a.at && time <= b.at).length);
    const repeated = Math.round(((b.senders[0].repeatedBytes - a.senders[0].repeatedBytes) * 8) / (b.at - a.at));
    const senders = (way === 'up' ? b.senders.slice(0, 1) : b.senders.slice(1)).map(({ targetKbps, height }) => `${Math.round(targetKbps)}/${height}`);
    lines.push(`${((b.at - beganAt) / 1000).toFixed(2)} s: sent ${rate('bytes')} dropped ${rate('droppedBytes')} repeated ${repeated} frames ${frames} senders aim at ${senders}`);
  }
  return lines;
}

/** The longest gap between frames and the sum of long ones from `from` to `to`, pauses left out; and frames a second then and before. */
function gapsOf({ frames, pauses }, from, to) {
  const kLong = 500;
  const before = frames.filter((time) => time < from && time >= from - kBaselineMs).length / (kBaselineMs / 1000);
  const within = pauses.flatMap(([since, until]) => (until > from && since < to ? [[Math.max(since, from), Math.min(until, to)]] : []));
  const paused = within.reduce((sum, [since, until]) => sum + until - since, 0);
  const times = [from, ...frames.filter((time) => time >= from && time < to), to];
  const gaps = times.slice(1).flatMap((time, i) => without(within, [times[i], time]));
  return {
    longest: Math.max(...gaps),
    sum: gaps.filter((gap) => gap > kLong).reduce((sum, gap) => sum + gap, 0),
    paused,
    rate: (times.length - 2) / ((to - from) / 1000),
    rateBefore: before,
  };
}

/** How long the pieces are that pauses leave of a time. */
function without(pauses, [from, to]) {
  const pieces = [];
  let at = from;
  for (const [since, until] of pauses) {
    if (until <= at || since >= to) continue;
    pieces.push(Math.max(0, since - at));
    at = until;
  }
  return [...pieces, Math.max(0, to - at)];
}

export function line(name, figures) {
  const { baselineKbps, reactionMs, fallMs, frozenMs, frozenSumMs, frozenBeforeMs, paused, share, lowest, droppedPct, backMs, heights, others, busy, slowed } = figures;
  const ms = (value) => (value === undefined ? '-' : `${Math.round(value)} ms`);
  const percent = (value) => (value === undefined ? '-' : `${Math.round(100 * value)} %`);
  return `${name}: before ${Math.round(baselineKbps)} kbit/s and frozen at most ${ms(frozenBeforeMs)}, reaction ${ms(reactionMs)}, under the limit after ${ms(fallMs)}, frozen at most ${ms(frozenMs)}, together ${ms(frozenSumMs)}, paused ${percent(paused)} of the time, of the limit ${percent(share)}, lowest ${percent(lowest)}, dropped ${droppedPct.toFixed(1)} %, back ${ms(backMs)}, height ${heights}, others ${percent(others.frames)} of the frames, frozen ${ms(others.frozenMs)}, machine busy by ${percent(busy)}${slowed ? `, too busy for ${slowed} cameras` : ''}`;
}
