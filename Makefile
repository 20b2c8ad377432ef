# Quoin: one flat build file. `make help` lists what it does.
