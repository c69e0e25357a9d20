import { expect, test } from "bun:test";
import { MessageFinder, mergedResults } from "../../../src/core/finder/messages.ts";
import type { SearchQuery } from "../../../src/core/model/state.ts";
import { parseSearch } from "../../../src/ui/search-query.ts";
import { recordEvent, scene } from "../model-scene.ts";

const CONTEXT = { open: "lobby", now: 1_000_000, offsetMinutes: 0 };

function queryOf(input: string): SearchQuery {
  const query = parseSearch(input, { ...CONTEXT, nowUnixMs: 1_000_000 } as never);
  if (query === undefined) throw new Error("no query");
  return query;
}

const text = (seq: number, text: string, from = "ben") =>
  recordEvent(seq, { from, body: { text } } as never);

const { model } = scene(
  text(2, "The café opens, and we can’t go"),
  text(3, "nothing of it"),
  text(4, "can we go to a Cafe?", "mia"),
  recordEvent(5, { kind: "join", from: "cafe" } as never),
  recordEvent(6, { state: "erased", body: { text: "cafe" } } as never),
);

function seqs(input: string, limit = 10, of = model): readonly number[] {
  const { found } = new MessageFinder().find(of, queryOf(input), limit);
  return found.map(({ item }) => item.seq);
}

test("finds words in any order in loaded messages, the newest first", () => {
  expect(seqs("cafe")).toEqual([4, 2]);
  expect(seqs("go cant")).toEqual([2]);
  expect(seqs("go cafe can")).toEqual([4, 2]);
  expect(seqs('"can we"')).toEqual([4]);
  expect(seqs("cafe from:mia")).toEqual([4]);
  expect(seqs("cafe in:here")).toEqual([4, 2]);
  expect(seqs("cafe in:other")).toEqual([]);
  expect(seqs("has:file")).toEqual([]);
});

test("counts beyond the limit", () => {
  const { found, count } = new MessageFinder().find(model, queryOf("cafe"), 1);
  expect(found.map(({ item }) => item.seq)).toEqual([4]);
  expect(count).toBe(2);
});

test("finds an ignored person's messages only when asked for them", () => {
  const ignoring = { ...model, ignored: new Set(["mia"]) };
  expect(seqs("cafe", 10, ignoring)).toEqual([2]);
  expect(seqs("cafe from:mia", 10, ignoring)).toEqual([4]);
});

test("folds beforehand in parts", () => {
  const finder = new MessageFinder();
  let parts = 0;
  while (finder.warm(model, 2)) parts++;
  expect(parts).toBe(2);
});

test("results of the server follow the local ones", () => {
  const { found } = new MessageFinder().find(model, queryOf("cafe"), 1);
  const { found: all } = new MessageFinder().find(model, queryOf("cafe"), 10);
  expect(mergedResults(found, all).map(({ item }) => item.seq)).toEqual([4, 2]);
  expect(mergedResults([], all)).toEqual([...all]);
});

test("finds the same by letters that are typed one after another as by the whole query", () => {
  for (const query of [
    "mia cafe",
    "cant go",
    "zz cafe",
    "nothing it",
    "ben nothing",
    '"can we" go',
  ]) {
    const typed = new MessageFinder();
    for (let end = 1; end <= query.length; end++) {
      const search = queryOf(query.slice(0, end));
      const [found, whole] = [typed, new MessageFinder()].map((finder) =>
        finder.find(model, search, 10).found.map(({ item }) => item.seq),
      );
      expect(found).toEqual(whole ?? []);
    }
  }
});
