-- So that what is long finished is found without looking at the rest.
CREATE INDEX deliveries_by_time ON deliveries (received_at);
