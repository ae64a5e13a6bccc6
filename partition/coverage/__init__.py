"""Coverage of a plan: cameras (density, sight, siting), reach (minutes to every door), posts and nearest units."""
