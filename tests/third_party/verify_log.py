#!/usr/bin/env python3
"""Verifies a whole ledger with other people's code: checkpoint, every tile, every entry, proofs.

    python3 verify_log.py SOURCE TRUST.json [--cert C.pem --key C.key --ca CA.pem] [--self-test]

SOURCE is a directory that `shuidaiyi ledger export` wrote, or the ledger's URL (https://host:port/v1/ledger), which
takes the certificate of the bureau or the regulator. TRUST.json is the trust file with the ledger's public key. Needs
the package aics-tlog (C2SP tlog-tiles, tlog-checkpoint, signed-note; RFC 9162 section 2.1), which shares no code with
the gateway. What is checked here besides is that the entries are JSON and go forward in time.

One line per check, "ok ..." or "FAIL ...", and what fails is named; exit code 0 only if all hold. With --self-test the
log is also altered, one thing at a time, and each alteration must be caught and named.
"""

import argparse
import base64
import http.client
import json
import ssl
import sys
import urllib.parse
from pathlib import Path

import aics_tlog
from aics_tlog.tiles import (
    build_entry_bundle,
    entry_bundle_path,
    materialise_tiles,
    parse_entry_bundle,
    tile_path,
    tile_width_at,
)

# So many entries get a proof each; of a larger log as many, spread evenly.
PROOFS_MAX = 3000


class Refused(Exception):
    """A check that does not hold, and what it names."""


def require(condition, why):
    if not condition:
        raise Refused(why)


# Where the log comes from: a directory, a gateway, or either with something altered.


class Directory:
    """A static copy of the log."""

    def __init__(self, root):
        self.root = Path(root)

    def read(self, path):
        file = self.root / path
        return file.read_bytes() if file.is_file() else None

    def proof(self, path):
        return None


class Gateway:
    """The log as a gateway serves it, over mutual TLS."""

    def __init__(self, url, options):
        parts = urllib.parse.urlsplit(url)
        context = ssl.create_default_context(cafile=options.ca)
        context.load_cert_chain(options.cert, options.key)
        self.connection = http.client.HTTPSConnection(parts.hostname, parts.port, context=context, timeout=30)
        self.base = parts.path.rstrip("/")

    def read(self, path):
        self.connection.request("GET", f"{self.base}/{path}")
        response = self.connection.getresponse()
        body = response.read()
        if response.status == 404:
            return None
        require(response.status == 200, f"{path}: the gateway answers {response.status} {body[:200]!r}")
        return body

    def proof(self, path):
        return self.read(path).decode()


class Altered:
    """A log of which some files read differently; None stands for a file that is gone."""

    def __init__(self, source, files):
        self.source, self.files = source, files

    def read(self, path):
        return self.files[path] if path in self.files else self.source.read(path)

    def proof(self, path):
        return None


class Tiles:
    """A source as aics-tlog reads tiles."""

    def __init__(self, source):
        self.source = source

    def read_tile(self, level, index, width):
        return self.source.read(tile_path(level, index, width))

    def read_entry_bundle(self, index, width):
        return self.source.read(entry_bundle_path(index, width))


# The checks.


def checkpoint_of(source, vkeys):
    text = source.read("checkpoint")
    require(text is not None, "checkpoint: there is none")
    try:
        note = aics_tlog.parse_note(text)
        problems = []
        for vkey in vkeys:
            verdict = aics_tlog.verify_checkpoint(note, vkey, expected_origin=vkey.name)
            if verdict.ok:
                return verdict
            problems.append(verdict.error)
    except ValueError as error:
        raise Refused(f"checkpoint: {error}") from error
    raise Refused(f"checkpoint: {'; '.join(str(problem) for problem in problems)}")


def audit(source, size, root):
    """Every tile against the root, every entry against its tile."""
    tiles = Tiles(source)
    try:
        aics_tlog.audit_tiles(tiles, size, root, entries=False)
        return aics_tlog.audit_tiles(tiles, size, root)
    except (aics_tlog.TileVerificationError, aics_tlog.TileMissingError, ValueError) as error:
        raise Refused(f"{error}{named(tiles, size)}") from error


