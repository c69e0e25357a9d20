/** Store of a page served by `chat web`: the program keeps keys, names and drafts. */

import { fromBase64Url, toBase64Url } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import type { Change, Store, Table } from "./indexed-db.ts";

const PROGRAM_TABLES: ReadonlySet<Table> = new Set(["keys", "places", "drafts"]);

export type StoreRequest =
  | { readonly op: "get"; readonly table: Table; readonly key: string }
  | { readonly op: "all"; readonly table: Table; readonly prefix: string }
  | { readonly op: "write"; readonly changes: readonly Change[] };

/**
 * Lets the program store secrets, because another local user could later use the same port and read
 * this browser storage.
 */
export class ProgramStore implements Store {
  readonly isExternal = true;
  readonly #request: (request: StoreRequest) => Promise<unknown>;

  constructor(
    private readonly local: Store,
    sendRequest: (request: StoreRequest) => Promise<unknown>,
  ) {
    this.#request = sendRequest;
  }

  async get(table: Table, key: string): Promise<unknown> {
    if (!PROGRAM_TABLES.has(table)) return this.local.get(table, key);
    return decodeValue(await this.#request({ op: "get", table, key }));
  }

  async all(table: Table, prefix: string): Promise<[string, unknown][]> {
    if (!PROGRAM_TABLES.has(table)) return this.local.all(table, prefix);
    const rows = await this.#request({ op: "all", table, prefix });
    if (!Array.isArray(rows)) throw new Fault("store-failed", "unexpected answer from chat web");
    return rows.map(([key, value]) => [String(key), decodeValue(value)]);
  }

  /** Not atomic across the two stores; no caller writes to both. */
  async write(changes: readonly Change[]): Promise<void> {
    const remote = changes.filter(({ table }) => PROGRAM_TABLES.has(table));
    const local = changes.filter(({ table }) => !PROGRAM_TABLES.has(table));
    if (remote.length > 0) await this.#request({ op: "write", changes: remote.map(encodeChange) });
    if (local.length > 0) await this.local.write(local);
  }
}

function encodeChange({ table, key, value }: Change): Change {
  return { table, key, value: encodeValue(value) };
}

function encodeValue(value: unknown): unknown {
  if (value instanceof Uint8Array) return { $bytes: toBase64Url(value) };
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, encodeValue(field)]));
}

function decodeValue(value: unknown): unknown {
  if (value === null) return undefined;
  if (typeof value !== "object" || Array.isArray(value)) return value;
  const { $bytes } = value as { $bytes?: unknown };
  if (typeof $bytes === "string") return fromBase64Url($bytes);
  return Object.fromEntries(
    Object.entries(value ?? {}).map(([key, field]) => [key, decodeValue(field)]),
  );
}
