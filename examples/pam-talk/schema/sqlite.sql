-- The market as it is: four tables that grew with the service. Nobody has asked yet what is looked for in them.
CREATE TABLE users (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    region TEXT NOT NULL,
    latitude REAL NOT NULL,
    longitude REAL NOT NULL,
    password_hash TEXT NOT NULL,
    created_at INTEGER NOT NULL             -- Unix seconds, here and below
);

CREATE TABLE sessions (
    id INTEGER PRIMARY KEY,
    token_hash TEXT NOT NULL,
    user_id INTEGER NOT NULL REFERENCES users (id),
    expires_at INTEGER NOT NULL
);

CREATE TABLE farms (
    id INTEGER PRIMARY KEY,
    owner_id INTEGER NOT NULL REFERENCES users (id),
    name TEXT NOT NULL,
    region TEXT NOT NULL,
    crop TEXT NOT NULL,
    latitude REAL NOT NULL,
    longitude REAL NOT NULL,
    stock_kg INTEGER NOT NULL CHECK (stock_kg >= 0),
    won_per_kg INTEGER NOT NULL,
    water_litres_per_kg INTEGER NOT NULL,
    co2_grams_per_kg INTEGER NOT NULL,
    created_at INTEGER NOT NULL
);

CREATE TABLE transactions (
    id INTEGER PRIMARY KEY,
    buyer_id INTEGER NOT NULL REFERENCES users (id),
    farm_id INTEGER NOT NULL REFERENCES farms (id),
    region TEXT NOT NULL,                   -- the farm's, as its crop
    crop TEXT NOT NULL,
    kg INTEGER NOT NULL CHECK (kg > 0),
    won INTEGER NOT NULL,
    created_at INTEGER NOT NULL
);
