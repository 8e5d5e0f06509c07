-- An event of a redirect says what answers the calls.
ALTER TABLE events ADD COLUMN redirected_to TEXT;
