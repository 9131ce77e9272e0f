-- Who owns everything; nobody logs in as it.
DO $$ BEGIN CREATE ROLE beseda_owner NOLOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
DO $$ BEGIN EXECUTE format('GRANT beseda_owner TO %I', current_user); END $$;
DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO beseda_owner', current_database()); END $$;
CREATE SCHEMA IF NOT EXISTS beseda AUTHORIZATION beseda_owner;

-- The account of the running transaction; null without one, which no row equals.
CREATE OR REPLACE FUNCTION beseda.current_account() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN nullif(current_setting('beseda.account', true), '')::uuid;

-- Does a job of the system run, which sees every account?
CREATE OR REPLACE FUNCTION beseda.is_system() RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN coalesce(current_setting('beseda.system', true), '') = 'on';

-- Locks a table to the account of the transaction. Called by migrations for every table with an account_id.
-- The sub-selects make PostgreSQL ask once per statement, not once per row.
CREATE OR REPLACE PROCEDURE beseda.guard(guarded regclass)
    LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', guarded);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', guarded);
    EXECUTE format('CREATE POLICY own_account ON %s USING (account_id = (SELECT beseda.current_account()) OR (SELECT beseda.is_system()))', guarded);
END $$;

-- Ends a statement that found other rows than it was decided on: whoever decided looks again (SQLSTATE 40001).
CREATE OR REPLACE FUNCTION beseda.expect(held boolean) RETURNS boolean
    LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    IF held IS NOT TRUE THEN
        RAISE EXCEPTION 'the rows have changed meanwhile' USING ERRCODE = 'serialization_failure';
    END IF;
    RETURN true;
END $$;
