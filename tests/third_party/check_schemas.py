#!/usr/bin/env python3
"""Holds the documents in schema/ to the JSON Schema standard, and real messages to the documents.

    python3 check_schemas.py
    python3 check_schemas.py PULL.json TRUST.json
    python3 check_schemas.py --bundle openapi-whole.json

Without arguments: every schema against its metaschema, every reference of openapi.json, every sample
against its schema. With the answer of a pull and the trust file, also these: header, claims, each
disclosure with its section object, the receipt with its entry, the trust file. Nothing is verified
cryptographically here: verify_dossier.py and verify_receipt.py do that. --bundle also writes openapi.json
with every schema inside, for tools that do not follow references by $id.

Exit code 0 only if everything holds. Needs jsonschema and referencing.
"""

import argparse
import base64
import json
import sys
from pathlib import Path

from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource

SCHEMA = Path(__file__).resolve().parents[2] / "schema"
URN = "urn:shuidaiyi:schema:"
# The sample in tests/vectors/sd_jwt: made by the seal alone, before there were a ledger and encoders.
SEAL_SAMPLE = "019cb000-0000-7000-8000-000000000001"


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


class Report:
    """Prints a line for each check and remembers whether one failed."""

    def __init__(self):
        self.failed = 0

    def say(self, what, errors):
        self.failed += bool(errors)
        print(f"{'FAIL' if errors else 'ok'}    {what}")
        for error in errors[:5]:
            print(f"        {error}")

    def skip(self, what, why):
        print(f"skip  {what}: {why}")


class Documents:
    """The schemas by $id."""

    def __init__(self):
        self.files = {path: load(path) for path in sorted(SCHEMA.glob("*.json")) + sorted(SCHEMA.glob("section/*.json"))}
        self.api = self.files.pop(SCHEMA / "openapi.json")
        resources = [(schema["$id"], Resource.from_contents(schema)) for schema in self.files.values()]
        self.registry = Registry().with_resources(resources)

    def errors(self, reference, value):
        """What is wrong with a value, as short texts."""
        validator = Draft202012Validator({"$ref": reference}, registry=self.registry, format_checker=FormatChecker())
        return [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(value)]


def check_metaschema(documents, report):
    for path, schema in documents.files.items():
        validator = Draft202012Validator(Draft202012Validator.META_SCHEMA)
        errors = [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(schema)]
        resolver = documents.registry.resolver(base_uri=schema["$id"])
        errors += [why for reference in references(schema) if (why := unresolved(resolver, reference))]
        report.say(f"schema {path.relative_to(SCHEMA)}", errors)


def references(value):
    """Every $ref inside."""
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from references(item)


def unresolved(resolver, reference):
    try:
        resolver.lookup(reference)
    except Exception as why:  # the library has several kinds
        return f"{reference}: {type(why).__name__}"
    return None


def check_openapi(documents, report):
    """References of openapi.json: into itself, or to a file beside it."""
    errors = []
    itself = documents.registry.with_resource("urn:openapi", Resource.opaque(documents.api)).resolver(base_uri="urn:openapi")
    for reference in sorted(set(references(documents.api))):
        file, _, fragment = reference.partition("#")
        if not file:
            errors.append(unresolved(itself, reference))
        elif SCHEMA / file not in documents.files:
            errors.append(f"{reference}: there is no such file")
        else:
            base = documents.files[SCHEMA / file]["$id"]
            errors.append(unresolved(documents.registry.resolver(), f"{base}#{fragment}"))
    for name, schema in documents.api["components"]["schemas"].items():
        found = Draft202012Validator(Draft202012Validator.META_SCHEMA).iter_errors(schema)
        errors += [f"{name}: {error.message[:200]}" for error in found]
    report.say("openapi.json: every reference leads somewhere", [error for error in errors if error])


def check_samples(documents, report):
    index = load(SCHEMA / "samples/index.json")
    here = {path.name for path in SCHEMA.glob("samples/*.json")} - {"index.json"}
    report.say("samples/index.json names every sample", sorted(here ^ set(index)))
    for name, reference in index.items():
        report.say(f"sample {name}", documents.errors(reference, load(SCHEMA / "samples" / name)))
    described = {reference.partition("#")[0].removeprefix(URN) for reference in index.values()}
    left_out = {path.stem for path in documents.files if path.parent == SCHEMA} - described - {"common"}
    report.say("every schema has a sample", sorted(left_out))


