"""``cloud-publisher``'s commands, one module each: they parse, call, and print. Logic lives beside this folder."""
