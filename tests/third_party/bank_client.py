#!/usr/bin/env python3
"""A small bank's client, to read and to begin from: pulls, verifies, decides, and keeps what it needs as evidence.

    python3 bank_client.py --url https://localhost:8443 --ca ca.pem --cert bank-01.pem --key bank-01.key \\
        --signing-key bank-01-signing.key --trust trust.json --state DIRECTORY

Every application that waits for this bank is taken from its dossier to a signed decision. Libraries: `joserfc` signs,
`sd-jwt` and `cryptography` verify (verify_dossier.py, verify_receipt.py beside this file); nothing is the exchange's.

What a client must get right, and where it stands here:
  - nothing is decided on a dossier that does not verify (`verified`);
  - a lost answer is asked for again with the same Idempotency-Key, a lost decision is sent again byte for byte
    (`once`, `sent`), so that nothing is done twice;
  - 429 and 503 are waited out as `Retry-After` says (`Exchange.call`);
  - answer and receipt are kept before anything rests on them (`once`).

Exit code 0 if every application was decided, 1 if one had to be left, 2 for wrong usage.
"""

import argparse
import base64
import hashlib
import http.client
import json
import os
import secrets
import ssl
import sys
import time
import urllib.parse
import uuid
from pathlib import Path

from joserfc import jws
from joserfc.jwk import ECKey

import verify_dossier
import verify_receipt

ATTEMPTS = 5
SECONDS_MAX = 30
RATINGS_TAKEN = {"A", "B", "M"}


class Left(Exception):
    """This application is left as it is; the message says why."""


class Refused(Exception):
    """The exchange said no: status and code."""


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def sha256_of(text):
    return "sha-256:" + base64url(hashlib.sha256(text.encode("ascii")).digest())


class Exchange:
    """The gateway over mutual TLS 1.3, one connection kept open."""

    def __init__(self, url, ca, cert, key):
        self.address = urllib.parse.urlsplit(url)
        self.tls = ssl.create_default_context(cafile=ca)
        self.tls.minimum_version = ssl.TLSVersion.TLSv1_3
        self.tls.load_cert_chain(cert, key)
        self.connection = None

    def call(self, method, path, body=None, content_type="application/json", key=None):
        """The answer's JSON. Asks again after 429 and 503 when told, and after a connection that broke."""
        headers = {"Content-Type": content_type} if body is not None else {}
        if key:
            headers["Idempotency-Key"] = key
        for attempt in range(1, ATTEMPTS + 1):
            try:
                status, pause, answer = self.once(method, path, body, headers)
            except ssl.SSLCertVerificationError:
                raise  # another server stands there: nothing is sent to it, and asking again does not help
            except (OSError, http.client.HTTPException) as why:
                self.connection = None
                if attempt == ATTEMPTS:
                    raise
                print(f"  {method} {path}: {type(why).__name__}, asking again", file=sys.stderr)
                time.sleep(0.2 * attempt)
                continue
            if status in (429, 503) and attempt < ATTEMPTS:
                time.sleep(min(pause, SECONDS_MAX))
                continue
            if status >= 300:
                raise Refused(f"{status} {answer.get('code')}: {answer.get('detail')}")
            return answer
        raise Left("the exchange is busy")

    def once(self, method, path, body, headers):
        if self.connection is None:
            self.connection = http.client.HTTPSConnection(
                self.address.hostname, self.address.port, context=self.tls, timeout=SECONDS_MAX)
        self.connection.request(method, path, body, headers)
        response = self.connection.getresponse()
        text = response.read()
        pause = float(response.headers.get("Retry-After") or 1)
        return response.status, pause, json.loads(text) if text else {}

    def pages(self, path):
        """Every item of a list."""
        after = ""
        while after is not None:
            mark = "&" if "?" in path else "?"
            page = self.call("GET", f"{path}{mark}after={urllib.parse.quote(after)}" if after else path)
            yield from page["items"]
            after = page["next"]


