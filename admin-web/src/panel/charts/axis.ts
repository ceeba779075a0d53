// Texts of the axes. Pure.

const kDay = 86_400;
const plain = new Intl.NumberFormat('en', { maximumFractionDigits: 2 });
const two = (n: number) => String(n).padStart(2, '0');

export const axisNumber = (value: number) => plain.format(value);

/** A moment in the viewer's zone, as short as steps of this many seconds allow. */
export function axisTime(at: number, step: number): string {
  const date = new Date(1000 * at);
  const day = `${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const clock = `${two(date.getHours())}:${two(date.getMinutes())}`;
  if (step >= kDay || clock === '00:00') return day;
  return step < 60 ? `${clock}:${two(date.getSeconds())}` : clock;
}

/** The axis holds the values and what was asked for, with some room above. */
export function limits(low: number | null, high: number | null, min = 0, max?: number): [number, number] {
  const bottom = Math.min(min, low ?? min);
  const highest = high ?? bottom;
  const top = max !== undefined && highest <= max ? max : highest + 0.08 * (highest - bottom);
  return top > bottom ? [bottom, top] : [bottom, bottom + 1];
}
