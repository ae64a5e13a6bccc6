"""Where the next cameras should stand: near-optimal and with a proof of how near."""

from partition.coverage.siting.problem import Proposal, Siting, SitingAnswer, SitingProblem
from partition.coverage.siting.site import GOALS, site_cameras
from partition.coverage.siting.solve import solve_siting

__all__ = ["GOALS", "Proposal", "Siting", "SitingAnswer", "SitingProblem", "site_cameras", "solve_siting"]
