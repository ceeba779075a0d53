import type { TargetedSubmitEvent } from 'preact';
import { usePanel } from '../context';
import { withQuery } from '../location_state';
import { type FilterName, kFilterChoices, kFilterNames, kFilterTitles, kRanges, rangeOf } from './filters';

/** Filters that a view has no use for; Live has no range either. */
const kIgnored: Record<string, readonly FilterName[]> = { providers: ['provider'] };

/** Range and filters of the address, and how to change them. Typed filters take effect with Enter or when left. */
export function FilterBar({ view }: { view: string }) {
  const { place, go } = usePanel();
  const range = rangeOf(place);
  const named = 'name' in range ? range.name : undefined;
  const names = kFilterNames.filter((name) => kIgnored[view]?.includes(name) !== true);
  const filtered = names.some((name) => place.query[name]);
  const clear = Object.fromEntries([...names, 'issue'].map((name) => [name, undefined]));
  return (
    <div class="filters" role="search" aria-label="Range and filters">
      {view !== 'live' && <RangeChoice named={named} />}
      {view !== 'live' && <CustomRange />}
      {names.map((name) => (
        <Filter key={name} name={name} value={place.query[name] ?? ''} />
      ))}
      {filtered && (
        <button type="button" class="button" onClick={() => go(withQuery(place, clear))}>
          Clear filters
        </button>
      )}
    </div>
  );
}

export function RangeChoice({ named }: { named: string | undefined }) {
  const { place, go } = usePanel();
  return (
    <div class="segments" role="group" aria-label="Range">
      {kRanges.map((name) => (
        <button
          key={name}
          type="button"
          aria-pressed={named === name}
          onClick={() => go(withQuery(place, { range: name, from: undefined, to: undefined }))}
        >
          {name}
        </button>
      ))}
    </div>
  );
}

function Filter({ name, value }: { name: FilterName; value: string }) {
  const { place, go } = usePanel();
  const title = kFilterTitles[name];
  const choices = kFilterChoices[name];
  const set = (text: string) => text !== value && go(withQuery(place, { [name]: text }));
  if (choices) {
    return (
      <select
        class="compact"
        aria-label={title}
        data-filter={name}
        value={value}
        onChange={(event) => set(event.currentTarget.value)}
      >
        <option value="">{title}: all</option>
        {choices.map((choice) => (
          <option key={choice} value={choice}>
            {title}: {choice}
          </option>
        ))}
      </select>
    );
  }
  const submit = (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    set(String(new FormData(event.currentTarget).get(name) ?? '').trim());
  };
  return (
    <form onSubmit={submit}>
      <input
        class="compact"
        name={name}
        data-filter={name}
        placeholder={title}
        aria-label={title}
        maxLength={64}
        autocomplete="off"
        value={value}
        onBlur={(event) => set(event.currentTarget.value.trim())}
      />
    </form>
  );
}

function CustomRange() {
  const { place, go } = usePanel();
  const range = rangeOf(place);
  const custom = 'from' in range ? range : undefined;
  const submit = (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    const [from, to] = [data.get('from'), data.get('to')].map((text) => new Date(String(text)));
    if (!from || !to || !(from < to)) return;
    go(withQuery(place, { range: undefined, from: from.toISOString(), to: to.toISOString() }));
    event.currentTarget.closest('details')?.removeAttribute('open');
  };
  return (
    <details class="custom-range">
      <summary class={custom ? 'chosen' : ''}>
        {custom ? `${local(custom.from)} – ${local(custom.to)}` : 'Custom'}
      </summary>
      <form onSubmit={submit}>
        <label class="field">
          <span>From</span>
          <input type="datetime-local" name="from" required value={custom ? input(custom.from) : ''} />
        </label>
        <label class="field">
          <span>To</span>
          <input type="datetime-local" name="to" required value={custom ? input(custom.to) : ''} />
        </label>
        <button class="button primary" type="submit">
          Show
        </button>
      </form>
    </details>
  );
}

/** As a datetime-local field has it: the viewer's zone, to the minute. */
function input(instant: string): string {
  const date = new Date(instant);
  return new Date(date.getTime() - 60_000 * date.getTimezoneOffset()).toISOString().slice(0, 16);
}

const local = (instant: string) => input(instant).replace('T', ' ');
