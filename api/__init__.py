"""The atlas as an OGC API - Features: read only, on the frames of the exports."""
