#!/usr/bin/env python3
"""Checks a consent receipt with nothing of the exchange's own code.

    python3 verify_consent_receipt.py RECEIPT.jwt TRUST.json [--taxpayer ID --salt BASE64] [--self-test]

RECEIPT.jwt is a compact JWS (RFC 7515) of type consent-receipt+jwt, signed ES256 by a key of the trust file. The proof
inside is checked as verify_receipt.py checks that of a pull. With --taxpayer and --salt (beside the receipt in the
answer of GET /v1/consents/{id}/receipt) the commitment to the firm is opened as well. Needs Python 3.11 and the package
`cryptography`.

One line per check, "ok ..." or "FAIL ..."; exit code 0 only if all hold. With --self-test characters all over the receipt
are changed one at a time, and every change must be refused.
"""

import argparse
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

import verify_receipt
from verify_receipt import Refused, base64_strict, base64url, base64url_decode, json_object, require, sha256

TYPE = "consent-receipt+jwt"


def part(text):
    data = base64url_decode(text)
    require(base64url(data) == text, "base64url is not canonical")
    return data


def check_signature(jws, trust, found):
    parts = jws.split(".")
    require(len(parts) == 3, "not three parts")
    header = json_object(part(parts[0]))
    require(header.get("alg") == "ES256" and header.get("typ") == TYPE, "alg or typ is another")
    require(set(header) <= {"alg", "typ", "kid", "x5t#S256"}, "the header brings more than it may")
    keys = [key for key in trust["jwks"]["keys"] if key["kid"] == header["kid"]]
    require(len(keys) == 1, "the trust file has no such key")
    key = keys[0]
    require(header.get("x5t#S256") == base64url(sha256(base64_strict(key["x5c"][0]))), "x5t#S256 is another certificate's")
    x, y = (int.from_bytes(base64url_decode(key[name]), "big") for name in ("x", "y"))
    signature = part(parts[2])
    require(len(signature) == 64, "signature is not 64 bytes")
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    public = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    try:
        public.verify(utils.encode_dss_signature(r, s), f"{parts[0]}.{parts[1]}".encode(), ec.ECDSA(hashes.SHA256()))
    except InvalidSignature as error:
        raise Refused("wrong signature") from error
    found["key"], found["claims"] = key, json_object(part(parts[1]))


def check_issue(jws, trust, found):
    claims, key = found["claims"], found["key"]
    require(claims["v"] == 1 and claims["schema"] == "ISO/IEC TS 27560:2023", "version or schema is another")
    require(claims["iss"] == trust["issuer"], "iss is not the issuer of the trust file")
    require(key["nbf"] <= claims["iat"] < key["exp"], "the key was not in use at iat")


def check_ledger(jws, trust, found):
    claims = found["claims"]
    pull = {"receipt": claims["ledger"]}
    verify_receipt.check_vkey(pull, trust, found)
    verify_receipt.check_checkpoint(pull, trust, found)
    verify_receipt.check_inclusion(pull, trust, found)
    leaf = found["leaf"] = json_object(found["entry"])
    require(found["to"] is None or leaf["at"] < found["to"], "the ledger's key was no longer used then")


def check_entry(jws, trust, found):
    leaf, claims = found["leaf"], found["claims"]
    consent = claims["consent"]
    require(leaf["kind"] == "consent.granted", "the entry is no grant")
    require(leaf["id"] == consent["id"], "the entry is about another consent")
    require(leaf["consent_digest"] == consent["digest"], "the entry names other terms")
    require(leaf["at"] == consent["granted_at"], "the entry was made at another time")
    require(leaf["subject"] == claims["principal"]["commitment"], "the entry commits to another firm")


CHECKS = [
    ("signature: ES256 by a key of the trust file", check_signature),
    ("issue: by the exchange, while the key was in use", check_issue),
    ("ledger: the entry is in a ledger that its key signed", check_ledger),
    ("entry: the grant of this consent, of these terms, to this firm", check_entry),
]


def verify(jws, trust, opening=None):
    lines, found = [], {}
    checks = list(CHECKS)
    if opening:
        taxpayer, salt = opening

        def check_firm(jws, trust, found):
            commitment = base64url(sha256(base64_strict(salt), taxpayer.encode()))
            require(found["claims"]["principal"]["commitment"] == commitment, "the commitment is to another firm")

        checks.append(("firm: the commitment opens to this taxpayer", check_firm))
    for title, check in checks:
        try:
            check(jws, trust, found)
        except Refused as why:
            return lines + [f"FAIL {title}: {why}"], False
        except (KeyError, TypeError, ValueError, UnicodeError, AttributeError):
            return lines + [f"FAIL {title}: a part is missing or of the wrong type"], False
        lines.append(f"ok {title}")
    return lines, True


def self_test(jws, trust):
    accepted, tried = [], 0
    step = max(1, len(jws) // 400)
    for at in range(0, len(jws), step):
        for letter in ("A", "B"):
            if jws[at] != letter:
                tried += 1
                if verify(jws[:at] + letter + jws[at + 1:], trust)[1]:
                    accepted.append(at)
    if accepted or not tried:
        return [f"FAIL self-test: changed receipts were accepted, at {accepted[:5]}"], False
    return [f"ok self-test: {tried} changed receipts refused"], True


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("receipt")
    parser.add_argument("trust")
    parser.add_argument("--taxpayer")
    parser.add_argument("--salt")
    parser.add_argument("--self-test", action="store_true")
    options = parser.parse_args()
    try:
        with open(options.receipt, encoding="ascii") as file:
            jws = file.read().strip()
        trust = verify_receipt.load(options.trust)
    except (OSError, UnicodeError, Refused):
        print("FAIL input: not a readable receipt and trust file")
        return 1
    opening = (options.taxpayer, options.salt) if options.taxpayer else None
    lines, holds = verify(jws, trust, opening)
    if holds and options.self_test:
        more, holds = self_test(jws, trust)
        lines += more
    print("\n".join(lines))
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
