"""From board rows to what a page shows. Pure: no request, no template."""
