"""Several patrollers: streets shared out among routes by search, with the directions of all streets free."""
