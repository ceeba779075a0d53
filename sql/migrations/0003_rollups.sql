-- Rollups: sums over the sessions of five minutes, an hour and a day, by node, provider and rating.
--
-- Statement triggers keep them in the transaction that changes the rows, from the rows that it really inserted: a replayed
-- batch inserts none and counts for nothing, and what a reader sees of rows and rollups agrees at every moment. Sums are
-- whole numbers (hundredths, thousandths), so that no order of adding matters. The node is part of the key: nodes do not
-- wait for one another.
--
-- Percentiles come from histograms, one column a bin: adding up the bins of a month is then some 100 sums over a few
-- thousand rows. Latency has 85 bins, each 8 % wider than the one before; score has 20 of 5 points.

-- The upper edges of the latency bins but the last, in ms: 4 * 1.08^i.
CREATE FUNCTION callroom_latency_edges() RETURNS double precision[]
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog
  RETURN (SELECT array_agg(round(4 * power(1.08::double precision, i)::numeric, 2)::double precision ORDER BY i) FROM generate_series(0, 83) i);
COMMENT ON FUNCTION callroom_latency_edges IS 'Upper edges in ms of the latency bins of the rollups; the last bin is open';

-- What the measures are made of, computed once for each session: whole parts of the column's unit.
CREATE TEMPORARY TABLE picks (ordinal serial, name text, source text, parts integer) ON COMMIT DROP;
INSERT INTO picks (name, source, parts) VALUES
  ('duration', 'duration_s', 1000), ('frozen', 'freeze_ms', 10), ('score', 'quality_score', 100), ('latency', 'latency_avg_ms', 100),
  ('jitter', 'jitter_avg_ms', 100), ('loss_in', 'packet_loss_in_pct', 1000), ('loss_out', 'packet_loss_out_pct', 1000),
  ('bandwidth_in', 'bandwidth_in_kbps', 10), ('bandwidth_out', 'bandwidth_out_kbps', 10), ('frame_rate', 'frame_rate_avg', 100);

-- name, type, sum over the sessions of a group, what a single one adds, comment
CREATE TEMPORARY TABLE measures (ordinal serial, name text, type text, sum text, single text, comment text) ON COMMIT DROP;
INSERT INTO measures (name, type, sum, single, comment) VALUES
  ('sessions', 'bigint', 'count(*)', '1::bigint', 'Sessions'),
  ('duration_ms', 'bigint', 'sum(duration)', 'duration', 'Their duration, ms');

-- Of what is averaged: how many sessions have it, its sum, and where a margin is told, its squares.
INSERT INTO measures (name, type, sum, single, comment)
  SELECT figure.name, figure.type, figure.sum, figure.single, figure.comment
    FROM picks, LATERAL (VALUES
           (1, CASE name WHEN 'score' THEN 'scored' ELSE name || '_n' END, 'bigint', format('count(%s)', name),
            format('(%s IS NOT NULL)::integer::bigint', name), format('Sessions with a %s', source)),
           (2, name || '_sum', 'bigint', format('coalesce(sum(%s), 0)', name), format('coalesce(%s, 0)', name),
            format('Sum of %s, 1/%s of its unit', source, parts)),
           (3, name || '_squares', 'double precision', format('coalesce(sum(%1$s::double precision * %1$s), 0) / %2$s', name, parts * parts),
            format('coalesce(%1$s::double precision * %1$s, 0) / %2$s', name, parts * parts), format('Sum of the squares of %s', source))
         ) figure (o, name, type, sum, single, comment)
    WHERE picks.name NOT IN ('duration', 'frozen') AND (o < 3 OR picks.name IN ('score', 'latency', 'jitter', 'loss_in', 'loss_out'))
    ORDER BY ordinal, o;

