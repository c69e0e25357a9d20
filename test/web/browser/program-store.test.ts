import { expect, test } from "bun:test";
import { MemoryStore } from "../../../src/web/browser/indexed-db.ts";
import { ProgramStore, type StoreRequest } from "../../../src/web/browser/program-store.ts";

function program() {
  const rows = new Map<string, unknown>();
  const asked: string[] = [];
  const ask = async (what: StoreRequest): Promise<unknown> => {
    asked.push(JSON.stringify(what));
    const plain = JSON.parse(JSON.stringify(what)) as StoreRequest;
    if (plain.op === "get") return rows.get(`${plain.table} ${plain.key}`) ?? null;
    if (plain.op === "write") {
      for (const { table, key, value } of plain.changes) {
        if (value === undefined) rows.delete(`${table} ${key}`);
        else rows.set(`${table} ${key}`, value);
      }
      return null;
    }
    const prefix = `${plain.table} ${plain.prefix}`;
    const found = [...rows].filter(([row]) => row.startsWith(prefix));
    return found.map(([row, value]) => [row.slice(plain.table.length + 1), value]);
  };
  return { rows, asked, ask };
}

test("stores keys, names and drafts in the program, file data in the browser", async () => {
  const { ask, rows } = program();
  const local = new MemoryStore();
  const store = new ProgramStore(local, ask);
  await store.write([
    { table: "places", key: "last", value: { user: "ana", hasLeft: false } },
    { table: "drafts", key: "d", value: { text: "x" } },
    { table: "uploads", key: "u", value: 1 },
  ]);
  expect([...rows.keys()]).toEqual(["places last", "drafts d"]);
  expect(await local.get("uploads", "u")).toBe(1);
  expect(await local.all("places", "")).toEqual([]);
  expect(await store.get("places", "last")).toEqual({ user: "ana", hasLeft: false });
  expect(await store.all("drafts", "")).toEqual([["d", { text: "x" }]]);
  await store.write([{ table: "drafts", key: "d", value: undefined }]);
  expect(await store.get("drafts", "d")).toBeUndefined();
});
