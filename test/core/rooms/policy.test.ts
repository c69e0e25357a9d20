import { describe, expect, test } from "bun:test";
import type { RoomId } from "../../../src/base/ids.ts";
import { INVITES_MAX, INVITES_SPENT_MAX, MODERATION_PAGE_MAX } from "../../../src/base/limits.ts";
import { ANNOUNCEMENT_BYTES_MAX } from "../../../src/base/limits-page.ts";
import { UNIX_MS_MAX } from "../../../src/base/time.ts";
import {
  announcementDraft,
  banDraft,
  bannedFault,
  inviteDraft,
  inviteRevokedDraft,
  inviteUsedDraft,
  isForProgram,
  pageAfter,
  registrationDraft,
  roleDraft,
  ServerPolicy,
} from "../../../src/core/rooms/policy.ts";
import { type Draft, type LogRecord, parseBody } from "../../../src/wire/record.ts";
import { fixtureTest } from "../../fixture-test.ts";
import { ANA, BEN, EVE, Ledger } from "../ledger.ts";

class Admin {
  readonly policy = new ServerPolicy();
  readonly ledger = new Ledger();

  write(...drafts: Draft[]): void {
    for (const draft of drafts) this.apply(this.ledger.append(draft));
  }

  apply(record: LogRecord): void {
    this.policy.apply(record, parseBody(record));
  }
}

const invite = (id: string, more = {}) =>
  inviteDraft({ id, by: ANA, hash: `hash of ${id}`, ...more });

const adminTest = fixtureTest(() => new Admin());

test("treats an invite with a room to read or post to as a token for a program", () => {
  const room = "r1" as RoomId;
  expect([{ post: room }, { read: room }, {}].map(isForProgram)).toEqual([true, true, false]);
});

