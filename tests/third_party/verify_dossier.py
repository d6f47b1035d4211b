#!/usr/bin/env python3
"""Verifies a dossier with other people's libraries only, sharing no code with the exchange.

    python3 verify_dossier.py PULL.json TRUST.json
    python3 verify_dossier.py --self-test PULL.json TRUST.json

PULL.json is the answer of a pull, {release_id, dossier, receipt}; TRUST.json is the trust file. The
SD-JWT is processed by sd-jwt (the OpenWallet reference implementation, RFC 9901), the JWT is verified
a second time by joserfc, the certificate by cryptography. The receipt is not judged here.

Exit code 0 only if everything holds. With --self-test one character is changed in the header, payload
and signature of the JWT and in each disclosure, and each change must make the verification fail.
"""

import argparse
import base64
import hashlib
import json
import sys
from datetime import datetime, timezone

from cryptography import x509
from joserfc import jws
from joserfc.jwk import ECKey
from jwcrypto.jwk import JWK
from sd_jwt.verifier import SDJWTVerifier

DOSSIER_TYPE = "dossier+sd-jwt"
STATUSES = {"present", "empty", "not_collected", "withheld", "stale"}


class Refused(Exception):
    """The dossier does not hold; the message says why."""


def require(condition, why):
    if not condition:
        raise Refused(why)


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def trusted_key(trust, kid):
    found = [key for key in trust["jwks"]["keys"] if key["kid"] == kid]
    require(len(found) == 1, f"the trust file has {len(found)} keys named {kid!r}")
    return found[0]


def public_members(key):
    """Only what makes the key: nothing else in the trust file may influence a library."""
    return {name: key[name] for name in ("kty", "crv", "x", "y")}


def check_certificate(key, header, issued_at, trust):
    der = base64.b64decode(key["x5c"][0], validate=True)
    require(header.get("x5t#S256") == base64url(hashlib.sha256(der).digest()), "x5t#S256 is not the key's certificate")
    certificate = x509.load_der_x509_certificate(der)
    authority = x509.load_pem_x509_certificate(trust["ca"].encode())
    numbers = certificate.public_key().public_numbers()
    point = (base64url(numbers.x.to_bytes(32, "big")), base64url(numbers.y.to_bytes(32, "big")))
    require(point == (key["x"], key["y"]), "the certificate belongs to another key")
    certificate.verify_directly_issued_by(authority)
    at = datetime.fromtimestamp(issued_at, timezone.utc)
    require(certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc, "the certificate was not valid at iat")
    require(key["nbf"] <= issued_at < key["exp"], "the key was not in use at iat")


def check_sections(claims, disclosures):
    sections = {}
    for encoded in disclosures:
        _, name, value = json.loads(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
        require(name not in sections, f"the section {name} is there twice")
        # The library drops a disclosure that the JWT does not list without a word.
        require(claims.get(name) == value, f"the section {name} is not listed in the JWT")
        require(value["status"] in STATUSES, f"the section {name} has no known status")
        require(value["status"] != "present" or value["records"], f"the section {name} is present without records")
        require(value["status"] in ("present", "stale") or not value["records"], f"the section {name} has records but says otherwise")
        sections[name] = value
    return sections


def verify(pull, trust):
    """The claims and the sections by name, or an exception."""
    dossier = pull["dossier"]
    jwt, *disclosures, last = dossier.split("~")
    require(last == "", "the dossier does not end with ~")
    header = json.loads(base64.urlsafe_b64decode(jwt.split(".")[0] + "=="))
    require(header["alg"] == "ES256" and header["typ"] == DOSSIER_TYPE, "alg or typ is not a dossier's")
    require(not {"jwk", "jku", "x5u", "x5c", "crit"} & header.keys(), "the header brings its own key")
    key = trusted_key(trust, header["kid"])

    first = jws.deserialize_compact(jwt, ECKey.import_key(public_members(key)), algorithms=["ES256"])
    processed = SDJWTVerifier(dossier, lambda issuer, header: JWK(**public_members(key))).get_verified_payload()
    written = json.loads(first.payload)
    require(processed.items() >= {name: value for name, value in written.items() if not name.startswith("_sd")}.items(),
            "the two libraries read different claims")

    require(written["_sd_alg"] == "sha-256" and written["_sd"] == sorted(set(written["_sd"])), "_sd is not sorted and unique")
    require(written["iss"] == trust["issuer"], "iss is not the trust file's issuer")
    require(written["jti"] == pull["release_id"], "jti is not the release id")
    check_certificate(key, header, written["iat"], trust)
    return written, check_sections(processed, disclosures)


def report(claims, sections):
    print(f"release {claims['jti']}  {claims['iss']} -> {claims['aud']}  taxpayer {claims['sub']}  {claims['purpose']}")
    for name, value in sections.items():
        why = f"  ({value['reason']})" if value.get("reason") else ""
        print(f"  {name:<14}{value['status']:<15}{len(value['records']):>5} records{why}")
    left_out = len(claims["_sd"]) - len(sections)
    if left_out:
        print(f"  {left_out} listed sections were not sent")


def changed_dossiers(dossier):
    """Each (what, dossier) with one character changed in the middle of one part."""
    def change(text):
        at = len(text) // 2
        return text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1:]

    jwt, *disclosures, _ = dossier.split("~")
    for position, what in enumerate(("header", "payload", "signature")):
        parts = jwt.split(".")
        parts[position] = change(parts[position])
        yield what, "~".join([".".join(parts), *disclosures, ""])
    for position in range(len(disclosures)):
        changed = [*disclosures]
        changed[position] = change(changed[position])
        yield f"disclosure {position + 1}", "~".join([jwt, *changed, ""])


def self_test(pull, trust):
    accepted = []
    for what, dossier in changed_dossiers(pull["dossier"]):
        try:
            verify({**pull, "dossier": dossier}, trust)
        except Exception as refusal:  # each library has its own kinds
            print(f"  changed {what}: refused, {type(refusal).__name__}: {str(refusal).splitlines()[0] if str(refusal) else ''}")
        else:
            accepted.append(what)
            print(f"  changed {what}: ACCEPTED")
    require(not accepted, f"accepted although changed: {', '.join(accepted)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pull", help="PULL.json")
    parser.add_argument("trust", help="TRUST.json")
    parser.add_argument("--self-test", action="store_true", help="also change the dossier and require refusal")
    arguments = parser.parse_args()
    try:
        with open(arguments.pull, encoding="utf-8") as file:
            pull = json.load(file)
        with open(arguments.trust, encoding="utf-8") as file:
            trust = json.load(file)
        claims, sections = verify(pull, trust)
        report(claims, sections)
        if arguments.self_test:
            self_test(pull, trust)
    except Exception as refusal:  # whatever went wrong, the answer is no
        print(f"does not hold: {type(refusal).__name__}: {refusal}", file=sys.stderr)
        return 1
    print("holds")
    return 0


if __name__ == "__main__":
    sys.exit(main())