INSERT INTO measures (name, type, sum, single, comment)
  SELECT name, 'bigint', coalesce(sum, format('sum(%s)', single)), single || '::bigint', comment
    FROM (VALUES (1, 'dropped_sessions', 'count(*) FILTER (WHERE connection_drops > 0)', '(connection_drops > 0)::integer', 'Sessions with a connection drop'),
                 (2, 'drops', NULL, 'connection_drops', 'Connection drops'),
                 (3, 'recoveries', NULL, 'recoveries', 'Recoveries'),
                 (4, 'freezes', NULL, 'freeze_count', 'Freezes'),
                 (5, 'freeze_tenths_ms', NULL, 'frozen', 'Time frozen, tenths of ms'),
                 (6, 'negotiations', NULL, 'negotiations', 'Offers and answers exchanged'),
                 (7, 'glare', NULL, 'glare_count', 'Offers that crossed')) counted (o, name, sum, single, comment) ORDER BY o;

INSERT INTO measures (name, type, sum, single, comment)
  SELECT format('%s_bin_%s', kind, bin), 'integer', format('count(*) FILTER (WHERE %s_bin = %s)', kind, bin),
         format('coalesce((%s_bin = %s)::integer, 0)', kind, bin),
         CASE kind WHEN 'score' THEN format('Sessions with a score from %s to %s', bin * 5, bin * 5 + 5)
                   ELSE format('Sessions with latency_avg_ms from %s to below %s ms', coalesce((callroom_latency_edges())[bin], 0),
                               coalesce((callroom_latency_edges())[bin + 1]::text, 'any')) END
    FROM (VALUES (1, 'score', 19), (2, 'latency', 84)) binned (o, kind, last), generate_series(0, last) bin ORDER BY o, bin;

-- The two histograms' bin of a session, from what was picked of it; none where it was not measured (least() would pass
-- over the NULL).
CREATE TEMPORARY TABLE bins (expression text) ON COMMIT DROP;
INSERT INTO bins VALUES ('CASE WHEN score IS NOT NULL THEN least(19, score / 500)::integer END AS score_bin, '
                         'width_bucket(latency::double precision / 100, callroom_latency_edges()) AS latency_bin');

CREATE TEMPORARY TABLE codes (ordinal serial, code text, severity text) ON COMMIT DROP;
INSERT INTO codes (code, severity)
  SELECT code, severity
    FROM unnest(ARRAY['high_latency', 'high_loss', 'bursty_loss', 'high_jitter', 'low_frame_rate', 'frozen_video',
                      'low_bandwidth', 'keyframe_storm', 'one_way_media', 'connection_drop', 'never_connected']) WITH ORDINALITY c (code, o),
         unnest(ARRAY['warning', 'critical']) WITH ORDINALITY s (severity, p) ORDER BY o, p;

DO $$
DECLARE
  level text;
  item record;
  columns text := (SELECT string_agg(format('%I %s NOT NULL DEFAULT 0', name, type), ', ' ORDER BY ordinal) FROM measures);
  issue_columns text := (SELECT string_agg(format('%I integer NOT NULL DEFAULT 0', code || '_' || severity), ', ' ORDER BY ordinal) FROM codes);
