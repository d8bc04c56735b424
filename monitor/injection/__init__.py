"""Changes put into history to see whether they would be found: which, of which rows, between source and admission."""
