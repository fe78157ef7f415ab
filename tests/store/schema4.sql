CREATE TABLE bundles (
	hash TEXT NOT NULL, 
	name TEXT NOT NULL, 
	map TEXT NOT NULL, 
	detector TEXT NOT NULL, 
	"view" TEXT NOT NULL, 
	era TEXT NOT NULL, 
	noise TEXT NOT NULL, 
	calorimeter TEXT, 
	card TEXT NOT NULL, 
	state TEXT NOT NULL, 
	state_by TEXT NOT NULL, 
	state_reason TEXT NOT NULL, 
	state_at DOUBLE, 
	PRIMARY KEY (hash)
);
CREATE TABLE changes (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	kind TEXT NOT NULL, 
	label TEXT, 
	run BIGINT, 
	lumi BIGINT, 
	map TEXT
);
CREATE TABLE files (
	path TEXT NOT NULL, 
	size BIGINT NOT NULL, 
	mtime_ns BIGINT NOT NULL, 
	status TEXT NOT NULL, 
	fault TEXT, 
	detail TEXT NOT NULL, 
	lumis BIGINT NOT NULL, 
	seconds DOUBLE NOT NULL, 
	noted_at DOUBLE NOT NULL, 
	PRIMARY KEY (path, size, mtime_ns)
);
CREATE TABLE masks (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	map TEXT NOT NULL, 
	cells TEXT NOT NULL, 
	author TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	created_at DOUBLE NOT NULL, 
	until DOUBLE, 
	revoked BOOLEAN NOT NULL
);
CREATE TABLE meta (
	"key" TEXT NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY ("key")
);
CREATE TABLE series (
	id INTEGER NOT NULL, 
	label TEXT NOT NULL, 
	map TEXT NOT NULL, 
	bundle TEXT NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (label, map, bundle), 
	FOREIGN KEY(bundle) REFERENCES bundles (hash)
);
CREATE TABLE checkpoints (
	series BIGINT NOT NULL, 
	run BIGINT NOT NULL, 
	lumi BIGINT NOT NULL, 
	blob BLOB NOT NULL, 
	PRIMARY KEY (series, run, lumi), 
	FOREIGN KEY(series) REFERENCES series (id)
);
CREATE TABLE flags (
	id INTEGER NOT NULL, 
	series BIGINT NOT NULL, 
	run BIGINT NOT NULL, 
	depth INTEGER, 
	y INTEGER NOT NULL, 
	x INTEGER NOT NULL, 
	first BIGINT NOT NULL, 
	last BIGINT NOT NULL, 
	code SMALLINT NOT NULL, 
	direction SMALLINT NOT NULL, 
	reason TEXT NOT NULL, 
	peak DOUBLE, 
	PRIMARY KEY (id), 
	FOREIGN KEY(series) REFERENCES series (id)
);
CREATE INDEX flags_by_end ON flags (series, run, last);
CREATE TABLE incidents (
	series BIGINT NOT NULL, 
	id TEXT NOT NULL, 
	hardware TEXT NOT NULL, 
	cells TEXT NOT NULL, 
	opened_run BIGINT NOT NULL, 
	opened_lumi BIGINT NOT NULL, 
	last_run BIGINT NOT NULL, 
	last_lumi BIGINT NOT NULL, 
	onset_run BIGINT NOT NULL, 
	onset_lumi BIGINT NOT NULL, 
	closed_run BIGINT, 
	closed_lumi BIGINT, 
	direction TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	severity SMALLINT NOT NULL, 
	factor DOUBLE, 
	peak_evidence DOUBLE, 
	masked BOOLEAN NOT NULL, 
	standing BOOLEAN NOT NULL, 
	gaps TEXT NOT NULL, 
	PRIMARY KEY (series, id), 
	FOREIGN KEY(series) REFERENCES series (id)
);
CREATE TABLE results (
	id INTEGER NOT NULL, 
	series BIGINT NOT NULL, 
	run BIGINT NOT NULL, 
	lumi BIGINT NOT NULL, 
	quality TEXT NOT NULL, 
	reason TEXT, 
	flag_reason TEXT NOT NULL, 
	events BIGINT, 
	image_events BIGINT, 
	pileup DOUBLE, 
	span BIGINT NOT NULL, 
	degraded TEXT NOT NULL, 
	bad_cells BIGINT NOT NULL, 
	masked_cells BIGINT NOT NULL, 
	scored_at DOUBLE NOT NULL, 
	seconds DOUBLE NOT NULL, 
	content TEXT NOT NULL, 
	detail TEXT NOT NULL, 
	began_at DOUBLE, 
	PRIMARY KEY (id), 
	UNIQUE (series, run, lumi), 
	FOREIGN KEY(series) REFERENCES series (id)
);
CREATE TABLE arrays (
	result BIGINT NOT NULL, 
	blob BLOB NOT NULL, 
	PRIMARY KEY (result), 
	FOREIGN KEY(result) REFERENCES results (id) ON DELETE CASCADE
);
