// The room client: everything a page needs for a call in a room. It depends on nothing but the browser.
export { CallroomError, JanusError, TransportError } from './errors';
export type { Publication } from './local_tracks';
export type { RemoteParticipant, RemoteTrack } from './participants';
export type { Collision, Joined, Kind, LeftSummary, Media, Provider, QualityEvent, Role, Source } from './protocol';
export type { CreateOptions, JoinOptions, RoomClientOptions, RoomEvents, RoomState } from './room_client';
export { RoomClient } from './room_client';
export type { Connect, Transport } from './transport';
export { webSocket } from './transport';