BEGIN
  FOREACH level IN ARRAY ARRAY['5min', 'hour', 'day'] LOOP
    EXECUTE format('CREATE TABLE %I (bucket timestamptz NOT NULL, node text NOT NULL, provider text NOT NULL, rating text NOT NULL, '
                   '%s, %s, PRIMARY KEY (bucket, node, provider, rating)) '
                   'WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02)',
                   'session_quality_' || level, columns, issue_columns);
    EXECUTE format('COMMENT ON TABLE %I IS %L', 'session_quality_' || level,
                   'Sums over session_quality_logs per ' || replace(level, '5min', 'five minutes') ||
                   ' (UTC), kept by triggers on it; only admin_roles see them');
    EXECUTE format('COMMENT ON COLUMN %I.bucket IS %L', 'session_quality_' || level, 'Start, by created_at');
    EXECUTE format('COMMENT ON COLUMN %I.node IS %L', 'session_quality_' || level, 'As in session_quality_logs');
    EXECUTE format('COMMENT ON COLUMN %I.provider IS %L', 'session_quality_' || level, 'As in session_quality_logs');
    EXECUTE format('COMMENT ON COLUMN %I.rating IS %L', 'session_quality_' || level, 'overall_quality of session_quality_logs');
    FOR item IN SELECT * FROM measures LOOP
      EXECUTE format('COMMENT ON COLUMN %I.%I IS %L', 'session_quality_' || level, item.name, item.comment);
    END LOOP;
    FOR item IN SELECT * FROM codes LOOP
      EXECUTE format('COMMENT ON COLUMN %I.%I IS %L', 'session_quality_' || level, item.code || '_' || item.severity,
                     format('Sessions with the issue %s, %s', item.code, item.severity));
    END LOOP;
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', 'session_quality_' || level);
    EXECUTE format('CREATE POLICY admins_read ON %I FOR SELECT TO callroom_reader USING ((SELECT callroom_is_admin()))',
                   'session_quality_' || level);
    EXECUTE format('GRANT SELECT ON %I TO callroom_reader', 'session_quality_' || level);
  END LOOP;
END
$$;

-- Which sessions have an issue, so that a page of them is found without a look at the others. Under row-level security an
-- index on the issues themselves cannot be used for that: their operator might tell on hidden rows.
CREATE TABLE session_quality_issues (
  code text NOT NULL,
  severity text NOT NULL,
  created_at timestamptz NOT NULL,
  session_id uuid NOT NULL,
  worst_rank integer NOT NULL,
  PRIMARY KEY (code, severity, created_at, session_id)
) PARTITION BY RANGE (created_at);
CREATE INDEX session_quality_issues_worst ON session_quality_issues (code, severity, worst_rank, created_at DESC, session_id DESC);
CREATE TABLE session_quality_issues_default PARTITION OF session_quality_issues DEFAULT;
COMMENT ON TABLE session_quality_issues IS
  'Issue by issue, the sessions of session_quality_logs that have it; kept by triggers on it; only admin_roles see them';
COMMENT ON TABLE session_quality_issues_default IS 'What no partition covers yet; maintenance moves it';
COMMENT ON COLUMN session_quality_issues.code IS 'Code of the issue';
COMMENT ON COLUMN session_quality_issues.severity IS 'warning, critical';
COMMENT ON COLUMN session_quality_issues.created_at IS 'As in session_quality_logs';
COMMENT ON COLUMN session_quality_issues.session_id IS 'As in session_quality_logs';
COMMENT ON COLUMN session_quality_issues.worst_rank IS 'As in session_quality_logs';
ALTER TABLE session_quality_issues ENABLE ROW LEVEL SECURITY;
CREATE POLICY admins_read ON session_quality_issues FOR SELECT TO callroom_reader USING ((SELECT callroom_is_admin()));
GRANT SELECT ON session_quality_issues TO callroom_reader;
SELECT callroom_maintain(36500) \g /dev/null

-- The trigger functions: one adds the rows of the transition table "fresh", the other takes those of "gone" away.
DO $body$
DECLARE
  template text := $sql$
CREATE FUNCTION %1$I() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, public, pg_temp
  SET jit = off  -- compiling would take ten times as long as running
  AS $$
