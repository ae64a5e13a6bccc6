"""One patroller: the shortest route that passes what must be passed, exact where a method reaches.

- `solve_one`  one route with its bound and its proof, whatever the shift
- `bound_routes`  what no set of several routes can undercut
- `make_route`  a route from steps, with the passes that inspect chosen
"""

from partition.patrol.postman.bounds import Bounds, bound_routes, longest_single, metres_bound
from partition.patrol.postman.euler import make_route, walk_as_told
from partition.patrol.postman.solve import solve_one

__all__ = ["Bounds", "bound_routes", "longest_single", "make_route", "metres_bound", "solve_one", "walk_as_told"]
