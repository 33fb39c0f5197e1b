#!/bin/sh
# Pin what `make` installs, with hashes, for every platform, and without the address of an index.
# dev.txt comes first: the other files take its versions.
set -eu

pin() {
    output=$1
    shift
    uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
        --custom-compile-command "make lock" --output-file "requirements/$output" "$@"
}

pin dev.txt pyproject.toml --all-extras --group dev "$@"
for group in run bench fuzz; do
    pin "$group.txt" pyproject.toml --all-extras --group "$group" -c requirements/dev.txt "$@"
done
pin lock.txt --group lock "$@"
