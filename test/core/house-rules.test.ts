import { describe, expect, test } from "bun:test";
import { INVITES_MAX, INVITES_SPENT_MAX } from "../../src/base/limits.ts";
import {
  banDraft,
  HouseRules,
  inviteDraft,
  inviteGoneDraft,
  inviteUsedDraft,
  registrationDraft,
  roleDraft,
} from "../../src/core/house-rules.ts";
import { bodyOf } from "../../src/core/room.ts";
import type { Draft, LogRecord } from "../../src/wire/record.ts";
import { ANA, BEN, EVE, Ledger } from "./ledger.ts";

class Office {
  readonly rules = new HouseRules();
  readonly ledger = new Ledger();

  write(...drafts: Draft[]): void {
    for (const draft of drafts) this.apply(this.ledger.append(draft));
  }

  apply(record: LogRecord): void {
    this.rules.apply(record, bodyOf(record));
  }
}

const invite = (id: string, more = {}) =>
  inviteDraft({ id, by: ANA, hash: `hash of ${id}`, ...more });

describe("the rules of the house", () => {
  test("operators come and go", () => {
    const office = new Office();
    const { rules } = office;
    office.write(roleDraft(BEN, ANA, true));
    expect([rules.isOperator(ANA), rules.isOperator(BEN)]).toEqual([false, true]);
    office.write(roleDraft(BEN, ANA, false));
    expect(rules.isOperator(BEN)).toBe(false);
  });

  test("a ban holds until it ends or is lifted; the last word counts", () => {
    const office = new Office();
    const { rules } = office;
    office.write(banDraft({ user: BEN, until: 100, reason: "spam" }, ANA, true));
    office.write(banDraft({ address: "10.0.0.1" }, ANA, true));
    expect(rules.ban(BEN, 99)).toEqual({ user: BEN, until: 100, reason: "spam" });
    expect(rules.ban(BEN, 100)).toBeUndefined();
    expect(rules.bans(100)).toEqual([{ address: "10.0.0.1" }]);
    expect(rules.ban("10.0.0.1", 1e15)).toBeDefined();
    office.write(banDraft({ user: BEN }, ANA, true));
    expect(rules.ban(BEN, 1e15)).toEqual({ user: BEN });
    office.write(banDraft({ user: BEN }, ANA, false));
    office.write(banDraft({ address: "10.0.0.1" }, ANA, false));
    expect(rules.bans(0)).toEqual([]);
  });

  test("registration is closed and opened", () => {
    const office = new Office();
    expect(office.rules.isClosed).toBe(false);
    office.write(registrationDraft(ANA, true));
    expect(office.rules.isClosed).toBe(true);
    office.write(registrationDraft(ANA, false));
    expect(office.rules.isClosed).toBe(false);
  });

  test("an invite is counted down, and never below nothing", () => {
    const office = new Office();
    const { rules } = office;
    office.write(invite("i1", { usesLeft: 2, expires: 50 }), invite("i2"));
    expect(rules.invites(49).map(({ id }) => id)).toEqual(["i1", "i2"]);
    expect(rules.invites(50).map(({ id }) => id)).toEqual(["i2"]);
    for (let i = 0; i < 3; i++)
      office.write(inviteUsedDraft("i1", EVE), inviteUsedDraft("i2", EVE));
    expect(rules.inviteByHash("hash of i1")?.usesLeft).toBe(0);
    expect(rules.invite("i2")?.usesLeft).toBeUndefined();
    office.write(inviteGoneDraft("i2", ANA));
    expect(rules.invites(0)).toEqual([]);
    expect(rules.invite("i2")?.isRevoked).toBe(true);
  });

  test("spent invites are remembered up to the bound", () => {
    const office = new Office();
    for (let i = 0; i <= INVITES_SPENT_MAX; i++) {
      office.write(invite(`i${i}`), inviteGoneDraft(`i${i}`, ANA));
    }
    expect(office.rules.inviteByHash("hash of i0")).toBeUndefined();
    expect(office.rules.inviteByHash("hash of i1")?.isRevoked).toBe(true);
  });

  test("those that have expired are no more than the others that are spent", () => {
    const office = new Office();
    office.write(invite("live"));
    const count = INVITES_MAX + INVITES_SPENT_MAX;
    for (let i = 0; i <= count; i++) office.write(invite(`i${i}`, { expires: 1 }));
    const { rules } = office;
    const ids = Array.from({ length: count + 1 }, (_, i) => `i${i}`);
    const kept = ids.filter((id) => rules.invite(id) !== undefined);
    expect(kept.length).toBeLessThanOrEqual(INVITES_MAX + INVITES_SPENT_MAX);
    expect(kept.at(-1)).toBe(`i${count}`);
    expect(rules.invites(0).map(({ id }) => id)).toContain("live");
  });

  test.each(["role", "ban", "registration", "invite", "invite-used", "invite-gone"] as const)(
    "a '%s' that tells nothing changes nothing and stops nothing",
    (kind) => {
      for (const body of [null, [], {}, { on: "yes", operator: 1, closed: 1, hash: 5 }]) {
        const office = new Office();
        office.apply(office.ledger.write(kind, BEN, ANA, body));
        office.apply(office.ledger.damaged(kind, BEN, ANA, body));
        const { rules } = office;
        expect([rules.isOperator(BEN), rules.isClosed]).toEqual([false, false]);
        expect([rules.bans(0), rules.invites(0)]).toEqual([[], []]);
      }
    },
  );
});
