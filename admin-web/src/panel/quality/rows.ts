// One finished session, as the admin requests give it: the columns of session_quality_logs by their names. null: not measured.

export const kRatings = ['excellent', 'good', 'fair', 'poor', 'failed', 'unrated'] as const;
export type RatingName = (typeof kRatings)[number];

type Figure = number | null;

export interface SessionIssue {
  code: string;
  severity: 'warning' | 'critical';
  samples?: number;
  first_sample?: number | null;
}

/** What a page of sessions has of each. */
export interface SessionRow {
  session_id: string;
  created_at: string;
  started_at: string;
  ended_at: string;
  duration_s: number;
  node: string;
  room: string;
  user_id: string;
  display: string | null;
  provider: string;
  media_path: string;
  quality_score: Figure;
  overall_quality: RatingName;
  latency_avg_ms: Figure;
  latency_p95_ms: Figure;
  packet_loss_in_pct: Figure;
  packet_loss_out_pct: Figure;
  connection_drops: number;
  end_reason: string;
  issues: SessionIssue[] | null;
}

export type Breakdown = Partial<
  Record<'delay' | 'loss' | 'freezes' | 'frame_rate' | 'resolution' | 'bitrate' | 'drops', number>
>;

/** The whole row. */
export interface SessionDetail extends SessionRow {
  measured_by: string;
  latency_p50_ms: Figure;
  latency_max_ms: Figure;
  jitter_avg_ms: Figure;
  jitter_p95_ms: Figure;
  packet_loss_p95_pct: Figure;
  bandwidth_in_kbps: Figure;
  bandwidth_out_kbps: Figure;
  bandwidth_p5_kbps: Figure;
  frame_rate_avg: Figure;
  frame_rate_p5: Figure;
  resolution_max: string | null;
  resolution_min: string | null;
  resolution_typical: string | null;
  freeze_count: number;
  freeze_ms: number;
  quality_changes: number;
  recoveries: number;
  negotiations: number;
  glare_count: number;
  rollbacks: number;
  keyframe_requests: number;
  score_p10: Figure;
  good_share_pct: Figure;
  score_breakdown: Breakdown | null;
  candidate_type: string | null;
  protocol: string | null;
  turn_server: string | null;
  device_info: Record<string, unknown> | null;
  score_version: number;
  samples: number;
}
