"""Long work of the service: jobs that survive a crash, carried out by workers apart from it.

The tables of the store are the truth about a job; DBOS (only here) sees to it that its steps are done once and in
order, whatever dies in between.  Nothing here is imported by a process that only answers requests, but for `params`.
"""
