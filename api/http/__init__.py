"""What stands between the wire and the routes: limits, parameters, languages, headers, problems, OpenAPI."""
