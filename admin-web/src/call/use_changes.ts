import { useEffect, useState } from 'preact/hooks';

/** Draws the component again at each of these happenings. */
export function useChanges(subscribe: (changed: () => void) => (() => void)[], about: unknown): void {
  const [, set] = useState(0);
  useEffect(() => {
    const stops = subscribe(() => set((n) => n + 1));
    return () => {
      for (const stop of stops) stop();
    };
  }, [about]);
}