BEGIN
  WITH row AS MATERIALIZED (
    SELECT date_bin('5 minutes', created_at, '2000-01-01 00:00:00+00') AS bucket, node, provider, overall_quality AS rating,
           created_at, session_id, worst_rank, issues, connection_drops, recoveries, freeze_count, negotiations, glare_count,
           picked.*, %12$s
      FROM %2$I, LATERAL (SELECT %11$s OFFSET 0) picked
  ), found AS MATERIALIZED (
    SELECT bucket, node, provider, rating, created_at, session_id, worst_rank, issue.code, issue.severity
      FROM row, jsonb_to_recordset(row.issues) AS issue (code text, severity text)
      WHERE row.issues <> '[]' AND issue.code IS NOT NULL AND issue.severity IS NOT NULL
  ), keyed AS (
    %10$s
  ), issue AS (
    SELECT bucket, node, provider, rating, %3$s FROM found GROUP BY 1, 2, 3, 4
  ), measure AS (
    SELECT bucket, node, provider, rating, %4$s FROM row GROUP BY 1, 2, 3, 4
  ), change AS MATERIALIZED (
    SELECT bucket, node, provider, rating, %5$s FROM measure LEFT JOIN issue USING (bucket, node, provider, rating)
  ), by_5min AS (
    INSERT INTO session_quality_5min AS t (bucket, node, provider, rating, %6$s)
      SELECT bucket, node, provider, rating, %6$s FROM change ORDER BY 1, 2, 3, 4
      ON CONFLICT (bucket, node, provider, rating) DO UPDATE SET %7$s
  ), by_hour AS (
    INSERT INTO session_quality_hour AS t (bucket, node, provider, rating, %6$s)
      SELECT date_trunc('hour', bucket, 'UTC'), node, provider, rating, %8$s FROM change GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
      ON CONFLICT (bucket, node, provider, rating) DO UPDATE SET %7$s
  )
  INSERT INTO session_quality_day AS t (bucket, node, provider, rating, %6$s)
    SELECT date_trunc('day', bucket, 'UTC'), node, provider, rating, %8$s FROM change GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
    ON CONFLICT (bucket, node, provider, rating) DO UPDATE SET %7$s;
  %9$s
  RETURN NULL;
END
$$
$sql$;
  clean text := 'DELETE FROM session_quality_5min WHERE sessions = 0; DELETE FROM session_quality_hour WHERE sessions = 0; '
                'DELETE FROM session_quality_day WHERE sessions = 0;';
  names text := (SELECT string_agg(quote_ident(name), ', ' ORDER BY o) FROM
                   (SELECT ordinal AS o, name FROM measures UNION ALL SELECT 1000 + ordinal, code || '_' || severity FROM codes) n);
  adding text := (SELECT string_agg(format('%1$I = t.%1$I + excluded.%1$I', trim(n)), ', ') FROM unnest(string_to_array(names, ',')) n);
  summing text := (SELECT string_agg(format('sum(%I)', trim(n)), ', ') FROM unnest(string_to_array(names, ',')) n);
  add_keys text := 'INSERT INTO session_quality_issues (code, severity, created_at, session_id, worst_rank) '
                   'SELECT code, severity, created_at, session_id, worst_rank FROM found ON CONFLICT DO NOTHING';
  remove_keys text := 'DELETE FROM session_quality_issues k USING found WHERE (k.code, k.severity, k.created_at, k.session_id) '
                      '= (found.code, found.severity, found.created_at, found.session_id)';
  pivots text := (SELECT string_agg(format('count(*) FILTER (WHERE code = %L AND severity = %L) AS %I', code,
                                           severity, code || '_' || severity), ', ' ORDER BY ordinal) FROM codes);
  picked text := (SELECT string_agg(format('(%s * %s)::bigint AS %s', source, parts, name), ', ' ORDER BY ordinal) FROM picks);
  sums text := (SELECT string_agg(format('%s AS %I', sum, name), ', ' ORDER BY ordinal) FROM measures);
  signed text;
  sign text;
BEGIN
  FOREACH sign IN ARRAY ARRAY['', '-'] LOOP
    signed := (SELECT string_agg(format('%s%I AS %I', sign, name, name), ', ' ORDER BY ordinal) FROM measures) || ', ' ||
              (SELECT string_agg(format('%scoalesce(%I, 0) AS %I', sign, code || '_' || severity, code || '_' || severity), ', '
                                 ORDER BY ordinal) FROM codes);
    EXECUTE format(template, CASE sign WHEN '' THEN 'callroom_rollup_add' ELSE 'callroom_rollup_remove' END,
                   CASE sign WHEN '' THEN 'fresh' ELSE 'gone' END, pivots, sums, signed, names, adding, summing,
                   CASE sign WHEN '' THEN '' ELSE clean END, CASE sign WHEN '' THEN add_keys ELSE remove_keys END, picked, (SELECT expression FROM bins));
  END LOOP;
