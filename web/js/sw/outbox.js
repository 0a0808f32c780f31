// What was written and could not be sent, carried from here when the browser says that the network is back.
