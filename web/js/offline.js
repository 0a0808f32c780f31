// The page that stands in for one that cannot be had: tries again when the network is back.

addEventListener("online", () => location.reload());
