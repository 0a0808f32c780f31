"""The Customer Care Registry: a ticket is a room, and a room is a numbered timeline."""
