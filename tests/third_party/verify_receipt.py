#!/usr/bin/env python3
"""Checks the receipt of a pull with nothing of the gateway's own code.

    python3 verify_receipt.py PULL.json TRUST.json [--self-test]

PULL.json is the gateway's answer to a pull, TRUST.json the trust file with the ledger's public key. Needs
Python 3.11 and the package `cryptography`. Specifications: RFC 9162 section 2.1, C2SP signed-note,
tlog-checkpoint and tlog-proof. The signature of the dossier itself is any JOSE library's business, and is
not checked here.

One line per check, "ok ..." or "FAIL ..."; exit code 0 only if all hold. With --self-test the receipt is also
forged, one bit at a time, and every forgery must fail.
"""

import base64
import copy
import hashlib
import json
import re
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


class Refused(Exception):
    """A check that does not hold, and why."""


def require(condition, why):
    if not condition:
        raise Refused(why)


# Encodings, strictly: one spelling for each value.

def base64_strict(text):
    require(isinstance(text, str), "base64 is not text")
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except ValueError as error:
        raise Refused("not base64") from error
    require(base64.b64encode(data).decode() == text, "base64 is not canonical")
    return data


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def base64url_decode(text):
    require(re.fullmatch(r"[A-Za-z0-9_-]*", text), "not base64url")
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError as error:
        raise Refused("not base64url") from error


def decimal(text):
    require(re.fullmatch(r"0|[1-9][0-9]{0,19}", text), "not a plain decimal number")
    require(int(text) < 2**64, "number over 64 bits")
    return int(text)


def hash_line(text):
    data = base64_strict(text)
    require(len(data) == 32, "a hash is not 32 bytes")
    return data


def json_object(data):
    def unique(pairs):
        require(len({name for name, _ in pairs}) == len(pairs), "a JSON member is there twice")
        return dict(pairs)

    try:
        value = json.loads(data, object_pairs_hook=unique)
    except ValueError as error:
        raise Refused("not JSON") from error
    require(isinstance(value, dict), "not a JSON object")
    return value


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


# The formats.

def parse_vkey(vkey):
    """Name, key id and Ed25519 public key of a signed-note verifier key."""
    require(isinstance(vkey, str) and vkey.count("+") >= 2, "vkey is not name+id+key")
    name, key_id, key = vkey.split("+", 2)
    require(name and not re.search(r"\s", name), "vkey has no proper name")
    typed_key = base64_strict(key)
    require(len(typed_key) == 33 and typed_key[0] == 1, "vkey is not an Ed25519 key")
    expected = sha256(name.encode(), b"\n", typed_key)[:4]
    require(key_id == expected.hex(), "key id does not fit name and key")
    return name, expected, typed_key[1:]


def verify_note(note, name, key_id, public_key):
    """The text of a signed note, None if the key has not signed it. A wrong signature in its name is refused."""
    require(not re.search(r"[\x00-\x09\x0b-\x1f]", note), "control character in the note")
    text, blank, signatures = note.rpartition("\n\n")
    require(blank and signatures.endswith("\n"), "note is not text, blank line and signatures")
    text += "\n"
    signed = False
    for line in signatures[:-1].split("\n"):
        match = re.fullmatch(r"\u2014 (\S+) (\S+)", line)
        require(match, "malformed signature line")
        stamped = base64_strict(match[2])
        require(len(stamped) > 4, "signature too short")
        if match[1] != name or stamped[:4] != key_id:
            continue
        try:
            Ed25519PublicKey.from_public_bytes(public_key).verify(stamped[4:], text.encode())
        except InvalidSignature as error:
            raise Refused("wrong signature") from error
        signed = True
    return text if signed else None


def parse_checkpoint(text, name):
    """Size and root of a checkpoint whose origin is the key's name."""
    lines = text[:-1].split("\n")
    require(len(lines) == 3, "checkpoint is not origin, size and root")
    require(lines[0] == name, "origin is not the name of the key")
    return decimal(lines[1]), hash_line(lines[2])


def parse_proof(text):
    """Index, hashes and checkpoint note of a tlog-proof."""
    head, blank, checkpoint = text.partition("\n\n")
    require(blank, "proof has no blank line")
    lines = head.split("\n")
    require(lines[0] == "c2sp.org/tlog-proof@v1", "not a tlog-proof")
    require(len(lines) > 1 and lines[1].startswith("index "), "proof has no index")
    return decimal(lines[1][len("index "):]), [hash_line(line) for line in lines[2:]], checkpoint


