import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Empty, Loading } from './states';

type View = () => JSX.Element;

/** A view whose code is fetched when it is first shown. */
export function lazy(load: () => Promise<View>): View {
  let loaded: View | undefined;
  return function Lazy() {
    const [view, setView] = useState<View | undefined>(() => loaded);
    const [failed, setFailed] = useState(false);
    useEffect(() => {
      if (view) return;
      load().then(
        (found) => {
          loaded = found;
          setView(() => found);
        },
        () => setFailed(true),
      );
    }, [view]);
    if (failed) return <Empty>This part of the panel could not be loaded. Reload the page.</Empty>;
    const Loaded = view;
    return Loaded ? <Loaded /> : <Loading />;
  };
}
