// Figures and times as people read them. What is not known is a dash, never 0. Pure.

export const kDash = '–';

type Figure = number | null | undefined;

const formats = new Map<number, Intl.NumberFormat>();

function fixed(value: number, digits: number): string {
  let format = formats.get(digits);
  if (!format) {
    format = new Intl.NumberFormat('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
    formats.set(digits, format);
  }
  return format.format(value);
}

const known = (value: Figure): value is number => typeof value === 'number' && Number.isFinite(value);

/** A number with so many digits after the point. */
export const number = (value: Figure, digits = 0) => (known(value) ? fixed(value, digits) : kDash);

/** A number and its unit, with a space that does not break. */
export const withUnit = (value: Figure, unit: string, digits = 0) =>
  known(value) ? `${fixed(value, digits)}\u00a0${unit}` : kDash;

export const milliseconds = (value: Figure) => withUnit(value, 'ms', known(value) && value < 10 ? 1 : 0);

/** Percent, of a value in percent. */
export const percent = (value: Figure, digits = 1) => withUnit(value, '%', digits);

export function bitrate(kbps: Figure): string {
  if (!known(kbps)) return kDash;
  return kbps >= 1000 ? withUnit(kbps / 1000, 'Mbit/s', 2) : withUnit(kbps, 'kbit/s');
}

/** Seconds as 0:42, 12:05 or 3:02:07. */
export function duration(seconds: Figure): string {
  if (!known(seconds)) return kDash;
  const whole = Math.max(0, Math.round(seconds));
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  const two = (n: number) => String(n).padStart(2, '0');
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** A large count, short: 950, 12.3 k, 4.1 M. */
export function count(value: Figure): string {
  if (!known(value)) return kDash;
  if (value >= 1e6) return `${fixed(value / 1e6, value >= 1e7 ? 0 : 1)}\u00a0M`;
  if (value >= 1e4) return `${fixed(value / 1e3, value >= 1e5 ? 0 : 1)}\u00a0k`;
  return fixed(value, 0);
}

/** How a figure moved, with its sign; nothing where either side is unknown. */
export function change(now: Figure, before: Figure, digits = 1): string {
  if (!known(now) || !known(before)) return '';
  const difference = now - before;
  if (Math.abs(difference) < 0.5 * 10 ** -digits) return '±0';
  return `${difference > 0 ? '+' : '−'}${fixed(Math.abs(difference), digits)}`;
}

const day = new Intl.DateTimeFormat('en-GB', { year: 'numeric', month: '2-digit', day: '2-digit' });
const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });

function parts(format: Intl.DateTimeFormat, date: Date): Record<string, string> {
  return Object.fromEntries(format.formatToParts(date).map(({ type, value }) => [type, value]));
}

/** A time of RFC 3339 in the viewer's own zone: 2026-11-22 18:04:11. */
export function time(text: string | null | undefined): string {
  const date = new Date(text ?? Number.NaN);
  if (Number.isNaN(date.getTime())) return kDash;
  const { year, month, day: d } = parts(day, date);
  return `${year}-${month}-${d} ${timeOfDay(text)}`;
}

export function timeOfDay(text: string | null | undefined): string {
  const date = new Date(text ?? Number.NaN);
  if (Number.isNaN(date.getTime())) return kDash;
  const { hour, minute, second } = parts(clock, date);
  return `${hour}:${minute}:${second}`;
}

/** A word of the API as prose: room_destroyed → room destroyed. */
export const words = (name: string | null | undefined) => (name ? name.replaceAll('_', ' ') : kDash);
