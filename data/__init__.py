"""What is kept: plan and territory files, and the generated sample town."""
