import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { ClientState } from "../../../src/io/state/client-state.ts";
import type { UnsentPost } from "../../../src/io/state/outbox-store.ts";
import { tempFolder } from "../../temp-folder.ts";

const root = tempFolder();
let folders = 0;
const freshFolder = () => join(root, `${++folders}`);

const ANA = { fingerprint: "f", user: "Ana" };
const post = (counter: number): UnsentPost => ({
  counter,
  target: "lobby",
  body: `{"text":"${counter}"}`,
  createdUnixMs: 1_000 + counter,
});
const add = (...counters: number[]) => ({ ...ANA, added: counters.map(post), settled: [] });

describe.each(["on disk", "in memory"])("unsent posts %s", (where) => {
  const homes = () => {
    if (where === "in memory") {
      const state = ClientState.inMemory();
      return { one: state, other: state, end: () => state.outboxes.close() };
    }
    const folder = freshFolder();
    const [one, other] = [ClientState.open(folder), ClientState.open(folder)];
    return { one, other, end: () => one.outboxes.close() };
  };

  test("belong to their process while it runs, and then to the next one", () => {
    const { one, other, end } = homes();
    one.outboxes.write("aaaaaaaaaaa", add(1, 2, 3));
    one.outboxes.write("aaaaaaaaaaa", { ...ANA, added: [post(4)], settled: [1, 3] });
    expect(other.outboxes.adopt(ANA)).toEqual([]);
    end();
    expect(other.outboxes.adopt({ fingerprint: "f", user: "ben" })).toEqual([]);
    expect(other.outboxes.adopt({ fingerprint: "g", user: "ana" })).toEqual([]);
    const left = other.outboxes.adopt({ fingerprint: "f", user: "aNA" });
    expect(left).toEqual([{ id: "aaaaaaaaaaa", posts: [post(2), post(4)] }]);
    expect(other.outboxes.adopt(ANA)).toEqual([]);
  });

  test("are available to the next process after a release", () => {
    const { one, other } = homes();
    one.outboxes.write("aaaaaaaaaaa", add(1));
    one.outboxes.release("aaaaaaaaaaa");
    expect(other.outboxes.adopt(ANA)).toHaveLength(1);
    other.outboxes.write("aaaaaaaaaaa", { ...ANA, added: [], settled: [1] });
    other.outboxes.release("aaaaaaaaaaa");
    expect(one.outboxes.adopt(ANA)).toEqual([]);
  });
});
