import { describe, expect, test } from "bun:test";
import { erasuresOf } from "../../../src/core/rooms/erasures.ts";
import { ANA, Ledger, ROOM } from "../ledger.ts";

describe("an order to erase", () => {
  test.each([
    [{ seq: 3, also: [1, 2] }, [3, 1, 2]],
    [{ seq: 9, also: [10, 0, -1, 1.5, "2"] }, [9]],
    [{ seq: 10 }, []],
    [{}, []],
    [null, []],
    ["3", []],
  ])("%p names %p", (body, seqs) => {
    const ledger = new Ledger();
    for (let i = 1; i < 10; i++) ledger.write("text", ROOM, ANA, {});
    expect(erasuresOf(ledger.write("erase", ROOM, ANA, body))).toEqual(seqs);
  });

  test("may be a new password, and nothing else", () => {
    const ledger = new Ledger();
    ledger.write("password", ANA, ANA, { password: "old" });
    expect(erasuresOf(ledger.write("password", ANA, ANA, { replaces: 1 }))).toEqual([1]);
    expect(erasuresOf(ledger.write("password", ANA, ANA, { seq: 1 }))).toEqual([]);
    expect(erasuresOf(ledger.write("text", ROOM, ANA, { seq: 1, replaces: 1 }))).toEqual([]);
    expect(erasuresOf(ledger.damaged("erase", ROOM, ANA, { seq: 1 }))).toEqual([]);
  });
});
