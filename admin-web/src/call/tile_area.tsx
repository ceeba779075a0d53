import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { gridFor } from './layout';

/** As much room as there is for `count` tiles, shared evenly. */
export function TileArea({
  count,
  children,
  class: name = '',
}: {
  count: number;
  children: ComponentChildren;
  class?: string;
}) {
  const area = useRef<HTMLDivElement>(null);
  const size = useSize(area);
  const { width, height } = gridFor(count, size.width, size.height);
  useEffect(() => {
    area.current?.style.setProperty('--tile-width', `${width}px`);
    area.current?.style.setProperty('--tile-height', `${height}px`);
  }, [width, height]);
  return (
    <div class={`tiles ${name}`} ref={area} data-count={count}>
      {children}
    </div>
  );
}

function useSize(element: { current: HTMLElement | null }): { width: number; height: number } {
  const [size, setSize] = useState({ width: 1280, height: 720 });
  useEffect(() => {
    if (!element.current) return;
    const observer = new ResizeObserver(([entry]) => {
      if (entry) setSize({ width: entry.contentRect.width, height: entry.contentRect.height });
    });
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [element]);
  return size;
}
