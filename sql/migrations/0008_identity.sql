-- Who asks, sooner told: row-level security asks once for each table that a query names, a page of sessions up to fifty
-- times. As SQL with settings of its own the functions were read and planned each time.

-- What its body names was looked up when it was made: it takes no search_path, and is put in its caller's place.
CREATE OR REPLACE FUNCTION callroom_identity() RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
  RETURN nullif(pg_catalog.current_setting('callroom.user', true), '');
COMMENT ON FUNCTION callroom_identity IS 'The user id whose rows may be seen: what the plugin set for this transaction; none sees nothing';

-- PL/pgSQL keeps the plan for the connection.
CREATE OR REPLACE FUNCTION callroom_is_admin() RETURNS boolean
  LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER
  SET search_path = pg_catalog, public, pg_temp
  AS $$
BEGIN
  RETURN EXISTS (SELECT FROM public.admin_roles WHERE user_id = public.callroom_identity());
END
$$;
COMMENT ON FUNCTION callroom_is_admin IS 'Whether callroom_identity() is listed in admin_roles and may see every row';
