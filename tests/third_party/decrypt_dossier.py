"""Decrypts a dossier's compact JWE with two libraries that share no code with the exchange, joserfc and jwcrypto.

    python3 decrypt_dossier.py DOSSIER.jwe PRIVATE.jwk

Prints the SD-JWT if both read the same. Exit code 1 if either does not, or if a changed message is read.
"""

import json
import sys

from joserfc import jwe as joserfc_jwe
from joserfc.jwk import ECKey
from jwcrypto import jwe as jwcrypto_jwe
from jwcrypto import jwk as jwcrypto_jwk

ALGORITHMS = ["ECDH-ES", "A256GCM"]


def with_joserfc(compact, private):
    registry = joserfc_jwe.JWERegistry(algorithms=ALGORITHMS)
    # The library reads 64 kB of ciphertext unless told otherwise; a whole dossier may be larger.
    registry.max_ciphertext_length = 4 * 1024 * 1024
    read = joserfc_jwe.decrypt_compact(compact, ECKey.import_key(private), registry=registry)
    return read.plaintext.decode(), read.headers()


def with_jwcrypto(compact, private):
    message = jwcrypto_jwe.JWE(algs=ALGORITHMS)
    message.deserialize(compact, key=jwcrypto_jwk.JWK(**private))
    return message.payload.decode(), message.jose_header


def refuses(read, compact, private):
    try:
        read(compact, private)
    except Exception:  # whatever the library calls it
        return True
    return False


def main():
    compact = open(sys.argv[1], encoding="ascii").read().strip()
    private = json.load(open(sys.argv[2], encoding="ascii"))
    texts = []
    for read in (with_joserfc, with_jwcrypto):
        text, header = read(compact, private)
        assert header["alg"] == "ECDH-ES" and header["enc"] == "A256GCM", header
        assert header["cty"] == "dossier+sd-jwt", header
        head, _, rest = compact.partition("..")
        flipped = rest[:-2] + ("A" if rest[-2] != "A" else "B") + rest[-1]
        assert refuses(read, f"{head}..{flipped}", private), f"{read.__name__} read a changed message"
        texts.append(text)
    if texts[0] != texts[1]:
        sys.exit("the two libraries read different texts")
    print(texts[0])


if __name__ == "__main__":
    main()
