import type { JSX } from 'preact';

const paths = {
  microphone: 'M12 3a3 3 0 0 0-3 3v6a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3zM5 11a7 7 0 0 0 14 0M12 18v3',
  camera: 'M4 7h10a2 2 0 0 1 2 2v6a2 2 0 0 1-2 2H4a2 2 0 0 1-2-2V9a2 2 0 0 1 2-2zM16 11l6-4v10l-6-4',
  screen: 'M3 4h18v12H3zM8 20h8M12 16v4',
  leave: 'M3 14c5-5 13-5 18 0l-2 3-4-2v-3c-2-.6-4-.6-6 0v3l-4 2z',
  settings: 'M4 7h10M18 7h2M4 17h2M10 17h10M14 4v6M8 14v6',
  slash: 'M4 4l16 16',
  people:
    'M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM2 20c0-4 3-6 7-6s7 2 7 6M16 4a3.5 3.5 0 0 1 0 7M18 14c3 .6 4 3 4 6',
  close: 'M5 5l14 14M19 5L5 19',
  copy: 'M9 9h11v11H9zM15 5H4v11',
} as const;

export type IconName = keyof typeof paths;

/** A line icon; the words beside it, or the button's label, say what it means. */
export function Icon({ name, off = false }: { name: IconName; off?: boolean }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 24 24" width="20" height="20" aria-hidden="true" focusable="false">
      <path
        d={paths[name]}
        fill="none"
        stroke="currentColor"
        stroke-width="1.8"
        stroke-linecap="round"
        stroke-linejoin="round"
      />
      {off && <path d={paths.slash} fill="none" stroke="currentColor" stroke-width="2.2" stroke-linecap="round" />}
    </svg>
  );
}
