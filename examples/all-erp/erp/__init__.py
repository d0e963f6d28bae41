"""The sample ERP: services that do real work and count it."""
