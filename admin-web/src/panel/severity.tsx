type SeverityName = 'critical' | 'warning' | 'info';

const kShapes: Record<SeverityName, string> = {
  critical: 'M3.5 1h5L11 3.5v5L8.5 11h-5L1 8.5v-5z',
  warning: 'M6 1l5.5 10H.5z',
  info: 'M6 1.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9z',
};

/** How bad something is, as word, shape and colour. */
export function Severity({ severity }: { severity: SeverityName }) {
  return (
    <span class={`severity ${severity}`}>
      <svg viewBox="0 0 12 12" width="11" height="11" aria-hidden="true">
        <path d={kShapes[severity]} fill="currentColor" />
      </svg>
      {severity}
    </span>
  );
}