def check_refusals(documents, report):
    """A schema that takes everything would pass every check above."""
    accepted = []
    for name, reference in load(SCHEMA / "samples/index.json").items():
        sample = load(SCHEMA / "samples" / name)
        changed = [{**sample, "unheard_of": 1}] + [{k: v for k, v in sample.items() if k != gone} for gone in required(documents, reference)]
        if reference == URN + "trust":
            changed = changed[1:]  # readers ignore members they do not know
        accepted += [f"{name}: {change.keys() ^ sample.keys()}" for change in changed if not documents.errors(reference, change)]
    report.say("a member too many or too few is refused in every sample", accepted)


def required(documents, reference):
    return documents.registry.resolver().lookup(reference).contents.get("required", [])


def decode(text):
    return json.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))


def check_pull(documents, report, pull, trust):
    jwt, *disclosures, _ = pull["dossier"].split("~")
    header, payload, _ = jwt.split(".")
    report.say("trust file", documents.errors(URN + "trust", trust))
    report.say("header", documents.errors(URN + "dossier-claims#/$defs/header", decode(header)))
    report.say("claims", documents.errors(URN + "dossier-claims", decode(payload)))
    for encoded in disclosures:
        check_disclosure(documents, report, decode(encoded), pull["release_id"] == SEAL_SAMPLE)
    if pull["receipt"] is None and pull["release_id"] == SEAL_SAMPLE:
        report.skip("receipt and entry", "this sample was made by the seal alone and has none")
        return
    report.say("answer of the pull", documents.errors(URN + "pull", pull))
    wrong = documents.errors(URN + "receipt", pull["receipt"])
    report.say("receipt", wrong)
    if wrong:
        return
    entry = json.loads(base64.b64decode(pull["receipt"]["entry"], validate=True))
    report.say(f"entry {entry.get('kind')}", documents.errors(URN + "ledger-entry", entry))


def check_disclosure(documents, report, disclosure, of_seal_sample):
    _, name, section = disclosure
    what = f"section {name}: {section.get('status')}, {len(section['records'])} records"
    if of_seal_sample and section.get("encoder") == f"{name}-1":
        report.skip(what, f"this sample's encoder {section['encoder']} is invented; the exchange has none of that name")
        return
    report.say(what, documents.errors(URN + "section#/$defs/disclosure", disclosure))


def bundle(documents):
    """openapi.json with every schema under components, each reference rewritten to lead there."""
    def component(schema_id):
        return schema_id.removeprefix("urn:shuidaiyi:").replace(":", "-")

    def rewritten(value, own):
        if isinstance(value, list):
            return [rewritten(item, own) for item in value]
        if not isinstance(value, dict):
            return value
        value = {name: rewritten(item, own) for name, item in value.items() if name not in ("$id", "$schema")}
        if isinstance(value.get("$ref"), str) and not value["$ref"].startswith("#/components/"):
            target, _, fragment = value["$ref"].partition("#")
            file = documents.files.get(SCHEMA / target) if target.endswith(".json") else None
            name = component(file["$id"] if file else target or own)
            value["$ref"] = f"#/components/schemas/{name}{fragment}"
        return value

    whole = rewritten(documents.api, None)
    for schema in documents.files.values():
        whole["components"]["schemas"][component(schema["$id"])] = rewritten(schema, schema["$id"])
    return whole


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pull", nargs="?", help="PULL.json")
    parser.add_argument("trust", nargs="?", help="TRUST.json")
    parser.add_argument("--bundle", metavar="FILE", help="write openapi.json with every schema inside")
    arguments = parser.parse_args()
    if arguments.pull and not arguments.trust:
        parser.error("a pull needs its trust file")
    documents, report = Documents(), Report()
    check_metaschema(documents, report)
    check_openapi(documents, report)
    check_samples(documents, report)
    check_refusals(documents, report)
    if arguments.pull:
        check_pull(documents, report, load(arguments.pull), load(arguments.trust))
    if arguments.bundle:
        Path(arguments.bundle).write_text(json.dumps(bundle(documents), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    print("holds" if not report.failed else f"does not hold: {report.failed} checks failed")
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
