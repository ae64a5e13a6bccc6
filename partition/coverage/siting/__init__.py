"""Where the next cameras should stand: near-optimal and with a proof of how near."""
