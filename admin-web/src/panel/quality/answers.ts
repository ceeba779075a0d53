// The shapes of the admin answers, as this panel reads them. null: not measured, or no session to stand on.
import type { RatingName, SessionDetail, SessionRow } from './rows';

type Figure = number | null;

/**
 * What each point of a series has. How many sessions a figure stands on is beside it; shares and losses are in percent,
 * latency is the round-trip time.
 */
interface BasicFigures {
  sessions: number;
  /** Sessions with a score: what its average stands on. */
  scored: number;
  score: Figure;
  ratings: Record<RatingName, { sessions: number; share_pct: Figure }>;
  /** (poor + failed) / (rated + failed). */
  poor_or_failed: { share_pct: Figure; sessions: number };
  latency: { avg_ms: Figure; p50_ms: Figure; p95_ms: Figure; sessions: number };
  loss_in: { avg_pct: Figure };
  loss_out: { avg_pct: Figure };
  /** Share of sessions with at least one connection drop. */
  drops: { share_pct: Figure; count: number; sessions: number };
}

export interface Figures extends BasicFigures {
  /** Margins: half the width of the 95 % confidence interval. */
  score_margin: Figure;
  latency: BasicFigures['latency'] & { margin: Figure };
  jitter: { avg_ms: Figure };
  loss_in: BasicFigures['loss_in'] & { margin: Figure };
  loss_out: BasicFigures['loss_out'] & { margin: Figure };
  bandwidth_in: { avg_kbps: Figure };
  bandwidth_out: { avg_kbps: Figure };
  frame_rate: { avg: Figure };
  freezes: { count: number; ms: number };
  /** Sessions by score, in equal steps from 0 to 100. */
  score_histogram: number[];
}

export interface Target {
  figure: 'score' | 'poor_or_failed' | 'latency' | 'drops';
  target: number;
  better: 'higher' | 'lower';
  value: Figure;
  /** null: unknown, as there is nothing to judge. */
  met: boolean | null;
  before: Figure;
}

export interface SummaryAnswer {
  from: string;
  to: string;
  current: Figures;
  /** The period before, of the same length. */
  before: Figures;
  targets: Target[];
}

/** One bucket; `at` is where it begins. */
export type Point = BasicFigures & { at: string };

export interface SeriesAnswer {
  bucket: string;
  points: Point[];
}

export interface ProvidersAnswer {
  providers: (Figures & { provider: string })[];
  /** The first provider less the second; within noise where the difference is under the margin. */
  comparison: { figure: string; difference: Figure; margin: Figure; within_noise: boolean | null }[];
}

export interface IssueEntry {
  code: string;
  severity: 'warning' | 'critical';
  sessions: number;
  share_pct: Figure;
  before: { sessions: number; share_pct: Figure };
  examples: string[];
}

export interface IssuesAnswer {
  sessions: number;
  issues: IssueEntry[];
}

export interface SessionsAnswer {
  sessions: SessionRow[];
  next: string | null;
}

export interface TimelinePoint {
  score: Figure;
  latency_ms: Figure;
  packet_loss_in_pct: Figure;
  packet_loss_out_pct: Figure;
  bandwidth_in_kbps: Figure;
  bandwidth_out_kbps: Figure;
  frame_rate: Figure;
}

/** What happened in a session, and in which sample. */
export interface TimelineEvent {
  what: string;
  sample: number;
  detail?: string | number | null;
  /** Why, where the network had it done. */
  cause?: string | null;
}

/** The course of a session: a point for every so many samples. */
export interface Timeline {
  sample_interval_ms: number;
  samples_per_point: number;
  points: TimelinePoint[];
  events: TimelineEvent[];
}

export interface SessionAnswer {
  session: SessionDetail & { timeline: Timeline | null };
  /** The other people of the same call. */
  participants: SessionRow[];
}

export interface ExportAnswer {
  /** The next piece of the file. */
  data: string;
  rows: number;
  next: string | null;
}

/** Figures of the last sample. */
export interface LiveSample {
  score?: Figure;
  rating?: RatingName | null;
  latency_ms?: Figure;
  jitter_ms?: Figure;
  packet_loss_in_pct?: Figure;
  packet_loss_out_pct?: Figure;
  bandwidth_in_kbps?: Figure;
  bandwidth_out_kbps?: Figure;
}

export interface LiveSession {
  session_id: string;
  room: string;
  /** The participant's id in the room. */
  id: string;
  user_id: string;
  display: string | null;
  provider: string;
  media_path: string;
  started_at: string;
  duration_s: number;
  sample: LiveSample | null;
  /** Codes that hold now; null before the first sample. */
  issues: string[] | null;
}

export interface LiveAnswer {
  sessions: LiveSession[];
}

export interface AlertEntry {
  rule: string;
  metric: string;
  value: Figure;
  threshold: number;
  sessions: number;
  window_start: string;
  window_end: string;
  raised_at: string;
  node: string;
  examples: string[];
}

export interface AlertsAnswer {
  alerts: AlertEntry[];
  next: string | null;
}

export interface HealthAnswer {
  status: 'ok' | 'degraded';
  problems: string[];
  version?: string;
  database?: { state: string; error: string | null };
  outbox?: { rows: number; age_s: Figure };
}
