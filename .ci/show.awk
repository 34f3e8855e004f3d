# Reads the output of go test -v. Holds back what a test says until it ends;
# then shows it if the test failed, or its last lines if it was skipped. All
# other lines pass.

# reason is the end of what a skipped test said.
function reason(text,  lines, n, i, out) {
	n = split(text, lines, "\n")
	for (i = n - 4; i < n; i++) if (i > 0) out = out lines[i] "\n"
	return out
}

function flush_all(name) {
	for (name in held) printf "%s", held[name]
	delete held
}

# These tell to which test the next lines belong.
/^=== (RUN|CONT|NAME) / { test = $3; next }
/^=== PAUSE / { next }

/^ *--- (PASS|FAIL|SKIP|BENCH): / {
	if ($2 == "FAIL:") printf "%s%s\n", held[$3], $0
	if ($2 == "SKIP:") printf "%s%s\n", reason(held[$3]), $0
	delete held[$3]
	fflush()
	next
}

/^PASS$/ { next }

# A package has ended, or died in the middle of a test.
/^(ok|FAIL|---|panic:|fatal error:|\?) / || /^(ok|FAIL|\?)\t/ || /^FAIL$/ || /^(panic|fatal error|exit status|signal)/ {
	flush_all()
	test = ""
	print
	fflush()
	next
}

test == "" { print; fflush(); next }
{ held[test] = held[test] $0 "\n" }

END { flush_all() }