def verify_inclusion(index, size, entry, hashes, root):
    """RFC 9162 section 2.1.3.2."""
    require(index < size, "index outside the tree")
    fn, sn = index, size - 1
    r = sha256(b"\x00", entry)
    for p in hashes:
        require(sn != 0, "proof too long")
        if fn & 1 or fn == sn:
            r = sha256(b"\x01", p, r)
            while not fn & 1 and fn != 0:
                fn >>= 1
                sn >>= 1
        else:
            r = sha256(b"\x01", r, p)
        fn >>= 1
        sn >>= 1
    require(sn == 0, "proof too short")
    require(r == root, "proof does not lead to the root")


def issuer_jwt(dossier):
    """The issuer-signed JWT of an SD-JWT, and its claims."""
    require(isinstance(dossier, str) and "~" in dossier, "dossier is not an SD-JWT (decrypt a JWE first)")
    jwt = dossier.split("~", 1)[0]
    parts = jwt.split(".")
    require(len(parts) == 3, "issuer JWT has not three parts")
    return jwt, json_object(base64url_decode(parts[1]))


# The checks, in order. Each takes what the ones before have found.

def check_vkey(pull, trust, found):
    """The present key, then those before it, each with the instant until which it was used."""
    present = trust.get("ledger_vkey")
    found["keys"] = [(parse_vkey(present), None)]
    for past in trust.get("ledger_vkeys", []):
        if past["vkey"] != present:
            found["keys"].append((parse_vkey(past["vkey"]), past.get("to")))


def check_checkpoint(pull, trust, found):
    proof = pull["receipt"]["proof"]
    require(isinstance(proof, str), "proof is not text")
    found["index"], found["hashes"], note = parse_proof(proof)
    for (name, key_id, key), to in found["keys"]:
        text = verify_note(note, name, key_id, key)
        if text is not None and "size" not in found:
            found["size"], found["root"] = parse_checkpoint(text, name)
            found["to"] = to
    require("size" in found, "no signature by a key of the ledger")


def check_inclusion(pull, trust, found):
    entry = base64_strict(pull["receipt"]["entry"])
    verify_inclusion(found["index"], found["size"], entry, found["hashes"], found["root"])
    found["entry"] = entry


def check_entry(pull, trust, found):
    found["leaf"] = leaf = json_object(found["entry"])
    require(leaf.get("kind") in ("release.granted", "release.repeated"), "kind is not that of a release")
    require(leaf.get("id") == pull["release_id"], "id is not the release id")
    # Whoever finds a key that is no longer used can sign with it, but not make an entry of before.
    require(found["to"] is None or leaf["at"] < found["to"], "the ledger's key was no longer used then")


def check_dossier_digest(pull, trust, found):
    jwt, found["claims"] = issuer_jwt(pull["dossier"])
    digest = "sha-256:" + base64url(sha256(jwt.encode("ascii")))
    require(found["leaf"].get("dossier_digest") == digest, "dossier_digest is not that of the dossier")


def check_subject(pull, trust, found):
    salt = base64_strict(pull["receipt"]["salt"])
    require(len(salt) == 32, "salt is not 32 bytes")
    subject = found["claims"].get("sub")
    require(isinstance(subject, str), "dossier has no sub")
    commitment = base64url(sha256(salt, subject.encode()))
    require(found["leaf"].get("subject") == commitment, "subject is not the commitment to sub")


CHECKS = [
    ("ledger key: name, key id and public key fit", check_vkey),
    ("checkpoint: signed by the ledger", check_checkpoint),
    ("inclusion: the entry is in the ledger", check_inclusion),
    ("entry: a release with this release id", check_entry),
    ("dossier: its digest is in the entry", check_dossier_digest),
    ("subject: the entry commits to the taxpayer of the dossier", check_subject),
]


def verify(pull, trust):
    """Lines to print, and whether all checks hold. After a failure nothing more can be trusted."""
    lines, found = [], {}
    for title, check in CHECKS:
        try:
            check(pull, trust, found)
        except Refused as why:
            return lines + [f"FAIL {title}: {why}"], False
        except (KeyError, TypeError, UnicodeError, AttributeError):
            return lines + [f"FAIL {title}: a part is missing or of the wrong type"], False
        lines.append(f"ok {title}")
    return lines, True


