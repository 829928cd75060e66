-- The last runs, newest first.
SELECT
    id, command, status, started_at, ended_at, heartbeat_at, pid,
    companies_total, companies_done, companies_with_new, companies_unchanged, companies_failed,
    companies_unavailable, companies_in_progress, filings_found, filings_new, artifacts_created,
    artifacts_queued, downloaded, failed, unavailable, requests, requests_companies,
    requests_discovery, requests_documents, retries, bytes, paused_s, paused_until, rate_limit
FROM runs
ORDER BY id DESC
LIMIT ?1;
