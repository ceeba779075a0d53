import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { AdminApi } from './admin_api';
import type { Place } from './location_state';

/** What every view of the panel is given. */
export interface Panel {
  api: AdminApi;
  place: Place;
  go(place: Place, how?: 'push' | 'replace'): void;
}

export const PanelContext = createContext<Panel | undefined>(undefined);

export function usePanel(): Panel {
  const panel = useContext(PanelContext);
  if (!panel) throw new Error('Outside of the panel.');
  return panel;
}
