"""Being right on recorded incidents, measured with the product's own investigation."""