END
$body$;

-- The same measures of each single row, for what the rollups do not cover: the edges of a range that lie between their
-- buckets, and questions about one user or one room. It runs as whoever asks, under the row-level security of the table.
DO $body$
DECLARE
  singles text := (SELECT string_agg(format('%s AS %I', single, name), ', ' ORDER BY ordinal) FROM measures);
  picked text := (SELECT string_agg(format('(%s * %s)::bigint AS %s', source, parts, name), ', ' ORDER BY ordinal) FROM picks);
  issues text := (SELECT string_agg(format('(issues @> %L)::integer AS %I',
    json_build_array(json_build_object('code', code, 'severity', severity)), code || '_' || severity), ', ' ORDER BY ordinal) FROM codes);
BEGIN
  EXECUTE format($sql$
CREATE VIEW session_quality_measures WITH (security_invoker = true) AS
SELECT created_at, date_bin('5 minutes', created_at, '2000-01-01 00:00:00+00') AS bucket, node, provider,
       overall_quality AS rating, room, user_id, %s, %s
  FROM session_quality_logs, LATERAL (SELECT %s OFFSET 0) picked,
       LATERAL (SELECT %s OFFSET 0) binned  -- evaluated once a row, not once a column
$sql$, singles, issues, picked, (SELECT expression FROM bins));
END
$body$;
COMMENT ON VIEW session_quality_measures IS
  'Each session in the columns of the rollups: what it adds to them. Shows what the asking role may see of session_quality_logs';
GRANT SELECT ON session_quality_measures TO callroom_reader;
DO $$
DECLARE
  item record;
BEGIN
  FOR item IN SELECT attname, coalesce(col_description('session_quality_day'::regclass, (SELECT d.attnum FROM pg_attribute d
                WHERE d.attrelid = 'session_quality_day'::regclass AND d.attname = v.attname)),
              'As in session_quality_logs') AS comment
              FROM pg_attribute v WHERE attrelid = 'session_quality_measures'::regclass AND attnum > 0
  LOOP
    EXECUTE format('COMMENT ON COLUMN session_quality_measures.%I IS %L', item.attname, item.comment);
  END LOOP;
END
$$;

CREATE FUNCTION callroom_rollup_clear() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, public, pg_temp
  AS 'BEGIN TRUNCATE session_quality_5min, session_quality_hour, session_quality_day, session_quality_issues; RETURN NULL; END';

REVOKE ALL ON FUNCTION callroom_rollup_add, callroom_rollup_remove, callroom_rollup_clear FROM PUBLIC;
REVOKE ALL ON FUNCTION callroom_latency_edges FROM PUBLIC;
GRANT EXECUTE ON FUNCTION callroom_latency_edges TO callroom_reader;

CREATE TRIGGER rollup_inserted AFTER INSERT ON session_quality_logs
  REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION callroom_rollup_add();
CREATE TRIGGER rollup_deleted AFTER DELETE ON session_quality_logs
  REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION callroom_rollup_remove();
-- In the order of their names: what was there goes before what is there now comes, or the keys of both would go.
CREATE TRIGGER rollup_updated_1_old AFTER UPDATE ON session_quality_logs
  REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION callroom_rollup_remove();
CREATE TRIGGER rollup_updated_2_new AFTER UPDATE ON session_quality_logs
  REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION callroom_rollup_add();
CREATE TRIGGER rollup_truncated AFTER TRUNCATE ON session_quality_logs
  FOR EACH STATEMENT EXECUTE FUNCTION callroom_rollup_clear();

-- Retention drops whole weeks, which begin where days, hours and five minutes begin.
INSERT INTO callroom_retained (table_name, time_column)
  VALUES ('session_quality_5min', 'bucket'), ('session_quality_hour', 'bucket'), ('session_quality_day', 'bucket');
