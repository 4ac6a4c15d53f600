"""The Streamlit interface: the only folder that imports Streamlit."""
