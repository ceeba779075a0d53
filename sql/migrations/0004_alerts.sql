-- Alerts: what the plugin's rules raised, once for each rule and window.

CREATE TABLE session_quality_alerts (
  rule text NOT NULL CHECK (octet_length(rule) BETWEEN 1 AND 64),
  window_start timestamptz NOT NULL,
  window_end timestamptz NOT NULL CHECK (window_end > window_start),
  metric text NOT NULL,
  value double precision NOT NULL,
  threshold double precision NOT NULL,
  sessions bigint NOT NULL,
  node text NOT NULL,
  raised_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (rule, window_start)
);
CREATE INDEX session_quality_alerts_date ON session_quality_alerts (raised_at, rule);

COMMENT ON TABLE session_quality_alerts IS 'Alerts: a rule of the plugin''s configuration that was met in a window, once each';
COMMENT ON COLUMN session_quality_alerts.rule IS 'Name of the rule';
COMMENT ON COLUMN session_quality_alerts.window_start IS 'Start of the window, by the sessions'' created_at';
COMMENT ON COLUMN session_quality_alerts.window_end IS 'End of the window';
COMMENT ON COLUMN session_quality_alerts.metric IS
  'poor_or_failed_sessions (count), poor_or_failed_share (percent), latency (ms), drops_share (percent)';
COMMENT ON COLUMN session_quality_alerts.value IS 'What it was when the alert was raised';
COMMENT ON COLUMN session_quality_alerts.threshold IS 'The rule''s threshold then';
COMMENT ON COLUMN session_quality_alerts.sessions IS 'Sessions that the value stood on';
COMMENT ON COLUMN session_quality_alerts.node IS 'Janus server that raised it';
COMMENT ON COLUMN session_quality_alerts.raised_at IS 'When';

ALTER TABLE session_quality_alerts ENABLE ROW LEVEL SECURITY;
CREATE POLICY admins_read ON session_quality_alerts FOR SELECT TO callroom_reader USING ((SELECT callroom_is_admin()));
GRANT SELECT ON session_quality_alerts TO callroom_reader;

-- True for the one caller whose alert is the first of its rule and window; that one also notifies channel callroom_alerts.
CREATE FUNCTION callroom_raise_alert(rule text, metric text, value double precision, threshold double precision,
                                     sessions bigint, window_start timestamptz, window_end timestamptz, node text)
  RETURNS boolean
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, public, pg_temp
  AS $$
BEGIN
  INSERT INTO session_quality_alerts AS a (rule, metric, value, threshold, sessions, window_start, window_end, node)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  PERFORM pg_notify('callroom_alerts', json_build_object('rule', $1, 'metric', $2, 'value', $3, 'threshold', $4,
    'sessions', $5, 'window_start', $6, 'window_end', $7, 'node', $8)::text);
  RETURN true;
END
$$;
REVOKE ALL ON FUNCTION callroom_raise_alert FROM PUBLIC;
GRANT EXECUTE ON FUNCTION callroom_raise_alert TO callroom_writer;

INSERT INTO callroom_retained (table_name, time_column) VALUES ('session_quality_alerts', 'window_end');
