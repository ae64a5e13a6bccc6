"""Incidents: the states they go through, their clocks, and the figures they add up to.

Numbers in, numbers out: whoever keeps incidents (`data.store.rooms.incidents`) and shows them asks here what may follow
and what is due.  An incident has a place, a kind, times and states; never a person.
"""
