import { useEffect, useState } from 'preact/hooks';
import { formatPlace, type Place, parsePlace } from './location_state';

/** The place that the address names, and a way to go elsewhere. */
export function usePlace(): [Place, (place: Place, how?: 'push' | 'replace') => void] {
  const [place, setPlace] = useState(() => parsePlace(location.hash));
  useEffect(() => {
    const changed = () => setPlace(parsePlace(location.hash));
    addEventListener('hashchange', changed);
    return () => removeEventListener('hashchange', changed);
  }, []);
  const go = (next: Place, how: 'push' | 'replace' = 'push') => {
    const address = formatPlace(next);
    if (how === 'replace') history.replaceState(null, '', address);
    else history.pushState(null, '', address);
    setPlace(parsePlace(address));
  };
  return [place, go];
}
