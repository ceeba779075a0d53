export interface Grid {
  columns: number;
  rows: number;
}

/** The grid in which `count` pictures of 16:9 come out largest on a stage of this size. */
export function gridFor(count: number, width: number, height: number): Grid {
  const ratio = 16 / 9;
  let best: Grid = { columns: 1, rows: Math.max(1, count) };
  let bestWidth = 0;
  for (let columns = 1; columns <= Math.max(1, count); columns++) {
    const rows = Math.ceil(count / columns);
    const pictureWidth = Math.min(width / columns, (height / rows) * ratio);
    if (pictureWidth >= bestWidth) {
      bestWidth = pictureWidth;
      best = { columns, rows };
    }
  }
  return best;
}
