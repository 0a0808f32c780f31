"""The only SQL. Plain functions of a `Connection`; `database.py` owns threads and transactions."""
