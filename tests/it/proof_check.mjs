// Runs the portal's proof.js on a page's data, given as JSON on stdin, in a document that holds nothing but what it needs.
import { readFileSync } from "node:fs";
import { webcrypto } from "node:crypto";

const dataset = JSON.parse(readFileSync(0, "utf8"));
const element = () => ({ dataset: {}, hidden: true, items: [], textContent: "", append(...more) { this.items.push(...more); }, replaceChildren(...more) { this.items = more; } });
const [section, button, result] = [element(), element(), element()];
section.dataset = dataset;
let pressed;
button.addEventListener = (_event, action) => { pressed = action; };
const byId = { proof: section, "check-proof": button, "proof-result": result };
globalThis.document = { documentElement: { lang: "en" }, getElementById: (id) => byId[id], createElement: element };
globalThis.window = { crypto: webcrypto };
globalThis.crypto ??= webcrypto;
(0, eval)(readFileSync(new URL("../../src/portal/assets/proof.js", import.meta.url), "utf8"));
await pressed();
console.log(JSON.stringify({ holds: result.dataset.holds, said: result.items.map((item) => item.textContent).filter(Boolean) }));
