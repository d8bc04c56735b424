"""What is known, as pages: views take it from the store, charts draw it, html writes it."""
