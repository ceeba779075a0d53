import { useEffect, useState } from 'preact/hooks';

type Theme = 'system' | 'light' | 'dark';
const kKey = 'callroom.theme';

/** Light, dark, or as the system has it; remembered in this browser. */
export function ThemeChoice() {
  const [theme, setTheme] = useState<Theme>(() => themeOf(localStorage.getItem(kKey)));
  useEffect(() => {
    if (theme === 'system') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    localStorage.setItem(kKey, theme);
    dispatchEvent(new Event('themechange'));
  }, [theme]);
  return (
    <label class="theme-choice">
      <span class="visually-hidden">Theme</span>
      <select class="compact" value={theme} onChange={(event) => setTheme(themeOf(event.currentTarget.value))}>
        <option value="system">Theme: system</option>
        <option value="light">Theme: light</option>
        <option value="dark">Theme: dark</option>
      </select>
    </label>
  );
}

const themeOf = (text: string | null): Theme => (text === 'light' || text === 'dark' ? text : 'system');