def named(tiles, size):
    """Which entry it is, if an entry does not belong to its tile."""
    for index in range((size + 255) // 256):
        width = tile_width_at(size, 0, index)
        hashes, bundle = tiles.read_tile(0, index, width), tiles.read_entry_bundle(index, width)
        if hashes is None or bundle is None:
            return ""
        try:
            entries = parse_entry_bundle(bundle)
        except ValueError:
            return f": {entry_bundle_path(index, width)} is no bundle"
        expected = [hashes[place : place + 32] for place in range(0, len(hashes), 32)]
        found = [aics_tlog.leaf_hash(entry) for entry in entries]
        for place, hash_ in enumerate(expected):
            if place >= len(found) or found[place] != hash_:
                there = hash_ in found
                what = f"is at {index * 256 + found.index(hash_)}" if there else "is not what was hashed, or gone"
                return f": entry {index * 256 + place} {what}"
    return ""


def entries_of(source, size, root):
    reader = aics_tlog.VerifiedTileReader(Tiles(source), size, root)
    entries = [reader.entry(index) for index in range(size)]
    last = ""
    for index, leaf in enumerate(entries):
        try:
            entry = json.loads(leaf)
        except ValueError as error:
            raise Refused(f"entry {index} is not JSON") from error
        require(entry["v"] == 1 and entry["at"] > last, f"entry {index} is not later than the one before")
        last = entry["at"]
    return reader, entries


def inclusion(reader, entries, root):
    size = len(entries)
    step = max(1, size // PROOFS_MAX)
    indices = sorted({*range(0, size, step), *range(max(0, size - 3), size)})
    for index in indices:
        proof = aics_tlog.inclusion_proof_from_tiles(reader, index, size)
        holds = aics_tlog.verify_leaf_inclusion(entries[index], index, size, proof, root)
        require(holds, f"entry {index} is not proven to be in the tree of {size}")
    return len(indices)


def sizes_up_to(size):
    return sorted({1, 2, 255, 256, 257, 511, 512, size // 3, size // 2, size - 1, size} & set(range(1, size + 1)))


def consistency(source, reader, size):
    """Every earlier size of a list with every later one; by the gateway's own proofs, if there is a gateway."""
    roots = {each: aics_tlog.tree_root_from_tiles(reader, each, size) for each in sizes_up_to(size)}
    pairs = [(old, new) for old in roots for new in roots if old <= new]
    for old, new in pairs:
        text = source.proof(f"consistency?from={old}&to={new}")
        if text is None:
            proof = aics_tlog.consistency_proof_from_tiles(reader, old, new, size)
        else:
            proof = [base64.b64decode(line, validate=True) for line in text.splitlines()]
        holds = aics_tlog.verify_consistency(old, new, roots[old], roots[new], proof)
        require(holds, f"the tree of {new} is not proven to continue that of {old}")
    return len(pairs), roots


def served_proofs(source, entries, roots, vkeys):
    """The gateway's tlog-proofs at several sizes, each under a checkpoint of that size."""
    count = 0
    for size, root in roots.items():
        for index in sorted({0, size // 2, size - 1}):
            text = source.proof(f"proof/{index}?size={size}")
            if text is None:
                return 0
            head, note = text.split("\n\n", 1)
            first, number, *hashes = head.split("\n")
            require(first == "c2sp.org/tlog-proof@v1" and number == f"index {index}", f"proof {index}: its head")
            verdict = checkpoint_of(Altered(source, {"checkpoint": note.encode()}), vkeys)
            require((verdict.size, verdict.root) == (size, root), f"proof {index}: another tree than that of {size}")
            proof = [base64.b64decode(line, validate=True) for line in hashes]
            holds = aics_tlog.verify_leaf_inclusion(entries[index], index, size, proof, root)
            require(holds, f"proof {index} does not lead to the root of {size}")
            count += 1
    return count


def verify(source, vkeys, say):
    verdict = checkpoint_of(source, vkeys)
    size, root = verdict.size, verdict.root
    say(f"checkpoint of {verdict.origin}: {size} entries")
    if size == 0:
        return []
    report = audit(source, size, root)
    say(f"{report.tiles} tiles lead to its root, {report.bundles} bundles to the tiles")
    reader, entries = entries_of(source, size, root)
    say(f"{len(entries)} entries, each later than the one before")
    say(f"{inclusion(reader, entries, root)} inclusion proofs")
    pairs, roots = consistency(source, reader, size)
    say(f"{pairs} consistency proofs")
    if served := served_proofs(source, entries, roots, vkeys):
        say(f"{served} proofs as served, at {len(roots)} sizes")
    return entries


# The self-test.


def flipped(data, place):
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def alterations(source, entries):
    """What is altered, the files that read differently, and words that the refusal must have."""
    size = len(entries)
    width = tile_width_at(size, 0, 0)
    bundle, tile = entry_bundle_path(0, width), tile_path(0, 0, width)
    first = parse_entry_bundle(source.read(bundle))
    at = len(first) // 2
    changed = first[:at] + [first[at].replace(b'"v":1', b'"v":2')] + first[at + 1 :]
    dropped = first[:at] + first[at + 1 :]
    swapped = first[:at] + [first[at + 1], first[at]] + first[at + 2 :]
    yield "an altered entry", {bundle: build_entry_bundle(changed)}, f"entry {at} "
    yield "a dropped entry", {bundle: build_entry_bundle(dropped)}, f"entry {at} "
    yield "two entries swapped", {bundle: build_entry_bundle(swapped)}, f"entry {at} is at {at + 1}"
    rest = entries[len(first) :]
    for what, leaves in [("an altered entry", changed), ("a dropped entry", dropped), ("two entries swapped", swapped)]:
        # The same with every hash made anew: only the signature cannot be. A dropped entry is made up for at the end.
        leaves = leaves + rest + (entries[-1:] if len(leaves) < len(first) else [])
        yield f"{what}, all tiles recomputed", materialise_tiles(leaves), "do not match the root"
    yield "an altered tile", {tile: flipped(source.read(tile), 40)}, "tile/0/000" if width is None else "root"
    if size > 256:
        upper = tile_path(1, 0, tile_width_at(size, 1, 0))
        yield "an altered tile of tiles", {upper: flipped(source.read(upper), 5)}, "tile" if width else "root"
    yield "a tile that is gone", {tile: None, tile_path(0, 0): None}, "not available"
    note = source.read("checkpoint")
    lines = note.split(b"\n")
    yield "a checkpoint of another size", {"checkpoint": b"\n".join([lines[0], b"%d" % (size - 1), *lines[2:]])}, "checkpoint"
    root = base64.b64encode(flipped(base64.b64decode(lines[2]), 0))
    yield "a checkpoint with another root", {"checkpoint": b"\n".join([*lines[:2], root, *lines[3:]])}, "checkpoint"
    yield "a checkpoint of another ledger", {"checkpoint": note.replace(lines[0], b"another.example/log")}, "checkpoint"
    yield "an altered signature", {"checkpoint": altered_signature(note)}, "checkpoint"
    yield "no checkpoint", {"checkpoint": None}, "checkpoint"


def altered_signature(note):
    head, _, last = note.rstrip(b"\n").rpartition(b" ")
    signature = base64.b64decode(last)
    return head + b" " + base64.b64encode(flipped(signature, len(signature) - 1)) + b"\n"


def self_test(source, entries, vkeys, say):
    for what, files, words in alterations(source, entries):
        try:
            verify(Altered(source, files), vkeys, lambda line: None)
        except Refused as refusal:
            require(words in str(refusal), f"self-test: {what} was caught, but not named: {refusal}")
            say(f"self-test: {what} is caught: {refusal}")
        else:
            raise Refused(f"self-test: {what} was not caught")


def main():
    parser = argparse.ArgumentParser(description="Verifies a whole ledger with other people's code.")
    parser.add_argument("source")
    parser.add_argument("trust")
    parser.add_argument("--cert")
    parser.add_argument("--key")
    parser.add_argument("--ca")
    parser.add_argument("--self-test", action="store_true")
    options = parser.parse_args()
    with open(options.trust, encoding="utf-8") as file:
        trust = json.load(file)
    named_keys = [trust["ledger_vkey"], *(each["vkey"] for each in trust.get("ledger_vkeys", []))]
    vkeys = [aics_tlog.parse_vkey(text) for text in dict.fromkeys(named_keys)]
    url = options.source.startswith("https://")
    source = Gateway(options.source, options) if url else Directory(options.source)

    def say(line):
        print(f"ok    {line}", flush=True)

    try:
        entries = verify(source, vkeys, say)
        if options.self_test:
            self_test(source, entries, vkeys, say)
    except Refused as refusal:
        print(f"FAIL  {refusal}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
