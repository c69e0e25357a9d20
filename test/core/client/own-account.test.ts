import { describe, expect, test } from "bun:test";
import { judgeOwnRecords, type OwnVerdict } from "../../../src/core/client/own-account.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import { FakeAccounts } from "./fake-accounts.ts";
import { ANA, DEVICE, LAST, log, OLGA, ROWS, TAMPERINGS } from "./tamperings.ts";

const own = { account: ANA, deviceKey: DEVICE };

function judge(
  known: number,
  answer = log.prove(known, ANA),
  pin = log.pin,
  size = 0,
): OwnVerdict | undefined {
  return judgeOwnRecords(own, { n: known, size }, answer, pin, sha256);
}

test("takes the newest record as the first one of a device, and reports nothing", () => {
  expect(judge(0)).toEqual({ n: LAST, isComplete: true, changes: [] });
  expect(judge(0, { n: 0, records: [] })).toEqual({ n: 0, isComplete: true, changes: [] });
});

test("reports what others did since the last proof, once", () => {
  const changes = [
    { what: "password-reset", atUnixMs: 4_000, by: "olga" },
    { what: "device-added", atUnixMs: 8_000, by: undefined },
    { what: "irc-password-added", atUnixMs: 9_000, by: "olga" },
    { what: "renamed", atUnixMs: 10_000, by: "olga" },
    { what: "password-changed", atUnixMs: 11_000, by: undefined },
  ] as const;
  expect(judge(2)).toEqual({ n: LAST, isComplete: true, changes });
  expect(judge(LAST)).toEqual({ n: LAST, isComplete: true, changes: [] });
  const second = new FakeAccounts([...ROWS, [ANA, "account", OLGA]]);
  expect(judge(LAST, second.prove(LAST, ANA), second.pin)?.changes).toEqual([
    { what: "key-replaced", atUnixMs: 12_000, by: "olga" },
  ]);
});

test("accepts pages", () => {
  const { n, records } = log.prove(3, ANA);
  const page = judge(3, { n, records: records.slice(0, 2) });
  expect(page).toMatchObject({ n: 5, isComplete: false });
  expect(judge(5)).toMatchObject({ n: LAST, isComplete: true });
});

test("a device whose key is withheld counts as another one", () => {
  const { n, records } = log.prove(5, ANA);
  const hidden = records.map(({ body: _, ...record }) => record);
  expect(judge(5, { n, records: hidden })?.changes.map(({ what }) => what)).toContain(
    "device-added",
  );
  expect(judge(5)?.changes.filter(({ what }) => what === "device-added")).toHaveLength(1);
});

describe("rejects a tampered proof", () => {
  test.each(TAMPERINGS)("%s", (_, known, tamper) => {
    expect(judge(known)).toBeDefined();
    expect(judge(known, tamper(log.prove(known, ANA)))).toBeUndefined();
  });

  test("that withheld a record", () => {
    const withheldAt = 4;
    expect(judge(2, undefined, undefined, withheldAt - 1)).toBeDefined();
    expect(judge(2, undefined, undefined, withheldAt)).toBeUndefined();
  });

  test("of another log", () => {
    const rewritten = new FakeAccounts(ROWS.with(3, [ANA, "prefs", ANA, { muted: 1 }]));
    expect(judge(2, rewritten.prove(2, ANA))).toBeUndefined();
    expect(judge(2, log.prove(2, ANA), rewritten.pin)).toBeUndefined();
    const cut = new FakeAccounts(ROWS.slice(0, -1));
    expect(judge(2, log.prove(2, ANA), cut.pin)).toBeUndefined();
  });
});