class Bank:
    """What the bank knows and keeps. `state` outlives the program: it goes on where it stopped."""

    def __init__(self, exchange, trust, signing_key, state):
        self.exchange, self.trust, self.state = exchange, trust, Path(state)
        self.key = ECKey.import_key(Path(signing_key).read_bytes())
        self.public = {name: self.key.as_dict(private=False)[name] for name in ("kty", "crv", "x", "y")}
        self.kid = self.key.thumbprint()
        self.state.mkdir(parents=True, exist_ok=True)

    def kept(self, name, make):
        """A file's text; made once, and on disk before anything rests on it."""
        path = self.state / name
        if not path.exists():
            text, part = make(), path.with_suffix(path.suffix + ".part")
            with open(part, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            part.rename(path)
        return path.read_text(encoding="utf-8")

    def sign(self, typ, payload):
        header = {"alg": "ES256", "typ": typ, "kid": self.kid}
        return jws.serialize_compact(header, json.dumps(payload, ensure_ascii=False).encode(), self.key)

    def register_key(self, member):
        keys = self.exchange.call("GET", "/v1/me/keys")["items"]
        if any(key["use"] == "sig" and key["kid"] == self.kid and key["to"] is None for key in keys):
            return
        proof = self.sign("key-proof+jwt", {"member": member, "use": "sig", "jwk": self.public, "iat": int(time.time())})
        self.exchange.call("PUT", "/v1/me/keys/sig", json.dumps({"jwk": self.public, "proof": proof}))

    def pulled(self, application):
        """The answer of the pull for an application, kept as it came."""
        name = application["id"]
        ask = json.loads(self.kept(f"{name}.ask.json", lambda: json.dumps({
            "consent_id": application["consent_id"], "purpose": "pre_loan",
            "taxpayer_id": application["taxpayer_id"], "nonce": secrets.token_urlsafe(16)})))
        answer = self.kept(f"{name}.pull.json", lambda: json.dumps(
            self.exchange.call("POST", "/v1/dossiers", json.dumps(ask), key=f"pull-{name}"[:64])))
        return ask, json.loads(answer)

    def verified(self, member, ask, pull):
        """Claims and sections of a dossier that is the exchange's, for this bank, about this ask, and in the ledger."""
        claims, sections = verify_dossier.verify(pull, self.trust)
        for what, expected, found in (
                ("aud", member, claims["aud"]), ("nonce", ask["nonce"], claims.get("nonce")),
                ("sub", ask["taxpayer_id"], claims["sub"]), ("consent", ask["consent_id"], claims["consent"]["id"])):
            if expected != found:
                raise Left(f"the dossier's {what} is not what was asked for")
        lines, holds = verify_receipt.verify(pull, self.trust)
        if not holds:
            raise Left(lines[-1])
        return claims, sections

    def decide(self, application, product, pull, claims, sections):
        """The payload of the decision: approved as asked for, if the newest rating is one that is taken."""
        decision = {
            "iss": claims["aud"], "aud": self.trust["issuer"], "jti": str(uuid.uuid4()), "iat": int(time.time()),
            "application_id": application["id"], "release_id": pull["release_id"],
            "dossier_digest": sha256_of(pull["dossier"].split("~", 1)[0]), "product_id": application["product_id"],
        }
        rating = sections.get("rating", {"records": []})
        in_force = [record for record in rating["records"] if record["superseded_on"] is None]
        if not in_force or rating["status"] != "present":
            return decision | {"outcome": "declined", "reasons": ["R17"]}  # missing is not bad, but it is missing
        if max(in_force, key=lambda record: record["valid_from"])["level"] not in RATINGS_TAKEN:
            return decision | {"outcome": "declined", "reasons": ["R01"]}
        asked_first = application["credit_enquiry"] == "after_pre_approval"
        return decision | {
            "outcome": "pre_approved" if asked_first else "approved", "security": "credit", "reasons": [], "fees": [],
            "amount_fen": min(application["amount_fen"], product["amount_max_fen"]), "rate_pct": product["rate_pct"],
            "term_months": min(application["term_months"], product["term_months_max"]),
            "drawdown": product["drawdown"], "repayment": product["repayment"],
        }

    def sent(self, application, jws_text):
        """The receipt of a decision: the same bytes again have the same answer, so it is asked for until it is there."""
        path = f"/v1/applications/{application['id']}/decisions"
        answer = json.loads(self.kept(f"{application['id']}.receipt.json", lambda: json.dumps(
            self.exchange.call("POST", path, jws_text, "application/jose"))))
        entry = json.loads(base64.b64decode(answer["receipt"]["entry"]))
        if entry["kind"] != "decision.recorded" or entry["decision_digest"] != sha256_of(jws_text):
            raise Left("the receipt is of something else")
        return answer

    def work(self, member, application, products):
        ask, pull = self.pulled(application)
        claims, sections = self.verified(member, ask, pull)
        product = products[application["product_id"]]
        jws_text = self.kept(f"{application['id']}.decision.jws", lambda: self.sign(
            "decision+jwt", self.decide(application, product, pull, claims, sections)))
        answer = self.sent(application, jws_text)
        print(f"{application['id']}  {answer['application']['status']}")


def member_of(cert):
    """The bank's own name in the exchange: the common name of its certificate."""
    from cryptography import x509
    certificate = x509.load_pem_x509_certificate(Path(cert).read_bytes())
    return certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("url", "ca", "cert", "key", "signing-key", "trust", "state"):
        parser.add_argument(f"--{name}", required=True)
    given = parser.parse_args()
    member = member_of(given.cert)
    trust = json.loads(Path(given.trust).read_text(encoding="utf-8"))
    bank = Bank(Exchange(given.url, given.ca, given.cert, given.key), trust, given.signing_key, given.state)
    left = 0
    bank.register_key(member)
    products = {product["id"]: product for product in bank.exchange.pages("/v1/products")}
    waiting = [one for status in ("submitted", "acknowledged")
               for one in bank.exchange.pages(f"/v1/applications?status={status}")]
    for application in waiting:
        try:
            bank.work(member, application, products)
        except Exception as why:  # whatever went wrong with one, nothing is decided on it, and the others go on
            left += 1
            print(f"{application['id']}  left: {type(why).__name__}: {why}", file=sys.stderr)
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
