"""The rooms of a transaction (see `data.store.tx.Tx`)."""
