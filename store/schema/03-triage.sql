-- v2 -> v3: Triage
SELECT 1;
