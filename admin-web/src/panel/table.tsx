import type { ComponentChildren } from 'preact';

interface Head {
  text: string;
  /** Of a column of figures, which stand on the right. */
  figure?: boolean;
  /** Only for those who have the page read to them. */
  hidden?: boolean;
}

export const figure = (text: string): Head => ({ text, figure: true });

interface TableProps {
  /** What the table is called where it is read out. */
  label: string;
  heads: readonly (string | Head)[];
  class?: string;
  /** Rows. */
  children: ComponentChildren;
}

/** Rows under heads. Too wide a table scrolls by itself, also with the keyboard, and never the page. */
export function Table({ label, heads, class: more = '', children }: TableProps) {
  return (
    <div class={`table-scroll ${more}`} tabIndex={0} role="region" aria-label={label}>
      <table class="rows">
        <thead>
          <tr>
            {heads
              .map((head) => (typeof head === 'string' ? { text: head } : head))
              .map(({ text, figure, hidden }) => (
                <th key={text} scope="col" class={figure ? 'figure' : ''}>
                  {hidden ? <span class="visually-hidden">{text}</span> : text}
                </th>
              ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}
