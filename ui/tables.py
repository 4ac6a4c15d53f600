"""Light HTML tables, the same as in the documents (``reports.tables``)."""

from reports.tables import fact_list, html_table

__all__ = ["fact_list", "html_table"]
