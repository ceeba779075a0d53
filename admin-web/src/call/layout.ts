export interface Grid {
  columns: number;
  rows: number;
  /** Of one picture, in CSS pixels. */
  width: number;
  height: number;
}

/**
 * Shapes that a picture may have. Wide ones show most of what a camera sees; squarer ones fill a phone that is held upright, and have
 * to be so much larger to be worth what they cut off.
 */
const kShapes = [
  { ratio: 16 / 9, worthCutting: 1 },
  { ratio: 4 / 3, worthCutting: 1.12 },
  { ratio: 1, worthCutting: 1.6 },
] as const;

/** The grid in which `count` pictures come out largest on a stage of this size, with gaps between them. */
export function gridFor(count: number, width: number, height: number, gap = 8): Grid {
  let best: Grid = { columns: 1, rows: Math.max(1, count), width: 0, height: 0 };
  let bestWorth = 0;
  for (const { ratio, worthCutting } of kShapes) {
    for (let columns = 1; columns <= Math.max(1, count); columns++) {
      const rows = Math.ceil(Math.max(1, count) / columns);
      const room = { width: (width - gap * (columns - 1)) / columns, height: (height - gap * (rows - 1)) / rows };
      const picture = Math.max(0, Math.min(room.width, room.height * ratio));
      const worth = (picture * picture) / ratio / worthCutting;
      if (worth < bestWorth) continue;
      bestWorth = worth;
      best = { columns, rows, width: Math.floor(picture), height: Math.floor(picture / ratio) };
    }
  }
  return best;
}
