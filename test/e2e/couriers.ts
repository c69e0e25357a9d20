import { beforeAll } from "bun:test";
import {
  closeSync,
  ftruncateSync,
  openSync,
  readFileSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { TRANSFER_SYNC_BYTES } from "../../src/base/limits.ts";
import { type Home, type Json, ndjson, type Sandbox } from "./program.ts";
import { SharedServer } from "./shared-server.ts";

export const MIB = 1 << 20;
/** Two syncs before the interruption leave both synced and unsent bytes. */
const LARGE_BYTES = 2 * TRANSFER_SYNC_BYTES + 4 * MIB;

export function noise(sizeBytes: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(sizeBytes);
  for (let at = 0; at < sizeBytes; at += 65_536) {
    crypto.getRandomValues(bytes.subarray(at, at + 65_536));
  }
  return bytes;
}

export function sha256(path: string): string {
  return new Bun.CryptoHasher("sha256").update(readFileSync(path)).digest("hex");
}

export async function sha256Of(path: string): Promise<string> {
  const hasher = new Bun.CryptoHasher("sha256");
  for await (const bytes of Bun.file(path).stream()) hasher.update(bytes);
  return hasher.digest("hex");
}

export function file(sandbox: Sandbox, name: string, content: Uint8Array | string): string {
  writeFileSync(sandbox.path(name), content);
  return sandbox.path(name);
}

export function largeFile(sandbox: Sandbox, name: string): string {
  const path = sandbox.path(name);
  const fd = openSync(path, "w");
  writeSync(fd, "begin");
  ftruncateSync(fd, LARGE_BYTES);
  writeSync(fd, "end", LARGE_BYTES - 3);
  closeSync(fd);
  return path;
}

export async function people(sandbox: Sandbox): Promise<{ ana: Home; bob: Home }> {
  const [ana, bob] = ["ana", "bob"].map((user) =>
    sandbox.home(user).with({ CHAT_USER: user, CHAT_PASSWORD: "xxxxxxxx" }),
  );
  if (ana === undefined || bob === undefined) throw new Error("two names make two homes");
  await ana.json(["register"]);
  await bob.json(["register"]);
  return { ana, bob };
}

export class Couriers extends SharedServer {
  #people: { readonly ana: Home; readonly bob: Home } | undefined;
  #inboxes = 0;

  constructor(...options: ConstructorParameters<typeof SharedServer>) {
    super(...options);
    (options[1]?.beforeAll ?? beforeAll)(async () => {
      this.#people = await people(this.sandbox);
    });
  }

  get ana(): Home {
    return this.#registered.ana;
  }

  get bob(): Home {
    return this.#registered.bob;
  }

  inbox(): string {
    return this.sandbox.path(`inbox-${this.#inboxes++}`);
  }

  get #registered() {
    if (this.#people === undefined) throw new Error("nobody is registered yet");
    return this.#people;
  }
}

export function lineOf(out: string, kind: string): Json {
  const line = ndjson(out).find((one) => one.kind === kind);
  if (line === undefined) throw new Error(`no ${kind} in\n${out}`);
  return line;
}

export async function sends(home: Home, ...args: readonly string[]): Promise<Json> {
  const lines = await home.json(["send-file", ...args]);
  const [last] = lines.filter(({ kind }) => kind === "file").slice(-1);
  if (last === undefined) throw new Error("no file line");
  return last;
}

export async function gets(home: Home, id: unknown, out: string): Promise<Json> {
  const lines = await home.json(["get-file", String(id), "--out", out]);
  const [got] = lines.filter(({ kind }) => kind === "got");
  if (got === undefined) throw new Error("no got line");
  return got;
}
