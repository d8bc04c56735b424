"""Where records and labels are pulled from: one file a kind of source."""
