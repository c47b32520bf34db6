"""Migrations, run by ``migrate.upgrade``: one chain of revisions for the jobs, one for the points."""
