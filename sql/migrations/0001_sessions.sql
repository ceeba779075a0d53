-- The sessions' table, its roles and who may see what.

-- Roles belong to the cluster: another database's migration may be making them at this moment.
DO $$
DECLARE
  wanted text;
BEGIN
  FOREACH wanted IN ARRAY ARRAY['callroom_writer', 'callroom_reader'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
      BEGIN
        EXECUTE format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS', wanted);
      EXCEPTION WHEN duplicate_object OR unique_violation THEN
        NULL;
      END;
    END IF;
  END LOOP;
END
$$;
COMMENT ON ROLE callroom_writer IS 'Callroom: the plugin''s writer; inserts finished sessions and reads nothing';
COMMENT ON ROLE callroom_reader IS 'Callroom: the plugin''s reader; sees what the identity in callroom.user may see';
ALTER ROLE callroom_reader SET jit = off;  -- compiling costs more than the rollups' queries take

GRANT USAGE ON SCHEMA public TO callroom_writer, callroom_reader;

CREATE TABLE session_quality_logs (
  session_id uuid NOT NULL,
  created_at timestamptz NOT NULL,
  started_at timestamptz NOT NULL,
  ended_at timestamptz NOT NULL,
  duration_s numeric(12, 3) NOT NULL CHECK (duration_s >= 0),
  node text NOT NULL CHECK (octet_length(node) BETWEEN 1 AND 255),
  room text NOT NULL CHECK (octet_length(room) BETWEEN 1 AND 64),
  user_id text NOT NULL CHECK (octet_length(user_id) BETWEEN 1 AND 64),
  display text CHECK (octet_length(display) <= 256),
  provider text NOT NULL CHECK (octet_length(provider) BETWEEN 1 AND 32),
  media_path text NOT NULL CHECK (octet_length(media_path) <= 255),
  measured_by text NOT NULL CHECK (measured_by IN ('server', 'client')),

  latency_avg_ms numeric(9, 2) CHECK (latency_avg_ms >= 0),
  latency_p50_ms numeric(9, 2) CHECK (latency_p50_ms >= 0),
  latency_p95_ms numeric(9, 2) CHECK (latency_p95_ms >= 0),
  latency_max_ms numeric(9, 2) CHECK (latency_max_ms >= 0),
  jitter_avg_ms numeric(9, 2) CHECK (jitter_avg_ms >= 0),
  jitter_p95_ms numeric(9, 2) CHECK (jitter_p95_ms >= 0),
  packet_loss_in_pct numeric(6, 3) CHECK (packet_loss_in_pct BETWEEN 0 AND 100),
  packet_loss_out_pct numeric(6, 3) CHECK (packet_loss_out_pct BETWEEN 0 AND 100),
  packet_loss_p95_pct numeric(6, 3) CHECK (packet_loss_p95_pct BETWEEN 0 AND 100),
  bandwidth_in_kbps numeric(10, 1) CHECK (bandwidth_in_kbps >= 0),
  bandwidth_out_kbps numeric(10, 1) CHECK (bandwidth_out_kbps >= 0),
  bandwidth_p5_kbps numeric(10, 1) CHECK (bandwidth_p5_kbps >= 0),
  frame_rate_avg numeric(6, 2) CHECK (frame_rate_avg >= 0),
  frame_rate_p5 numeric(6, 2) CHECK (frame_rate_p5 >= 0),
  resolution_max text CHECK (octet_length(resolution_max) <= 16),
  resolution_min text CHECK (octet_length(resolution_min) <= 16),
  resolution_typical text CHECK (octet_length(resolution_typical) <= 16),
  freeze_count integer NOT NULL DEFAULT 0 CHECK (freeze_count >= 0),
  freeze_ms numeric(12, 1) NOT NULL DEFAULT 0 CHECK (freeze_ms >= 0),
  quality_changes integer NOT NULL DEFAULT 0 CHECK (quality_changes >= 0),
  connection_drops integer NOT NULL DEFAULT 0 CHECK (connection_drops >= 0),
  recoveries integer NOT NULL DEFAULT 0 CHECK (recoveries >= 0),
  negotiations integer NOT NULL DEFAULT 0 CHECK (negotiations >= 0),
  glare_count integer NOT NULL DEFAULT 0 CHECK (glare_count >= 0),
  rollbacks integer NOT NULL DEFAULT 0 CHECK (rollbacks >= 0),
  keyframe_requests integer NOT NULL DEFAULT 0 CHECK (keyframe_requests >= 0),

  quality_score numeric(5, 2) CHECK (quality_score BETWEEN 0 AND 100),
  overall_quality text NOT NULL
    CHECK (overall_quality IN ('excellent', 'good', 'fair', 'poor', 'failed', 'unrated')),
  score_p10 numeric(5, 2) CHECK (score_p10 BETWEEN 0 AND 100),
  good_share_pct numeric(5, 2) CHECK (good_share_pct BETWEEN 0 AND 100),
  score_breakdown jsonb,
  issues jsonb CHECK (jsonb_typeof(issues) = 'array'),

  candidate_type text CHECK (octet_length(candidate_type) <= 16),
  protocol text CHECK (octet_length(protocol) <= 16),
  turn_server text CHECK (octet_length(turn_server) <= 255),
  device_info jsonb CHECK (jsonb_typeof(device_info) = 'object'),
  end_reason text NOT NULL CHECK (octet_length(end_reason) BETWEEN 1 AND 32),
  score_version smallint NOT NULL,
  samples integer NOT NULL CHECK (samples >= 0),
  timeline bytea CHECK (octet_length(timeline) <= 65536),

  worst_rank integer GENERATED ALWAYS AS (
    CASE WHEN overall_quality = 'failed' THEN -1
         WHEN quality_score IS NULL THEN 20000
         ELSE (quality_score * 100)::integer END) STORED,

  CHECK ((quality_score IS NULL) = (overall_quality IN ('failed', 'unrated'))),
  PRIMARY KEY (session_id, created_at)
) PARTITION BY RANGE (created_at);

CREATE INDEX session_quality_logs_date ON session_quality_logs (created_at, session_id);
CREATE INDEX session_quality_logs_user ON session_quality_logs (user_id, created_at);
CREATE INDEX session_quality_logs_room ON session_quality_logs (room, created_at);
CREATE INDEX session_quality_logs_rating ON session_quality_logs (overall_quality, created_at);
CREATE INDEX session_quality_logs_provider ON session_quality_logs (provider, created_at);
CREATE INDEX session_quality_logs_worst ON session_quality_logs (worst_rank, created_at DESC);

-- Rows that no other partition covers yet; maintenance moves them. Usually empty.
CREATE TABLE session_quality_logs_default PARTITION OF session_quality_logs DEFAULT;

CREATE TABLE admin_roles (
  user_id text PRIMARY KEY CHECK (octet_length(user_id) BETWEEN 1 AND 64),
  granted_at timestamptz NOT NULL DEFAULT now(),
  note text
);

-- Who asks: what the plugin has set for this transaction. Unset or empty is nobody.
CREATE FUNCTION callroom_identity() RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog
  RETURN nullif(current_setting('callroom.user', true), '');

CREATE FUNCTION callroom_is_admin() RETURNS boolean
  LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
  SET search_path = pg_catalog, public, pg_temp
  RETURN EXISTS (SELECT FROM public.admin_roles WHERE user_id = public.callroom_identity());

ALTER TABLE session_quality_logs ENABLE ROW LEVEL SECURITY;
CREATE POLICY readers_own_rows ON session_quality_logs FOR SELECT TO callroom_reader
  USING (user_id = (SELECT callroom_identity()) OR (SELECT callroom_is_admin()));
CREATE POLICY writer_inserts ON session_quality_logs FOR INSERT TO callroom_writer WITH CHECK (true);

ALTER TABLE admin_roles ENABLE ROW LEVEL SECURITY;

REVOKE ALL ON FUNCTION callroom_identity(), callroom_is_admin() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION callroom_identity(), callroom_is_admin() TO callroom_reader;
GRANT SELECT ON session_quality_logs TO callroom_reader;
GRANT INSERT ON session_quality_logs TO callroom_writer;

-- One finished session as the plugin sends it; arrays of these are inserted in one statement. Its columns are the table's,
-- in the order of plugin/storage/row_text.cpp.
CREATE TYPE callroom_row AS (
  session_id uuid, created_at timestamptz, started_at timestamptz, ended_at timestamptz, duration_s numeric, node text,
  room text, user_id text, display text, provider text, media_path text, measured_by text, latency_avg_ms numeric,
  latency_p50_ms numeric, latency_p95_ms numeric, latency_max_ms numeric, jitter_avg_ms numeric, jitter_p95_ms numeric,
  packet_loss_in_pct numeric, packet_loss_out_pct numeric, packet_loss_p95_pct numeric, bandwidth_in_kbps numeric,
  bandwidth_out_kbps numeric, bandwidth_p5_kbps numeric, frame_rate_avg numeric, frame_rate_p5 numeric,
  resolution_max text, resolution_min text, resolution_typical text, freeze_count integer, freeze_ms numeric,
  quality_changes integer, connection_drops integer, recoveries integer, negotiations integer, glare_count integer,
  rollbacks integer, keyframe_requests integer, quality_score numeric, overall_quality text, score_p10 numeric,
  good_share_pct numeric, score_breakdown jsonb, issues jsonb, candidate_type text, protocol text, turn_server text,
  device_info jsonb, end_reason text, score_version smallint, samples integer, timeline bytea
);
COMMENT ON TYPE callroom_row IS 'One finished session as the plugin sends it';

-- What a plugin asks on each new connection. A plugin that was built for schema n writes where
-- writable_from <= n <= version; a migration that breaks older writers defines this anew with a higher writable_from.
CREATE FUNCTION callroom_schema_version(OUT version integer, OUT writable_from integer)
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, public, pg_temp
  AS 'SELECT max(number), 1 FROM public.callroom_migrations';
REVOKE ALL ON FUNCTION callroom_schema_version() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION callroom_schema_version() TO callroom_writer, callroom_reader;

COMMENT ON TABLE callroom_migrations IS 'Which of sql/migrations this database has';
COMMENT ON COLUMN callroom_migrations.number IS 'Its number; the highest is the schema''s version';
COMMENT ON COLUMN callroom_migrations.name IS 'Name of its file';
COMMENT ON COLUMN callroom_migrations.sha256 IS 'Checksum of the file as it was applied';
COMMENT ON COLUMN callroom_migrations.applied_at IS 'When it was applied';

COMMENT ON TABLE admin_roles IS 'User ids that may read every row; all others read their own';
COMMENT ON COLUMN admin_roles.user_id IS 'The id, as the plugin puts it into callroom.user';
COMMENT ON COLUMN admin_roles.granted_at IS 'Since when';
COMMENT ON COLUMN admin_roles.note IS 'Why, or who granted it';

COMMENT ON TABLE session_quality_logs IS
  'One row for each call session (one participant''s stay in a room), written when it ends. NULL means not measured';
COMMENT ON TABLE session_quality_logs_default IS 'Rows that no partition covers yet; maintenance moves them';
DO $$
DECLARE
  item text[];
BEGIN
  FOREACH item SLICE 1 IN ARRAY ARRAY[
    ['session_id', 'Id of the session; with created_at the key'],
    ['created_at', 'When the row was made: the session''s end. Partitions and rollups go by it'],
    ['started_at', 'When the participant joined'],
    ['ended_at', 'When the session ended; for a crashed one, its last sample'],
    ['duration_s', 'ended_at - started_at, in seconds'],
    ['node', 'Janus server the session ran on'],
    ['room', 'Room id'],
    ['user_id', 'Whose session it was; row-level security goes by it'],
    ['display', 'Name shown in the call'],
    ['provider', 'Who carried the media: janus, p2p'],
    ['media_path', 'Where media went, in order: relay, p2p, p2p>relay, …'],
    ['measured_by', 'server (the tap) or client (reports)'],
    ['latency_avg_ms', 'Round-trip time, mean, ms'],
    ['latency_p50_ms', 'Round-trip time, median, ms'],
    ['latency_p95_ms', 'Round-trip time, 95th percentile, ms'],
    ['latency_max_ms', 'Round-trip time, highest, ms'],
    ['jitter_avg_ms', 'Interarrival jitter (RFC 3550), mean, ms'],
    ['jitter_p95_ms', 'Interarrival jitter, 95th percentile, ms'],
    ['packet_loss_in_pct', 'Packets lost from the participant to the server, percent of those expected'],
    ['packet_loss_out_pct', 'Packets lost from the server to the participant, percent of those sent'],
    ['packet_loss_p95_pct', '95th percentile of the samples'' loss, the worse direction, percent'],
    ['bandwidth_in_kbps', 'Received from the participant, mean, kbit/s'],
    ['bandwidth_out_kbps', 'Sent to the participant, mean, kbit/s'],
    ['bandwidth_p5_kbps', '5th percentile of the samples'' bandwidth, kbit/s'],
    ['frame_rate_avg', 'Video frames per second, mean'],
    ['frame_rate_p5', 'Video frames per second, 5th percentile'],
    ['resolution_max', 'Largest video, WIDTHxHEIGHT'],
    ['resolution_min', 'Smallest video, WIDTHxHEIGHT'],
    ['resolution_typical', 'The size video had for the longest time, WIDTHxHEIGHT'],
    ['freeze_count', 'How often video stood still'],
    ['freeze_ms', 'How long video stood still altogether, ms'],
    ['quality_changes', 'Changes of resolution, layer or frame rate'],
    ['connection_drops', 'How often media stopped both ways for 5 s, or ICE or DTLS failed'],
    ['recoveries', 'How often media came back after that'],
    ['negotiations', 'Offers and answers exchanged'],
    ['glare_count', 'Offers that crossed'],
    ['rollbacks', 'Offers that were rolled back'],
    ['keyframe_requests', 'PLI and FIR'],
    ['quality_score', '0 to 100; NULL for failed and unrated'],
    ['overall_quality', 'excellent (score >= 86), good (>= 75), fair (>= 64), poor, failed (no media ever), unrated (too short)'],
    ['score_p10', '10th percentile of the samples'' scores'],
    ['good_share_pct', 'Share of scored samples of at least 75, percent'],
    ['score_breakdown', 'Points of the score lost to each cause'],
    ['issues', 'What was wrong: [{code, severity, samples, first_sample}]'],
    ['candidate_type', 'ICE candidate of the participant: host, srflx, prflx, relay'],
    ['protocol', 'Transport of the media: udp, tcp, tls'],
    ['turn_server', 'TURN server used, if any; never its credentials'],
    ['device_info', 'What the client said of itself'],
    ['end_reason', 'left, kicked, room_destroyed, hangup, timeout, takeover, shutdown, crashed'],
    ['score_version', 'Version of the quality model that gave the score'],
    ['samples', 'How many samples the row rests on; one every few seconds'],
    ['timeline', 'The samples themselves, compressed (plugin/quality/timeline.hpp)'],
    ['worst_rank', 'Order of the worst first: -1 failed, then the score times 100, 20000 unrated']
  ] LOOP
    EXECUTE format('COMMENT ON COLUMN session_quality_logs.%I IS %L', item[1], item[2]);
  END LOOP;
END
$$;
