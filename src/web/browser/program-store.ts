/** Store of a page that `chat web` serves. Its secrets are in the program. */

import { fromBase64Url, toBase64Url } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import { ifPossible } from "../../io/promises.ts";
import type { Store, TableChange, TableName } from "./indexed-db.ts";

type Fetch = (path: string, options: RequestInit) => Promise<Response>;

export function openProgramStore(local: Store, fetch: Fetch, token: string): Store {
  return new ProgramStore(local, async (request) => {
    try {
      const answer = await askProgram(fetch, token, request);
      if (answer.ok) return ((await answer.json()) as { readonly value: unknown }).value;
    } catch {}
    throw new Fault("store-failed", "chat web could not store data of this page", {
      remedy: "open the latest address that chat web printed",
    });
  });
}

function askProgram(fetch: Fetch, token: string, request: unknown): Promise<Response> {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  return fetch("/kept", { method: "POST", headers, body: JSON.stringify(request) });
}

/** Browsers do not tell why a WebSocket was refused. */
export async function localFault(
  { fetch }: { readonly fetch?: Fetch },
  token = "",
  error: unknown,
): Promise<never> {
  if (fetch === undefined) throw error;
  const request = { op: "get", table: "places", key: "" };
  const answer = await ifPossible(askProgram(fetch, token, request));
  if (answer?.status !== 401) throw error;
  throw new Fault("login-refused", "this page was opened by an earlier run of chat web", {
    remedy: "open the address that chat web printed last",
  });
}

const PROGRAM_TABLES: ReadonlySet<TableName> = new Set(["keys", "places", "drafts"]);

export type StoreRequest =
  | { readonly op: "get"; readonly table: TableName; readonly key: string }
  | { readonly op: "all"; readonly table: TableName; readonly prefix: string }
  | { readonly op: "write"; readonly changes: readonly TableChange[] };

/**
 * Lets the program store secrets, because another local user could later use the same port and read
 * this browser storage.
 * @internal
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

  async get(table: TableName, key: string): Promise<unknown> {
    if (!PROGRAM_TABLES.has(table)) return this.local.get(table, key);
    return decodeValue(await this.#request({ op: "get", table, key }));
  }

  async all(table: TableName, prefix: string): Promise<[string, unknown][]> {
    if (!PROGRAM_TABLES.has(table)) return this.local.all(table, prefix);
    const rows = await this.#request({ op: "all", table, prefix });
    if (!Array.isArray(rows)) throw new Fault("store-failed", "unexpected answer from chat web");
    return rows.map(([key, value]) => [String(key), decodeValue(value)]);
  }

  /** Not atomic across the two stores; no caller writes to both. */
  async write(changes: readonly TableChange[]): Promise<void> {
    const remote = changes.filter(({ table }) => PROGRAM_TABLES.has(table));
    const local = changes.filter(({ table }) => !PROGRAM_TABLES.has(table));
    if (remote.length > 0) await this.#request({ op: "write", changes: remote.map(encodeChange) });
    if (local.length > 0) await this.local.write(local);
  }
}

function encodeChange({ table, key, value }: TableChange): TableChange {
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
