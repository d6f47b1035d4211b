#!/usr/bin/env python3
"""Drives a witness with nothing of the gateway's own code: a ledger of its own, fed by PyPI's `aics-witness`.

    python3 feed_witness.py --vkey             prints the verifier key of the ledger, for the witness to know
    python3 feed_witness.py URL WITNESS_VKEY   feeds the witness at URL and then tries to mislead it

Needs Python 3.11 and the packages `aics-witness` and `aics-tlog` (which ask for 3.12, and work on 3.11 when they are
installed with pip's --ignore-requires-python). One line per check, "ok ..." or "FAIL ..."; exit code 0 only if all
hold.
"""

import sys

from aics_tlog import Checkpoint, MerkleTree, format_vkey, sign_checkpoint, vkey_from_ed25519
from aics_witness.feeder import FeederError, WitnessAhead, WitnessClient, WitnessRejected, merge_cosignatures
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ORIGIN = "feeder.example/ledger"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))


def tree_of(size, first=b"leaf 0"):
    return MerkleTree([first] + [b"leaf %d" % n for n in range(1, size)])


def signed(tree, size, origin=ORIGIN, key=KEY):
    return sign_checkpoint(Checkpoint(origin, size, tree.root(size)), key, origin).to_bytes()


def client(url, vkey):
    return WitnessClient(url, vkey, max_attempts=1)


def grows(url, vkey):
    tree, one = tree_of(300), client(url, vkey)
    for size in (1, 2, 7, 8, 255, 256, 257, 300, 300):
        note = signed(tree, size)
        merged = merge_cosignatures(note, one.submit(note, tree.consistency_proof))
        assert merged.count(b"\n\xe2\x80\x94 ") == 2, merged
    # One that knows nothing is told the size and goes on from there.
    note = signed(tree_of(301), 301)
    client(url, vkey).submit(note, tree_of(301).consistency_proof)


def refused(status, submit):
    try:
        submit()
    except WitnessRejected as error:
        assert error.status == status, f"{error.status} instead of {status}"
        return
    raise AssertionError("it cosigned")


def other_branch(url, vkey):
    branch = tree_of(400, first=b"another first leaf")
    for size in (301, 302, 400):
        note = signed(branch, size)
        refused(422, lambda note=note: client(url, vkey).submit(note, branch.consistency_proof))


def smaller_tree(url, vkey):
    tree = tree_of(300)
    try:
        client(url, vkey).submit(signed(tree, 300), tree.consistency_proof)
    except WitnessAhead as error:
        assert error.known_size == 301, error.known_size
        return
    raise AssertionError("it cosigned a smaller tree")


def strangers(url, vkey):
    tree = tree_of(302)
    refused(403, lambda: client(url, vkey).submit(signed(tree, 302, key=OTHER_KEY), tree.consistency_proof))
    elsewhere = signed(tree, 302, origin="unknown.example/ledger")
    refused(404, lambda: client(url, vkey).submit(elsewhere, tree.consistency_proof))


def main():
    if sys.argv[1:] == ["--vkey"]:
        print(format_vkey(vkey_from_ed25519(ORIGIN, KEY.public_key())))
        return 0
    url, vkey = sys.argv[1:]
    failed = False
    for check in (grows, other_branch, smaller_tree, strangers, grows_on):
        try:
            check(url, vkey)
            print(f"ok {check.__name__}")
        except (AssertionError, FeederError) as error:
            failed = True
            print(f"FAIL {check.__name__}: {error!r}")
    return 1 if failed else 0


def grows_on(url, vkey):
    tree = tree_of(500)
    client(url, vkey).submit(signed(tree, 500), tree.consistency_proof)


if __name__ == "__main__":
    sys.exit(main())
