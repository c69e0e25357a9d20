import { expect, test } from "bun:test";
import { readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LOCAL_PAGE_DATA_BYTES_MAX } from "../../../src/base/limits-page.ts";
import { LocalPageStore, serveLocalData } from "../../../src/cli/web/local-data.ts";
import type { Fingerprint } from "../../../src/wire/fingerprint.ts";
import { tempFolder } from "../../temp-folder.ts";

const SERVER = "s".repeat(43) as Fingerprint;
const TOKEN = "t".repeat(43);
function ask(
  kept: LocalPageStore,
  body: unknown,
  token = TOKEN,
  method = "POST",
): Promise<Response> {
  const headers = { authorization: `Bearer ${token}` };
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const options = { method, headers, ...(method === "GET" ? {} : { body: text }) };
  return serveLocalData(kept, TOKEN, new Request("http://127.0.0.1/kept", options));
}

const write = (key: string, value: unknown, table = "drafts") => {
  return { op: "write", changes: [{ table, key, value }] };
};

test("stores values for the next page of the same server", async () => {
  const state = tempFolder();
  await ask(new LocalPageStore(state, SERVER), write("__proto__", { text: "x" }));
  await ask(new LocalPageStore(state, SERVER), write("b", 1));
  const all = { op: "all", table: "drafts", prefix: "" };
  const found = await ask(new LocalPageStore(state, SERVER), all);
  const entries = [["__proto__", { text: "x" }] as const, ["b", 1] as const];
  expect(await found.json()).toEqual({ value: entries });
  const other = await ask(new LocalPageStore(state, "o".repeat(43) as Fingerprint), all);
  expect(await other.json()).toEqual({ value: [] });
  await ask(new LocalPageStore(state, SERVER), write("b", undefined));
  const gone = await ask(new LocalPageStore(state, SERVER), {
    op: "get",
    table: "drafts",
    key: "b",
  });
  expect(await gone.json()).toEqual({ value: null });
  const [file = ""] = readdirSync(join(state, "web"));
  expect(statSync(join(state, "web", file)).mode & 0o777).toBe(0o600);
});

test("rejects malformed requests, and requests without the token of this run", async () => {
  const kept = new LocalPageStore(tempFolder(), SERVER);
  expect((await ask(kept, write("a", 1), "x".repeat(43))).status).toBe(401);
  expect((await ask(kept, write("a", 1), "")).status).toBe(401);
  expect((await ask(kept, "", TOKEN, "GET")).status).toBe(400);
  for (const body of ["{", "null", {}, write("a", 1, "uploads"), write("k".repeat(2_000), 1)]) {
    expect((await ask(kept, body)).status).toBe(400);
  }
  const all = await ask(kept, { op: "all", table: "keys", prefix: "" });
  expect(await all.json()).toEqual({ value: [] });
});

test("stores at most LOCAL_PAGE_DATA_BYTES_MAX", async () => {
  const kept = new LocalPageStore(tempFolder(), SERVER);
  await ask(kept, write("a", "x".repeat(LOCAL_PAGE_DATA_BYTES_MAX / 2)));
  await ask(kept, write("c", "\u00e9".repeat(LOCAL_PAGE_DATA_BYTES_MAX / 8)));
  const full = await ask(kept, write("b", "x".repeat(LOCAL_PAGE_DATA_BYTES_MAX / 2)));
  expect(full.status).toBe(503);
  const there = await ask(kept, { op: "get", table: "drafts", key: "a" });
  const { value } = (await there.json()) as { value: string };
  expect(value).toHaveLength(LOCAL_PAGE_DATA_BYTES_MAX / 2);
});

test("stores the port, and refuses a malformed file", async () => {
  const state = tempFolder();
  new LocalPageStore(state, SERVER).savePort(12_345);
  expect(new LocalPageStore(state, SERVER).port).toBe(12_345);
  writeFileSync(join(state, "web", `${SERVER}.json`), "nonsense");
  expect(() => new LocalPageStore(state, SERVER).port).toThrow("is damaged");
});
