import { describe, expect, test } from "bun:test";
import { utf8Encode } from "../../../src/base/bytes.ts";
import { PROOF_HASHES_MAX } from "../../../src/base/limits.ts";
import { formatProof, type ProofFile, parseProof } from "../../../src/core/log/proof-file.ts";
import { faultCode } from "../../fault-code.ts";

const hash = (byte: number) => new Uint8Array(32).fill(byte);
const PROOF: ProofFile = {
  key: hash(1),
  seq: 12,
  head: utf8Encode('{"v":1,"seq":12}'),
  salt: new Uint8Array(16).fill(2),
  body: utf8Encode('{"text":"hi\\nthere, Ana 🦉"}'),
  path: [hash(3), hash(4)],
  note: `chat/${"x".repeat(22)}\n57\n${hash(5).toBase64()}\n\n— chat/x c2ln\n`,
};

test("parses a formatted proof", () => {
  const path = Array.from({ length: PROOF_HASHES_MAX }, (_, byte) => hash(byte));
  const longest = { ...PROOF, path };
  for (const proof of [PROOF, longest]) expect(parseProof(formatProof(proof))).toEqual(proof);
  const silent = { ...PROOF, salt: undefined, body: undefined, path: [] };
  expect(parseProof(formatProof(silent))).toEqual(silent);
  expect(formatProof({ ...silent, salt: PROOF.salt })).toBe(formatProof(silent));
});

test("ignores what a mail program has added below, and refuses a cut checkpoint", () => {
  const text = formatProof(PROOF);
  expect(parseProof(`${text}\n-- \nAna Ruíz\n`)).toEqual(PROOF);
  expect(parseProof(text.trimEnd())).toEqual(PROOF);
  expect(faultCode(() => parseProof(text.slice(0, -12)))).toBe("log-unproved");
});

test("ends with a tlog-proof", () => {
  const text = formatProof(PROOF);
  const standard = text.slice(text.indexOf("c2sp.org/tlog-proof@v1"));
  const hashes = [hash(3).toBase64(), hash(4).toBase64()];
  const lines = ["c2sp.org/tlog-proof@v1", "index 11", ...hashes, "", PROOF.note];
  expect(standard).toBe(lines.join("\n"));
});

describe("invalid proof files", () => {
  const text = formatProof(PROOF);
  const long = formatProof({ ...PROOF, path: Array.from({ length: PROOF_HASHES_MAX + 1 }, hash) });
  test.each([
    ["nothing", ""],
    ["another file", "hello\n\nworld\n"],
    ["with another first line", `x${text}`],
    ["without a key", text.replace(/^key .*\n/m, "")],
    ["without a record", text.replace(/^head .*\n/m, "")],
    ["without its standard part", text.replace("c2sp.org/tlog-proof@v1\n", "")],
    ["with another standard part", text.replace("tlog-proof@v1", "tlog-proof@v2")],
    ["with an index that is none", text.replace("index 11", "index -1")],
    ["with a hash that is none", text.replace(hash(3).toBase64(), "AAAA")],
    ["with a path that no log has", long],
    ["without a checkpoint", text.slice(0, text.indexOf("\n\n") + 1)],
  ])("rejects %s", (_, wrong) => {
    expect(faultCode(() => parseProof(wrong))).toBe("log-unproved");
  });
});
