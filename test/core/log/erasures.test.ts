import { describe, expect, test } from "bun:test";
import { Erasures, erasuresOf } from "../../../src/core/log/erasures.ts";
import { SeqSet } from "../../../src/core/log/seq-set.ts";
import { ANA, BEN, Ledger, ROOM } from "../ledger.ts";

describe("order to erase", () => {
  test.each([
    [{ seq: 3, also: [1, 2] }, [3, 1, 2]],
    [{ seq: 9, also: [10, 0, -1, 1.5, "2"] }, [9]],
    [{ seq: 10 }, []],
    [{}, []],
    [null, []],
    ["3", []],
  ])("of %p names %p", (body, seqs) => {
    const ledger = new Ledger();
    for (let i = 1; i < 10; i++) ledger.write("text", ROOM, ANA, {});
    expect(erasuresOf(ledger.write("erase", ROOM, ANA, body))).toEqual(seqs);
  });

  test("can be a new password, but no other record of an account", () => {
    const ledger = new Ledger();
    ledger.write("password", ANA, ANA, { password: "old" });
    expect(erasuresOf(ledger.write("password", ANA, ANA, { replaces: 1 }))).toEqual([1]);
    expect(erasuresOf(ledger.write("password", ANA, ANA, { seq: 1 }))).toEqual([]);
    expect(erasuresOf(ledger.write("text", ROOM, ANA, { seq: 1, replaces: 1 }))).toEqual([]);
    expect(erasuresOf(ledger.damaged("erase", ROOM, ANA, { seq: 1 }))).toEqual([]);
  });
});

describe("erasures of a log", () => {
  function taken(write: (ledger: Ledger) => void): Erasures {
    const [ledger, erasures] = [new Ledger(), new Erasures()];
    write(ledger);
    for (const record of ledger.records) erasures.add(record);
    return erasures;
  }

  function blank(ledger: Ledger, kind: "text" | "password", by: string, erased: number): void {
    const { head, headBytes } = ledger.write(kind, kind === "text" ? ROOM : by, by, {});
    ledger.records.splice(-1, 1, { head, headBytes, erased });
  }

  test("are pending by the first order until the line is blank", () => {
    const erasures = taken((ledger) => {
      ledger.write("text", ROOM, ANA, {});
      blank(ledger, "text", ANA, 3);
      ledger.write("erase", ROOM, ANA, { seq: 1, also: [2] });
      ledger.write("erase", ROOM, ANA, { seq: 1 });
    });
    expect([...erasures.pending]).toEqual([[1, 3]]);
    expect(erasures.unordered()).toEqual([]);
    expect([1, 2, 3].filter((seq) => erasures.ordered.has(seq))).toEqual([1, 2]);
  });

  test("are unordered if no order, or a different one, names the line", () => {
    const erasures = taken((ledger) => {
      blank(ledger, "text", ANA, 4);
      blank(ledger, "text", ANA, 5);
      blank(ledger, "text", ANA, 4);
      ledger.write("erase", ROOM, ANA, { seq: 1, also: [2] });
      ledger.write("erase", ROOM, ANA, { seq: 2 });
    });
    expect(erasures.unordered()).toEqual([2, 3]);
  });

  test("are unordered if the line names a later order, or one that is missing", () => {
    const erasures = taken((ledger) => {
      blank(ledger, "text", ANA, 9);
      blank(ledger, "text", ANA, 4);
      ledger.write("erase", ROOM, ANA, { seq: 2 });
      ledger.write("erase", ROOM, ANA, { seq: 1, also: [2] });
    });
    expect(erasures.unordered()).toEqual([1, 2]);
    expect([...erasures.pending]).toEqual([]);
  });

  test("of a password stay valid after their order is blank", () => {
    const erasures = taken((ledger) => {
      ledger.write("password", ANA, ANA, {});
      blank(ledger, "password", ANA, 4);
      blank(ledger, "password", BEN, 2);
      ledger.write("password", ANA, ANA, { replaces: 2 });
    });
    expect([...erasures.pending]).toEqual([[1, 2]]);
    expect(erasures.unordered()).toEqual([3]);
  });

  test("start from a snapshot", () => {
    const ordered = new SeqSet();
    ordered.add(1);
    const erasures = new Erasures(ordered);
    const ledger = new Ledger();
    for (let i = 1; i < 3; i++) ledger.write("text", ROOM, ANA, {});
    erasures.add(ledger.write("erase", ROOM, ANA, { seq: 1, also: [2] }));
    expect([...erasures.pending]).toEqual([[2, 3]]);
  });
});
