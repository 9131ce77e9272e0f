-- Runs outlive the requests that they are about.
CREATE INDEX runs_of_number ON runs (account_id, number, run_id);
