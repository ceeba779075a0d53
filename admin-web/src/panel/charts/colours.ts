import { useEffect, useState } from 'preact/hooks';

/** A custom property's colour as a canvas takes it: var() and light-dark() are worked out by the browser. */
export function resolveColour(name: string): string {
  const probe = document.createElement('span');
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

/** Changes whenever the theme does, so that what is drawn can be drawn again. */
export function useTheme(): number {
  const [round, setRound] = useState(0);
  useEffect(() => {
    const changed = () => setRound((n) => n + 1);
    const system = matchMedia('(prefers-color-scheme: dark)');
    system.addEventListener('change', changed);
    addEventListener('themechange', changed);
    return () => {
      system.removeEventListener('change', changed);
      removeEventListener('themechange', changed);
    };
  }, []);
  return round;
}
