"""What the product does, told in domain verbs."""
