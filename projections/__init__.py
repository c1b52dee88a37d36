"""Read models: what can be asked. One read model is one file, and all of it is disposable."""