describe("server policy", () => {
  adminTest("grants and revokes operators", (admin) => {
    const { policy: rules } = admin;
    admin.write(roleDraft(BEN, ANA, true));
    expect([rules.isOperator(ANA), rules.isOperator(BEN)]).toEqual([false, true]);
    admin.write(roleDraft(BEN, ANA, false));
    expect(rules.isOperator(BEN)).toBe(false);
  });

  adminTest("applies a ban until it ends or is lifted; the last record is valid", (admin) => {
    const { policy: rules } = admin;
    admin.write(banDraft({ user: BEN, until: 100, reason: "spam" }, ANA, true));
    admin.write(banDraft({ address: "10.0.0.1" }, ANA, true));
    expect(rules.ban(BEN, 99)).toEqual({ seq: 1, user: BEN, until: 100, reason: "spam" });
    expect(rules.ban(BEN, 100)).toBeUndefined();
    const messageOf = (ban: Parameters<typeof bannedFault>[0]) => bannedFault(ban).message;
    expect([{}, { reason: "" }, { until: 0, reason: "spam" }].map(messageOf)).toEqual([
      "you are banned from this server",
      "you are banned from this server",
      "you are banned from this server until 1970-01-01T00:00:00.000Z: spam",
    ]);
    const lifted = banDraft({ user: BEN, until: 100, reason: "spam" }, ANA, false);
    expect(lifted.body).toEqual({ on: false });
    expect(rules.bans(100)).toEqual([{ seq: 2, address: "10.0.0.1" }]);
    expect(rules.ban("10.0.0.1", 1e15)).toBeDefined();
    admin.write(banDraft({ user: BEN }, ANA, true));
    expect(rules.ban(BEN, 1e15)).toEqual({ seq: 3, user: BEN });
    admin.write(banDraft({ user: BEN }, ANA, false));
    admin.write(banDraft({ address: "10.0.0.1" }, ANA, false));
    expect(rules.bans(0)).toEqual([]);
  });

  adminTest("clamps invalid times in older logs", (admin) => {
    admin.write(banDraft({ user: BEN, until: 2 ** 53 - 1 }, ANA, true));
    admin.write(invite("i1", { expires: 2 ** 53 - 1 }));
    expect(admin.policy.ban(BEN, 0)?.until).toBe(UNIX_MS_MAX);
    expect(admin.policy.invite("i1")?.expires).toBe(UNIX_MS_MAX);
  });

  adminTest("pages lists even if the previous page's last entry is removed", (admin) => {
    const count = 2 * MODERATION_PAGE_MAX;
    for (let i = 0; i < count; i++) admin.write(invite(`i${i}`));
    const first = pageAfter(admin.policy.invites(0));
    expect([first.page.length, first.next]).toEqual([MODERATION_PAGE_MAX, MODERATION_PAGE_MAX]);
    expect(pageAfter(admin.policy.invites(0), first.next).page[0]?.id).toBe(
      `i${MODERATION_PAGE_MAX}`,
    );
    admin.write(inviteRevokedDraft(`i${MODERATION_PAGE_MAX - 1}`, ANA));
    const second = pageAfter(admin.policy.invites(0), first.next);
    expect(second.page.map(({ id }) => id)).toEqual(
      Array.from({ length: MODERATION_PAGE_MAX }, (_, i) => `i${MODERATION_PAGE_MAX + i}`),
    );
    expect(second.next).toBeUndefined();
    expect(pageAfter(admin.policy.invites(0), Number.MAX_SAFE_INTEGER)).toEqual({ page: [] });
    expect(pageAfter([])).toEqual({ page: [] });
  });

  adminTest("closes and opens registration", (admin) => {
    expect(admin.policy.isClosed).toBe(false);
    admin.write(registrationDraft(ANA, true));
    expect(admin.policy.isClosed).toBe(true);
    admin.write(registrationDraft(ANA, false));
    expect(admin.policy.isClosed).toBe(false);
  });

  adminTest("counts the uses of an invite down to zero", (admin) => {
    const { policy: rules } = admin;
    admin.write(invite("i1", { usesLeft: 2, expires: 50 }), invite("i2"));
    expect(rules.invites(49).map(({ id }) => id)).toEqual(["i1", "i2"]);
    expect(rules.invites(50).map(({ id }) => id)).toEqual(["i2"]);
    const left = [1, 2, 3].map(() => {
      admin.write(inviteUsedDraft("i1", EVE), inviteUsedDraft("i2", EVE));
      return rules.inviteByHash("hash of i1")?.usesLeft;
    });
    expect(left).toEqual([1, 0, 0]);
    expect(rules.invite("i2")?.usesLeft).toBeUndefined();
    admin.write(inviteRevokedDraft("i2", ANA));
    expect(rules.invites(0)).toEqual([]);
    expect(rules.invite("i2")?.isRevoked).toBe(true);
  });

  adminTest("drops invite fields of another type", (admin) => {
    const body = { hash: "h", uses: "1", expires: "1", room: 7, post: 7, read: 7, operator: 1 };
    admin.apply(admin.ledger.write("invite", "i1", ANA, body));
    expect(admin.policy.invite("i1")).toEqual({
      seq: 1,
      id: "i1",
      by: ANA,
      hash: "h",
      isRevoked: false,
    });
    admin.write(invite("i2", { read: "rLLLLLLLLLLL", room: "rMMMMMMMMMMM" }));
    expect(admin.policy.invite("i2")).toMatchObject({
      read: "rLLLLLLLLLLL" as RoomId,
      room: "rMMMMMMMMMMM" as RoomId,
    });
    expect(admin.policy.invite("i2")?.post).toBeUndefined();
    admin.write(invite("i3", { post: "rLLLLLLLLLLL", isByToken: true }));
    expect(admin.policy.invite("i3")).toMatchObject({ post: "rLLLLLLLLLLL" as RoomId });
    expect(["i2", "i3"].map((id) => admin.policy.invite(id)?.isByToken)).toEqual([undefined, true]);
  });

  adminTest("remembers spent invites up to a limit", (admin) => {
    for (let i = 0; i <= INVITES_SPENT_MAX; i++) {
      const spent = i === 0 ? inviteUsedDraft("i0", EVE) : inviteRevokedDraft(`i${i}`, ANA);
      admin.write(invite(`i${i}`, { usesLeft: 1 }), spent);
    }
    expect(admin.policy.inviteByHash("hash of i0")).toBeUndefined();
    expect(admin.policy.inviteByHash("hash of i1")?.isRevoked).toBe(true);
  });

  adminTest("keeps usable invites when a wrong clock has stamped a new one", (admin) => {
    admin.write(invite("old", { expires: 1 }));
    // The records' time is later than 5.
    for (let i = 1; i < INVITES_MAX; i++) admin.write(invite(`i${i}`, { expires: 5 }));
    for (let i = 0; i < 1_000; i++) admin.write(invite(`old${i}`, { expires: 1 }));
    for (let i = 0; i < INVITES_SPENT_MAX; i++) {
      admin.write(invite(`spent${i}`), inviteRevokedDraft(`spent${i}`, ANA));
    }
    expect(admin.policy.invite("old")).toBeUndefined();
    expect(admin.policy.invites(4)).toHaveLength(INVITES_MAX - 1);
  });

  adminTest("counts expired invites as spent", (admin) => {
    admin.write(invite("live"));
    const count = INVITES_MAX + INVITES_SPENT_MAX;
    for (let i = 0; i <= count; i++) admin.write(invite(`i${i}`, { expires: 1 }));
    const { policy: rules } = admin;
    const ids = Array.from({ length: count + 1 }, (_, i) => `i${i}`);
    const remembered = ids.filter((id) => rules.invite(id) !== undefined);
    expect(remembered.length).toBeLessThanOrEqual(INVITES_MAX + INVITES_SPENT_MAX + 1_000);
    expect(remembered.at(-1)).toBe(`i${count}`);
    expect(rules.invites(0).map(({ id }) => id)).toContain("live");
  });

  adminTest("keeps the last announcement until it is withdrawn", (admin) => {
    const { policy: rules } = admin;
    admin.write(announcementDraft(ANA, "first"), announcementDraft(BEN, "second"));
    expect(rules.announced).toMatchObject({ text: "second", by: BEN });
    admin.write(announcementDraft(ANA, ""));
    expect(rules.announced).toBeUndefined();
    admin.write(announcementDraft(ANA, "x".repeat(2 * ANNOUNCEMENT_BYTES_MAX)));
    expect(rules.announced?.text).toHaveLength(ANNOUNCEMENT_BYTES_MAX);
  });

  adminTest("ends an announcement by an unreadable one", (admin) => {
    admin.write(announcementDraft(ANA, "first"));
    admin.apply(admin.ledger.damaged("announcement", ANA, ANA, { text: "second" }));
    expect(admin.policy.announced).toBeUndefined();
  });
});
