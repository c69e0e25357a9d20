import { expect, test } from "bun:test";
import { Finder } from "../../../src/core/finder/finder.ts";

const ROOMS = ["lab-notes", "room lab", "collaboration", "lab", "Café 7", "l-a-b", "lobby"];

function found(query: string, limit = 10, names: readonly string[] = ROOMS): readonly string[] {
  const finder = new Finder(names.map((name) => ({ id: name, names: [name] })));
  return finder.find(query, limit).map(({ id }) => id);
}

test.each([
  ["lab", ["lab", "l-a-b", "lab-notes", "room lab", "collaboration"]],
  ["LÁB", ["lab", "l-a-b", "lab-notes", "room lab", "collaboration"]],
  ["notes lab", ["lab-notes"]],
  ["not la", ["lab-notes"]],
  ["cafe", ["Café 7"]],
  ["lby", ["lobby"]],
  ["l", ["lab-notes", "lab", "l-a-b", "lobby", "room lab", "collaboration"]],
  ["y", ["lobby"]],
  ["zz", []],
  ["?!", ROOMS],
  ["", ROOMS],
])("finds by %p", (query, expected) => expect(found(query)).toEqual([...expected]));

test("has a limit, and keeps the order of equal candidates", () => {
  expect(found("lab", 2)).toEqual(["lab", "l-a-b"]);
  expect(found("b", 10, ["b2", "b1", "b3"])).toEqual(["b2", "b1", "b3"]);
  expect(found("x".repeat(10_000))).toEqual([]);
});

test("finds across the words of a candidate", () => {
  const texts = ["here until 3", "paints the volcano"];
  const budi = { id: "budi", names: ["budi_k", "Budi Kurniawan"], texts };
  const finder = new Finder([budi, { id: "vol", names: ["Volker"] }]);
  expect(finder.find("bud vol", 5)).toEqual([budi]);
  expect(finder.find("kurniawan budi", 5)).toEqual([budi]);
  expect(finder.find("bdk", 5)).toEqual([budi]);
  expect(finder.find("pnts", 5)).toEqual([]);
});

test("says which text has the words that no name has", () => {
  const texts = ["here until 3", "paints the volcano"];
  const finder = new Finder([{ id: "budi", names: ["budi_k", "Budi Kurniawan"], texts }]);
  const textFor = (query: string) => finder.search(query)[0]?.text();
  expect(textFor("bud vol")).toBe("paints the volcano");
  expect(textFor("until")).toBe("here until 3");
  expect(textFor("bud kur")).toBeUndefined();
  expect(textFor("")).toBeUndefined();
});

test("prefers words of names to words of texts", () => {
  const room = { id: "room", names: ["maths"], texts: ["volcano"] };
  const finder = new Finder([room, { id: "other", names: ["the volcano"] }]);
  expect(finder.search("vol").map(({ candidate, rank }) => [candidate.id, rank])).toEqual([
    ["other", 2],
    ["room", 3],
  ]);
});

test("finds the same by letters that are typed one after another as by the whole query", () => {
  const names = ["lab-notes", "room lab", "collaboration", "lab", "Café 7", "l-a-b", "lobby", "lb"];
  const candidates = names.map((name, at) => {
    return { id: name, names: [name], texts: [`${names.at(-1 - at)} in the hall`] };
  });
  const ids = (finder: Finder<(typeof candidates)[number]>, query: string) =>
    finder.search(query).map(({ candidate, rank }) => [candidate.id, rank]);
  for (const query of [
    "lab hall",
    "l b",
    "lb",
    "cafe 7 hall",
    "hall lab",
    "lab lab",
    "lab-notes",
  ]) {
    const typed = new Finder(candidates);
    for (let end = 0; end <= query.length; end++) {
      const letters = query.slice(0, end);
      expect(ids(typed, letters)).toEqual(ids(new Finder(candidates), letters));
    }
  }
});
