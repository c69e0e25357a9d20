import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fromBase64Url, toBase64Url, utf8Encode } from "../../src/base/bytes.ts";
import { rootOf } from "../../src/core/log/proofs.ts";
import { signCheckpoint } from "../../src/crypto/checkpoint.ts";
import { Identity } from "../../src/crypto/identity.ts";
import { sha256 } from "../../src/crypto/sha256.ts";
import { originOf } from "../../src/wire/checkpoint.ts";
import { commitment, leafHash } from "../../src/wire/record.ts";
import { nodesOf } from "../core/log-nodes.ts";

export interface LogLine {
  readonly head: Record<string, unknown>;
  readonly durable: number;
  /** Absent if the record is erased. */
  readonly salt?: string;
  readonly body?: Record<string, unknown>;
}

/** Changes the accounts log, numbers its records again, and signs it with the server's key. */
export function rewriteAccounts(data: string, change: (lines: LogLine[]) => LogLine[]): void {
  const accounts = join(data, "accounts");
  const file = join(accounts, "000000000001.jsonl");
  const lines = readFileSync(file, "utf8").trimEnd().split("\n");
  const counts = new Map<unknown, number>();
  const changed = change(lines.map((text) => JSON.parse(text) as LogLine)).map((line, i) => {
    const n = (counts.get(line.head["room"]) ?? 0) + 1;
    counts.set(line.head["room"], n);
    const seq = i + 1;
    const { salt, body } = line;
    const durable = Math.min(line.durable, i);
    if (salt === undefined) {
      const { head, ...rest } = line;
      return JSON.stringify({ head: { ...head, seq, n }, ...rest, durable });
    }
    const text = JSON.stringify(body);
    const commit = commitment(fromBase64Url(salt), utf8Encode(text), sha256);
    const head = JSON.stringify({ ...line.head, seq, n, commit });
    return `{"head":${head},"durable":${durable},"salt":"${salt}","body":${text}}`;
  });
  writeFileSync(file, `${changed.join("\n")}\n`);
  const leaves = changed.map((text) => {
    const head = /^\{"head":(\{.*?\}),"durable"/.exec(text)?.[1] ?? "";
    return leafHash(utf8Encode(head), sha256);
  });
  const size = leaves.length;
  const origin = originOf(leaves[0] ?? new Uint8Array(32));
  const root = rootOf(size, nodesOf(leaves), sha256);
  const identity = Identity.fromPem(readFileSync(join(data, "identity.key"), "utf8"), "key");
  const note = signCheckpoint({ origin, size, root }, identity);
  writeFileSync(join(accounts, "checkpoint"), note);
}

/** Replaces a user's account key. */
export function replaceKey(data: string, user: string): void {
  const accountKey = toBase64Url(new Uint8Array(32).fill(7));
  rewriteAccounts(data, (lines) =>
    lines.map((line) => {
      const { body } = line;
      return body?.["name"] === user ? { ...line, body: { ...body, accountKey } } : line;
    }),
  );
}
