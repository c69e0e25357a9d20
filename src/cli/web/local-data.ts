/** Storage of the local page's data in the user's home. */

import { join } from "node:path";
import * as v from "valibot";
import { equalBytes, utf8Encode } from "../../base/bytes.ts";
import { decodeJson } from "../../base/decode.ts";
import { Fault } from "../../base/fault.ts";
import { LOCAL_PAGE_DATA_BYTES_MAX } from "../../base/limits-page.ts";
import { jsonLine } from "../../base/text.ts";
import { sha256 } from "../../crypto/sha256.ts";
import { readSmallFile, writeSmallFile } from "../../io/disk/data-folder.ts";
import { onDisk } from "../../io/disk/disk.ts";
import { FilePresence } from "../../io/disk/presence.ts";
import { makePrivateFolder } from "../../io/disk/private-path.ts";
import { ifPossible } from "../../io/promises.ts";
import { removedHomeFault } from "../../io/state/schema.ts";
import { bearerOf, faultResponse } from "../../server/http/post-api.ts";
import type { Fingerprint } from "../../wire/fingerprint.ts";

export const LOCAL_DATA_PATH = "/kept";

const table = v.picklist(["keys", "places", "drafts"]);
const key = v.pipe(v.string(), v.maxLength(1_024));
const StoreRequest = v.variant("op", [
  v.strictObject({ op: v.literal("get"), table, key }),
  v.strictObject({ op: v.literal("all"), table, prefix: key }),
  v.strictObject({
    op: v.literal("write"),
    changes: v.pipe(
      v.array(v.strictObject({ table, key, value: v.optional(v.unknown()) })),
      v.maxLength(1_000),
    ),
  }),
]);
const Kept = v.object({ port: v.optional(v.number()), rows: v.record(v.string(), v.unknown()) });
type Kept = v.InferOutput<typeof Kept>;

/** Several programs may write concurrently, so each change reads the current file first. */
export class LocalPageStore {
  readonly #folder: string;
  readonly #path: string;
  /** Presence of the folder, because each change replaces the file. */
  #presence: FilePresence | undefined;

  constructor(state: string, fingerprint: Fingerprint) {
    this.#folder = join(state, "web");
    this.#path = join(this.#folder, `${fingerprint}.json`);
  }

  /** Port of the last page, reused because browsers store data by port. */
  get port(): number {
    return this.#read().port ?? 0;
  }

  savePort(port: number): void {
    this.#write({ ...this.#read(), port });
  }

  isPresent(): boolean {
    return this.#presence?.isPresent() ?? true;
  }

  removedFault(): Fault {
    return removedHomeFault(this.#folder);
  }

  close(): void {
    this.#presence?.close();
    this.#presence = undefined;
  }

  /** @throws {Fault} store-full, store-… */
  answer(request: v.InferOutput<typeof StoreRequest>): unknown {
    const data = this.#read();
    switch (request.op) {
      case "get":
        return data.rows[rowOf(request.table, request.key)] ?? null;
      case "all": {
        const prefix = rowOf(request.table, request.prefix);
        const rows = Object.entries(data.rows).filter(([row]) => row.startsWith(prefix));
        const skip = rowOf(request.table, "").length;
        return rows.map(([row, value]) => [row.slice(skip), value]).sort(byKey);
      }
      default: {
        const rows = { ...data.rows };
        for (const change of request.changes) {
          const row = rowOf(change.table, change.key);
          if (change.value === undefined || change.value === null) delete rows[row];
          else rows[row] = change.value;
        }
        this.#write({ ...data, rows });
        return null;
      }
    }
  }

  #read(): Kept {
    const text = readSmallFile(this.#path, LOCAL_PAGE_DATA_BYTES_MAX);
    try {
      const parsed = v.safeParse(Kept, decodeJson(text ?? '{"rows":{}}'));
      if (parsed.success) return parsed.output;
    } catch {
      // The fault below also covers a file that cannot be parsed.
    }
    throw new Fault("data-foreign", `${this.#path} is damaged`, {
      remedy: "fix it, or remove it and sign in again",
    });
  }

  #write(data: Kept): void {
    const text = jsonLine(data);
    if (Buffer.byteLength(text) > LOCAL_PAGE_DATA_BYTES_MAX) {
      throw new Fault("store-full", "the page stores too much", { remedy: "clear some drafts" });
    }
    this.#checkPresent();
    makePrivateFolder(this.#folder);
    this.#presence ??= onDisk(this.#folder, () => new FilePresence(this.#folder));
    writeSmallFile(this.#path, text);
    this.#checkPresent();
  }

  #checkPresent(): void {
    if (!this.isPresent()) throw this.removedFault();
  }
}

export async function serveLocalData(
  store: LocalPageStore,
  token: string,
  request: Request,
): Promise<Response> {
  try {
    if (request.method !== "POST") throw new Fault("usage", "only POST is supported");
    if (!isToken(bearerOf(request), token)) {
      throw new Fault("login-refused", "this page was opened by an earlier run of chat web");
    }
    const parsed = v.safeParse(StoreRequest, await ifPossible(request.json()));
    if (!parsed.success) throw new Fault("usage", "invalid request");
    const headers = { "content-type": "application/json", "cache-control": "no-store" };
    return new Response(jsonLine({ value: store.answer(parsed.output) }), { headers });
  } catch (error) {
    if (error instanceof Fault) return faultResponse(error);
    throw error;
  }
}

/** The hashes have equal length, so the comparison time does not depend on the token. */
export function isToken(text: string | null | undefined, token: string): boolean {
  return equalBytes(sha256(utf8Encode(text ?? "")), sha256(utf8Encode(token)));
}

function rowOf(table: string, key: string): string {
  return `${table} ${key}`;
}

function byKey([first]: readonly unknown[], [second]: readonly unknown[]): number {
  return String(first) < String(second) ? -1 : 1;
}
