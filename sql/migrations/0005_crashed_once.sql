-- A session that a killed process had just ended can turn up in its crash journal as well, with another time of ending and
-- so with another key: where the plugin cannot know, as after a power cut, the row that came first stays.

CREATE FUNCTION callroom_crashed_once() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, public, pg_temp
  AS $$
BEGIN
  IF EXISTS (SELECT FROM session_quality_logs WHERE session_id = NEW.session_id) THEN
    RETURN NULL;
  END IF;
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION callroom_crashed_once IS 'Drops the row of a crashed session where that session has a row already';
REVOKE ALL ON FUNCTION callroom_crashed_once FROM PUBLIC;

CREATE TRIGGER crashed_once BEFORE INSERT ON session_quality_logs
  FOR EACH ROW WHEN (NEW.end_reason = 'crashed') EXECUTE FUNCTION callroom_crashed_once();
