"""Messages to and from devices on AWS's reserved topics: shadows, jobs, fleet status."""
