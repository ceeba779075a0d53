import type { ChartProps } from './chart';

/** What each line is, and its value where the cursor is; without a cursor, its last one. */
export function Legend({ lines, kind, format, target, at }: ChartProps & { at: number | undefined }) {
  return (
    <ul class="legend">
      {lines.map(({ label, values, colour, dash }) => (
        <li key={label}>
          <svg viewBox="0 0 16 8" width="16" height="8" aria-hidden="true">
            {kind === 'stacked' || kind === 'bars' ? (
              <rect width="10" height="8" rx="1.5" fill={`var(${colour})`} />
            ) : (
              <path
                d="M0 4h16"
                stroke={`var(${colour})`}
                stroke-width="2.5"
                stroke-dasharray={dash ? '5 3' : undefined}
              />
            )}
          </svg>
          {label}
          {at !== undefined && <b>{format(values[at] ?? null)}</b>}
        </li>
      ))}
      {target && (
        <li>
          <svg viewBox="0 0 16 8" width="16" height="8" aria-hidden="true">
            <path d="M0 4h16" stroke="var(--muted)" stroke-width="1.5" stroke-dasharray="3 2" />
          </svg>
          {target.label}
        </li>
      )}
    </ul>
  );
}
