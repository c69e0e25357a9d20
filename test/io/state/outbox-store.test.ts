import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ClientState } from "../../../src/io/state/client-state.ts";
import type { KeptPost } from "../../../src/io/state/outbox-store.ts";

const root = mkdtempSync(join(tmpdir(), "chat-outbox-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let folders = 0;
const freshFolder = () => join(root, `${++folders}`);

const ANA = { fingerprint: "f", user: "Ana" };
const post = (counter: number): KeptPost => ({
  counter,
  target: "lobby",
  body: `{"text":"${counter}"}`,
  createdUnixMs: 1_000 + counter,
});
const add = (...counters: number[]) => ({ ...ANA, added: counters.map(post), settled: [] });

describe.each(["on disk", "in memory"])("unsent posts %s", (where) => {
  /** Two processes of one home. In memory there is but one; its end is said. */
  const homes = () => {
    if (where === "in memory") {
      const state = ClientState.inMemory();
      return { one: state, other: state, end: () => state.outboxes.close() };
    }
    const folder = freshFolder();
    const [one, other] = [ClientState.open(folder), ClientState.open(folder)];
    return { one, other, end: () => one.outboxes.close() };
  };

  test("are nobody else's while their process lives, and then the next one's, whole", () => {
    const { one, other, end } = homes();
    one.outboxes.write("aaaaaaaaaaa", add(1, 2, 3));
    one.outboxes.write("aaaaaaaaaaa", { ...ANA, added: [post(4)], settled: [1, 3] });
    expect(other.outboxes.adopt(ANA)).toEqual([]);
    end();
    expect(other.outboxes.adopt({ fingerprint: "f", user: "ben" })).toEqual([]);
    expect(other.outboxes.adopt({ fingerprint: "g", user: "ana" })).toEqual([]);
    const left = other.outboxes.adopt({ fingerprint: "f", user: "aNA" });
    expect(left).toEqual([{ id: "aaaaaaaaaaa", posts: [post(2), post(4)] }]);
    expect(other.outboxes.adopt(ANA)).toEqual([]); // Ours now.
  });

  test("of several processes come oldest first", () => {
    const { one, other, end } = homes();
    one.outboxes.write("zzzzzzzzzzz", add(1));
    one.outboxes.write("aaaaaaaaaaa", add(2));
    end();
    expect(other.outboxes.adopt(ANA).map(({ id }) => id)).toEqual(["zzzzzzzzzzz", "aaaaaaaaaaa"]);
  });

  test("released with something left, they are there for the next", () => {
    const { one, other } = homes();
    one.outboxes.write("aaaaaaaaaaa", add(1));
    one.outboxes.release("aaaaaaaaaaa");
    expect(other.outboxes.adopt(ANA)).toHaveLength(1);
    other.outboxes.write("aaaaaaaaaaa", { ...ANA, added: [], settled: [1] });
    other.outboxes.release("aaaaaaaaaaa");
    expect(one.outboxes.adopt(ANA)).toEqual([]);
  });

  test("move with a server that changes its key", () => {
    const { one, other, end } = homes();
    one.outboxes.write("aaaaaaaaaaa", add(1));
    one.moveServer("f", { fingerprint: "g", name: "s", firstSeenUnixMs: 1 });
    end();
    expect(other.outboxes.adopt(ANA)).toEqual([]);
    expect(other.outboxes.adopt({ ...ANA, fingerprint: "g" })).toHaveLength(1);
  });
});

test("no lock file outlives its outbox", () => {
  const folder = freshFolder();
  const locks = () =>
    existsSync(join(folder, "outboxes")) ? readdirSync(join(folder, "outboxes")) : [];
  const state = ClientState.open(folder);
  state.outboxes.write("aaaaaaaaaaa", add(1));
  expect(locks()).toEqual(["aaaaaaaaaaa"]);
  state.outboxes.write("aaaaaaaaaaa", { ...ANA, added: [], settled: [1] });
  state.outboxes.release("aaaaaaaaaaa");
  expect(locks()).toEqual([]);
  state.outboxes.write("bbbbbbbbbbb", add(1));
  state.outboxes.write("bbbbbbbbbbb", { ...ANA, added: [], settled: [1] });
  state.close(); // Too suddenly to clean up.
  expect(locks()).toEqual(["bbbbbbbbbbb"]);
  const next = ClientState.open(folder);
  expect(next.outboxes.adopt(ANA)).toEqual([]);
  expect(locks()).toEqual([]);
  next.close();
});

test("many processes that end by force: each outbox is adopted once", async () => {
  const folder = freshFolder();
  ClientState.open(folder).close();
  const script = join(import.meta.dir, "outbox-store-process.ts");
  const run = async (args: readonly string[]) => {
    const child = Bun.spawn([process.execPath, script, folder, ...args], { stderr: "pipe" });
    const [out, err] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
    ]);
    return { out, err };
  };
  const written = await Promise.all(Array.from({ length: 6 }, (_, i) => run(["write", `${i}`])));
  expect(written.map(({ err }) => err).join("")).toBe("");
  const adopted = await Promise.all(Array.from({ length: 4 }, () => run(["adopt"])));
  expect(adopted.map(({ err }) => err).join("")).toBe("");
  const ids = adopted.flatMap(({ out }) => JSON.parse(out) as string[]);
  expect(ids.toSorted()).toEqual(Array.from({ length: 6 }, (_, i) => `${i}`.padEnd(11, "x")));
});
