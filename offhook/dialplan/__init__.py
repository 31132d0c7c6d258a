"""Who rings when a number is dialled: numbering, rights, diversions, groups and trunks, as pure rules."""
