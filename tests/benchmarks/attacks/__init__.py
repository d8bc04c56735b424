"""Real attacks in logs: who is attacked (`worlds`), how (`evasion`, `extraction`, `privacy`), amid whom (`clients`).

Those are run by `make.py` in an environment of their own, with IBM's Adversarial Robustness Toolbox, and write Parquet.
`measure`, `cost`, `incidents` and the like read it and drive the product.
"""
