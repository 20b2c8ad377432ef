# No packages of our own: the tree holds a configuration, guests/buildroot/build uses it.
