"""What devices say and hear on AWS's reserved topics: shadows, jobs, fleet status."""
