/** The worst of several PeerConnections' states, as what people are shown. */
export function combinedState(states: readonly RTCPeerConnectionState[]): RTCPeerConnectionState {
  for (const bad of ['failed', 'disconnected', 'connecting'] as const) if (states.includes(bad)) return bad;
  if (states.includes('connected')) return 'connected';
  return states.includes('new') ? 'new' : 'closed';
}

/** Tells the combined state now and at every change, until the returned function is called. */
export function watchConnections(
  connections: readonly RTCPeerConnection[],
  tell: (state: RTCPeerConnectionState) => void,
): () => void {
  let last: RTCPeerConnectionState | undefined;
  const look = () => {
    const state = combinedState(connections.map(({ connectionState }) => connectionState));
    if (state === last) return;
    last = state;
    tell(state);
  };
  for (const connection of connections) connection.addEventListener('connectionstatechange', look);
  look();
  return () => {
    for (const connection of connections) connection.removeEventListener('connectionstatechange', look);
  };
}
