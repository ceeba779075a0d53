import { useEffect, useRef } from 'preact/hooks';

interface LinkBarProps {
  /** What it is called where it is read out. */
  label: string;
  class: string;
  links: readonly { name: string; title: string; href: string }[];
  /** The name of the link to what is shown; none: it is somewhere below. */
  current: string | undefined;
}

/** Links side by side, of which the current one is in sight, also where there is no room for all of them. */
export function LinkBar({ label, class: name, links, current }: LinkBarProps) {
  const bar = useRef<HTMLElement>(null);
  useEffect(() => {
    const element = bar.current;
    if (!element) return;
    const show = () => {
      const link = element.querySelector<HTMLElement>('[aria-current]');
      if (!link) return;
      const [from, width] = [link.offsetLeft - element.offsetLeft, link.offsetWidth];
      element.scrollLeft = Math.min(from, Math.max(element.scrollLeft, from + width - element.clientWidth));
    };
    const observer = new ResizeObserver(show); // which tells also at first
    observer.observe(element);
    return () => observer.disconnect();
  }, [current]);
  return (
    <nav class={name} aria-label={label} ref={bar}>
      {links.map(({ name: one, title, href }) => (
        <a key={one} href={href} aria-current={one === current ? 'page' : undefined}>
          {title}
        </a>
      ))}
    </nav>
  );
}
