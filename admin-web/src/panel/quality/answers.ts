// The shapes of the admin answers, as this panel reads them. null: not measured, or no session to stand on.
import type { RatingName, SessionDetail, SessionRow } from './rows';

type Figure = number | null;

/** The figures that summaries, buckets and providers share; shares and losses in percent, latencies (RTT) in ms. */
export interface Figures {
  sessions: number;
  /** Sessions with a score: what the averages of the score stand on. */
  rated: number;
  score_avg: Figure;
  ratings: Record<RatingName, number>;
  /** (poor + failed) / (rated + failed). */
  poor_or_failed_pct: Figure;
  latency_avg_ms: Figure;
  latency_p50_ms: Figure;
  latency_p95_ms: Figure;
  packet_loss_pct: Figure;
  /** Share of sessions with at least one connection drop. */
  drops_pct: Figure;
}

export interface Target {
  name: 'score' | 'poor_or_failed' | 'latency' | 'drops';
  target: number;
  value: Figure;
  /** null: unknown, as there is nothing to judge. */
  met: boolean | null;
}

export interface SummaryAnswer extends Figures {
  from: string;
  to: string;
  targets: Target[];
  /** Sessions by score: 0 to 9, 10 to 19, …, 90 to 100. */
  score_distribution: number[];
  previous: Figures;
}

export interface Bucket extends Figures {
  /** Where the bucket begins. */
  at: string;
}

export interface SeriesAnswer {
  bucket_s: number;
  buckets: Bucket[];
}

export interface ProvidersAnswer {
  providers: (Figures & {
    provider: string;
    score_stddev: Figure;
    latency_stddev_ms: Figure;
    packet_loss_stddev_pct: Figure;
  })[];
}

export interface IssueEntry {
  code: string;
  severity: 'warning' | 'critical';
  sessions: number;
  critical_sessions: number;
  share_pct: Figure;
  previous_sessions: number;
  previous_share_pct: Figure;
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

/** One sample of a session's timeline; columns of equal length, a value for each sample. */
export interface Timeline {
  interval_ms: number;
  started_at: string;
  score: Figure[];
  latency_ms: Figure[];
  jitter_ms: Figure[];
  loss_in_pct: Figure[];
  loss_out_pct: Figure[];
  bitrate_in_kbps: Figure[];
  bitrate_out_kbps: Figure[];
  frame_rate: Figure[];
  height: Figure[];
  events: { sample: number; what: string; detail?: string }[];
}

export interface SessionAnswer {
  session: SessionDetail & { timeline: Timeline | null };
  /** The other people of the same call: sessions of the same room that overlap. */
  others: SessionRow[];
}

export interface ExportAnswer {
  /** The next piece of the file. */
  data: string;
  rows: number;
  next: string | null;
}

export interface LiveSession {
  session_id: string;
  room: string;
  id: string;
  user_id: string;
  display: string | null;
  provider: string;
  started_at: string;
  duration_s: number;
  score: Figure;
  rating: RatingName | null;
  latency_ms: Figure;
  jitter_ms: Figure;
  loss_in_pct: Figure;
  loss_out_pct: Figure;
  bitrate_in_kbps: Figure;
  bitrate_out_kbps: Figure;
  issues: string[];
}

export interface LiveAnswer {
  node: string;
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
  session_ids: string[];
}

export interface AlertsAnswer {
  alerts: AlertEntry[];
  next: string | null;
}

export interface HealthAnswer {
  version: string;
  database: { state: string; error?: string | null };
  outbox: { rows: number; age_s: Figure };
  [part: string]: unknown;
}
