"""What commands print: library results → lines and tables for people, 80 columns wide or more."""
