// What goes over the wire, as design/api.md names it. Fields are as sent: snake_case, optional where the plugin may leave them out.

export type Media = 'relay' | 'p2p' | 'auto';
export type Provider = 'janus' | 'p2p';
export type Role = 'polite' | 'impolite';
export type Kind = 'audio' | 'video';
/** What a track shows. The plugin carries it from the publisher to everybody who receives the track. */
export type Source = 'microphone' | 'camera' | 'screen' | 'screen_audio';
/** What a client does with an offer that crosses its own: takes it and gives up its own, or refuses it. */
export type Collision = 'yields' | 'refuses';

export interface WireParticipant {
  id: string;
  user_id: string;
  display?: string;
  role?: Role;
}

export interface WireStream {
  mid: string;
  kind: Kind;
  /** The participant whose media is on this m-line; absent or null while nobody's is. */
  id?: string | null;
  /** Which of their tracks: what it shows where the room knows, else the mid it has on their own sending connection. */
  source?: string;
  paused?: boolean;
}

export interface Joined {
  callroom: 'joined';
  room: string;
  media: Media;
  /** In auto rooms: where media goes at the moment. */
  provider?: Provider;
  session_id: string;
  id: string;
  user_id: string;
  role: Role;
  receive_token: string;
  participants: WireParticipant[];
  ice_servers?: RTCIceServer[];
  /** The room can make use of a camera that is sent in several sizes. */
  simulcast?: boolean;
  /** Milliseconds between two samples. */
  sample_interval?: number;
}

export interface QualityEvent {
  callroom: 'quality';
  score?: number | null;
  rating?: string | null;
  issues?: (string | { code: string; severity?: string })[];
  limited_by?: string | null;
  /** Whose quality this is; absent: one's own. */
  id?: string;
}

export interface LeftSummary {
  callroom: 'left';
  session_id: string;
  quality?: { score?: number | null; rating?: string | null; [figure: string]: unknown };
}

export interface RoomEntry {
  room: string;
  description?: string;
  media?: Media;
  capacity?: number;
  participants?: number;
}

export type PluginEvent =
  | Joined
  | QualityEvent
  | LeftSummary
  | { callroom: 'participant_joined'; id: string; user_id: string; display?: string; role?: Role }
  | { callroom: 'participant_left'; id: string; reason?: string }
  | { callroom: 'negotiated'; negotiation: number; streams?: WireStream[] }
  | { callroom: 'offer'; negotiation: number; streams?: WireStream[] }
  | { callroom: 'streams'; streams: WireStream[] }
  | { callroom: 'negotiate'; reason?: string; with?: string }
  | { callroom: 'glare'; with: string; resolution: string; negotiation: number }
  | {
      callroom: 'signal';
      from: string;
      negotiation?: number;
      description?: WireDescription;
      candidate?: RTCIceCandidateInit | null;
    }
  | { callroom: 'media'; provider: Provider | 'relay'; complete?: boolean }
  | { callroom: 'kicked'; reason?: string }
  | { callroom: 'destroyed'; room?: string }
  | { callroom: 'error'; error_code: number; error: string };

export interface WireDescription {
  type: 'offer' | 'answer';
  sdp: string;
}

/** The parts of Janus's own messages that are used here. */
export interface JanusMessage {
  janus: string;
  transaction?: string;
  session_id?: number;
  sender?: number;
  reason?: string;
  data?: { id: number };
  plugindata?: { plugin: string; data: Record<string, unknown> };
  jsep?: { type: string; sdp: string };
  error?: { code: number; reason: string };
  candidate?: RTCIceCandidateInit & { completed?: boolean };
}
