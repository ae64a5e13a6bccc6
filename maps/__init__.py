"""What people look at: folium pages that open with no internet."""
