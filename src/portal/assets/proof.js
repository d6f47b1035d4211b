// Checks an access in the reader's own browser. Everything is computed here, from the entry, the proof and the ledger's
// key on the page: nothing is asked of the server.
"use strict";
(() => {
  const section = document.getElementById("proof");
  const button = document.getElementById("check-proof");
  const result = document.getElementById("proof-result");
  if (!section || !button || !result || !window.crypto || !crypto.subtle) return;
  const chinese = document.documentElement.lang.startsWith("zh");
  const say = (zh, en) => (chinese ? zh : en);

  const bytes = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const utf8 = (text) => new TextEncoder().encode(text);
  const base64 = (array) => btoa(String.fromCharCode(...array));
  const joined = (...parts) => Uint8Array.from(parts.flatMap((part) => [...part]));
  const sha256 = async (...parts) => new Uint8Array(await crypto.subtle.digest("SHA-256", joined(...parts)));
  const node = (left, right) => sha256([1], left, right);

  // RFC 9162 section 2.1.3.2. Sizes stay far below 2^53.
  const rootOf = async (leaf, index, size, hashes) => {
    let [place, last, hash] = [index, size - 1, leaf];
    const half = (number) => Math.floor(number / 2);
    for (const sibling of hashes) {
      if (last === 0) return null;
      if (place % 2 === 1 || place === last) {
        hash = await node(sibling, hash);
        while (place % 2 === 0 && place !== 0) [place, last] = [half(place), half(last)];
      } else {
        hash = await node(hash, sibling);
      }
      [place, last] = [half(place), half(last)];
    }
    return last === 0 ? hash : null;
  };

  const parse = (text) => {
    const [head, ...rest] = text.split("\n\n");
    const lines = head.split("\n");
    const checkpoint = rest.join("\n\n");
    const body = checkpoint.slice(0, checkpoint.indexOf("\n\n") + 1);
    const [origin, size, root] = body.split("\n");
    const signatures = checkpoint.slice(body.length + 1).split("\n").filter((line) => line.startsWith("— "));
    return { index: Number(lines[1].slice("index ".length)), hashes: lines.slice(2).map(bytes), body, origin, size: Number(size), root, signatures };
  };

  // `name+hash+key`, where only the key may hold another plus; its first byte says Ed25519.
  const keyOf = (text) => {
    const [name, , ...rest] = text.split("+");
    return { name, key: bytes(rest.join("+")).slice(1) };
  };

  const signed = async (proof) => {
    const { name, key } = keyOf(section.dataset.key);
    let imported;
    try {
      imported = await crypto.subtle.importKey("raw", key, { name: "Ed25519" }, false, ["verify"]);
    } catch {
      return null;
    }
    for (const line of proof.signatures) {
      const [signer, text] = line.slice(2).split(" ");
      if (signer !== name) continue;
      if (await crypto.subtle.verify("Ed25519", imported, bytes(text).slice(4), utf8(proof.body))) return true;
    }
    return false;
  };

  const check = async () => {
    const entry = bytes(section.dataset.entry);
    const said = JSON.parse(new TextDecoder().decode(entry));
    const proof = parse(section.dataset.proof);
    const leaf = await sha256([0], entry);
    const checks = [[true, say("条目哈希 ", "Hash of the entry ") + base64(leaf)]];
    const root = await rootOf(leaf, proof.index, proof.size, proof.hashes);
    checks.push([
      root !== null && base64(root) === proof.root,
      say(`证明从第 ${proof.index} 号条目通到 ${proof.size} 条账本的树根`, `The proof leads from entry ${proof.index} to the root of ${proof.size} entries`),
    ]);
    const signature = await signed(proof);
    checks.push([
      signature,
      signature === null
        ? say("本浏览器不支持 Ed25519，检查点签名请用下载的文件核验", "This browser knows no Ed25519: check the signature with the downloaded file")
        : say("检查点由账本密钥签名", "The checkpoint is signed by the ledger's key"),
    ]);
    if (section.dataset.salt) {
      const commitment = await sha256(bytes(section.dataset.salt), utf8(section.dataset.subject));
      const text = base64(commitment).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
      checks.push([said.subject === text, say("条目所指的就是本企业（加盐指纹相符）", "The entry is about this firm: the salted fingerprint fits")]);
    }
    if (section.dataset.dossier) {
      checks.push([
        said.dossier_digest === section.dataset.dossier,
        say("条目所载档案摘要与所提供的档案一致", "The entry names the dossier that was provided"),
      ]);
    }
    return checks;
  };

  button.hidden = false;
  button.addEventListener("click", async () => {
    button.disabled = true;
    let checks;
    try {
      checks = await check();
    } catch {
      checks = [[false, say("数据无法读取", "The data cannot be read")]];
    }
    result.replaceChildren(
      ...checks.map(([holds, text]) => {
        const item = document.createElement("li");
        item.textContent = (holds === null ? "– " : holds ? "✓ " : "✗ ") + text;
        return item;
      }),
    );
    const all = document.createElement("li");
    const strong = document.createElement("b");
    strong.textContent = checks.some(([holds]) => holds === false)
      ? say("核验不通过", "It does NOT hold")
      : say("核验通过", "It holds");
    all.append(strong);
    result.append(all);
    result.dataset.holds = String(!checks.some(([holds]) => holds === false));
    result.hidden = false;
    button.disabled = false;
  });
})();
