"""nano: a small flow-matching vision-language-action policy that trains on a CPU."""
