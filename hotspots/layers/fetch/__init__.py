"""Official layers fetched over the network: RÚIAN's files, the districts' service, Overpass."""
