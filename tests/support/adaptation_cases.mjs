// The narrow networks that a call is measured in, and what is promised of it there.

/** What happens to the network of one person: [from second, rule] in order. `promised`: what issue and README say. */
export const kCases = {
  'rate-1200': { seconds: 60, limit: 1200, promised: { reactionMs: 1500, frozenMs: 1000, share: [0.65, 0.95] } },
  'rate-600': { seconds: 60, limit: 600, promised: { reactionMs: 1200, frozenMs: 1000, share: [0.65, 0.95] } },
  'rate-300': { seconds: 60, limit: 300, promised: { reactionMs: 800, frozenMs: 3000, share: [0.6, 0.95] } },
  lifted: { seconds: 60, limit: 300, lift: 30, promised: { backMs: 15_000 } },
  square: { seconds: 60, limit: 300, other: 1500, half: 10, promised: { frozenSumMs: 5000 } },
  'loss-5': { seconds: 60, loss: 5, promised: { lowest: 0.7, frozenMs: 1000 } },
};

/** [seconds from the beginning, rule] of a case. */
export function rulesOf({ seconds, limit, lift, other, half, loss = 0, delay = 0, queue = 400 }) {
  const rule = (rate) => ({ rate, loss, delay, queue });
  if (lift) return [[0, rule(limit)], [lift, rule(0)]];
  if (!half) return [[0, rule(limit ?? 0)]];
  return Array.from({ length: Math.ceil(seconds / half) }, (_, i) => [i * half, rule(i % 2 === 0 ? limit : other)]);
}

/** What of the promised is not so. */
export function shortcomings({ promised }, figures) {
  const off = [];
  const check = (holds, text) => holds || off.push(text);
  const within = (name) => check(figures[name] !== undefined && figures[name] <= promised[name], `${name} ${figures[name]}, promised ${promised[name]}`);
  for (const name of ['reactionMs', 'frozenMs', 'frozenSumMs', 'backMs']) if (promised[name]) within(name);
  if (promised.share) check(figures.share >= promised.share[0] && figures.share <= promised.share[1], `share ${figures.share}, promised ${promised.share}`);
  if (promised.lowest) check(figures.lowest >= promised.lowest, `lowest ${figures.lowest}, promised ${promised.lowest}`);
  check(figures.others.frames >= 0.9, `others see ${figures.others.frames} of the frames they saw before`);
  check(figures.others.frozenMs <= 1000, `others are frozen for ${figures.others.frozenMs} ms`);
  return off;
}