# Forgeries.

def flipped(data, bit):
    data = bytearray(data)
    data[bit // 8] ^= 1 << bit % 8
    return bytes(data)


def spread(data):
    """Bits at the start, in the middle and at the end."""
    return sorted({0, len(data) * 4 + 3, len(data) * 8 - 1})


def forge_base64(text):
    data = base64.b64decode(text)
    return [base64.b64encode(flipped(data, bit)).decode() for bit in spread(data)]


def forgeries(pull, trust):
    """Name, pull and trust of every forgery."""
    receipt = pull["receipt"]

    def with_receipt(member, value):
        forged = copy.deepcopy(pull)
        forged["receipt"][member] = value
        return forged

    for member in ("entry", "salt"):
        for text in forge_base64(receipt[member]):
            yield member, with_receipt(member, text), trust
    lines = receipt["proof"].split("\n")
    blank = lines.index("")
    places = [(f"proof hash {place - 1}", place) for place in range(2, blank)] + [("root", blank + 3)]
    for name, place in places:
        for text in forge_base64(lines[place]):
            yield name, with_receipt("proof", "\n".join(lines[:place] + [text] + lines[place + 1:])), trust
    for place in range(blank + 5, len(lines)):
        key_name = trust["ledger_vkey"].split("+")[0]
        start, _, signature = lines[place].rpartition(" ")
        if start != f"\u2014 {key_name}":
            continue
        for text in forge_base64(signature):
            line = f"{start} {text}"
            yield "signature", with_receipt("proof", "\n".join(lines[:place] + [line] + lines[place + 1:])), trust
    for name, place, old in (("index", 1, r"index (\d+)"), ("size", blank + 2, r"(\d+)")):
        number = int(re.fullmatch(old, lines[place])[1])
        line = lines[place].replace(str(number), str(number ^ 1))
        yield name, with_receipt("proof", "\n".join(lines[:place] + [line] + lines[place + 1:])), trust
    head, dot, rest = pull["dossier"].partition(".")
    yield "dossier", pull | {"dossier": head[:-1] + ("A" if head[-1] != "A" else "B") + dot + rest}, trust
    yield "release id", pull | {"release_id": pull["release_id"] + "0"}, trust
    name, key_id, key = trust["ledger_vkey"].split("+", 2)
    for text in forge_base64(key):
        yield "ledger key", pull, trust | {"ledger_vkey": f"{name}+{key_id}+{text}", "ledger_vkeys": []}
        # With the key id recomputed, the signature has to catch it.
        typed_key = base64.b64decode(text)
        forged_id = sha256(name.encode(), b"\n", typed_key)[:4].hex()
        yield "ledger key and id", pull, trust | {"ledger_vkey": f"{name}+{forged_id}+{text}", "ledger_vkeys": []}


def self_test(pull, trust):
    """Lines to print, and whether every forgery has failed."""
    failed, passed = {}, set()
    for name, forged_pull, forged_trust in forgeries(pull, trust):
        failed.setdefault(name, 0)
        _, holds = verify(forged_pull, forged_trust)
        if holds:
            passed.add(name)
        else:
            failed[name] += 1
    needed = {"entry", "salt", "root", "signature"}
    lines = [f"FAIL self-test: no forgery was made of the {name}" for name in sorted(needed - failed.keys())]
    for name, count in failed.items():
        if name in passed:
            lines.append(f"FAIL self-test: a forged {name} was accepted")
        else:
            lines.append(f"ok self-test: forged {name} refused ({count})")
    return lines, not passed and needed <= failed.keys()


def load(path):
    with open(path, encoding="utf-8") as file:
        return json_object(file.read())


def main(arguments):
    paths = [argument for argument in arguments if argument != "--self-test"]
    if len(paths) != 2:
        print("usage: verify_receipt.py PULL.json TRUST.json [--self-test]", file=sys.stderr)
        return 2
    try:
        pull, trust = (load(path) for path in paths)
    except (OSError, UnicodeError, Refused):
        print("FAIL input: not two readable JSON objects")
        return 1
    lines, holds = verify(pull, trust)
    if holds and "--self-test" in arguments:
        more, holds = self_test(pull, trust)
        lines += more
    print("\n".join(lines))
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
