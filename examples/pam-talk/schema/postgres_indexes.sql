-- PT-4's three: where farms lie, when transactions were, and the crop that a prediction is for.
CREATE INDEX farms_location ON farms USING gist (point(longitude, latitude));
CREATE INDEX transactions_time ON transactions (created_at);
CREATE INDEX transactions_crop ON transactions (crop, created_at) INCLUDE (kg);

-- What the API looks for beside them: a session by its token, a farm's sales, the farms of a crop and of a region.
CREATE UNIQUE INDEX sessions_token ON sessions (token_hash);
CREATE INDEX transactions_farm ON transactions (farm_id, created_at);
CREATE INDEX transactions_region ON transactions (region, created_at) INCLUDE (crop, won);
CREATE INDEX farms_crop ON farms (crop) INCLUDE (water_litres_per_kg, co2_grams_per_kg);
CREATE INDEX farms_region ON farms (region);
