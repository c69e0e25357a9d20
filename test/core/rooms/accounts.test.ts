import { describe, expect, test } from "bun:test";
import { toBase64Url } from "../../../src/base/bytes.ts";
import type { RoomId, UserId } from "../../../src/base/ids.ts";
import {
  ACCOUNTS_MAX,
  ACCOUNTS_RESERVED,
  DEVICES_PER_ACCOUNT_MAX,
  IGNORED_MAX,
  PREDECESSORS_MAX,
} from "../../../src/base/limits.ts";
import { checkName } from "../../../src/base/names.ts";
import { erasuresOf } from "../../../src/core/log/erasures.ts";
import { type Account, Registry } from "../../../src/core/rooms/accounts.ts";
import type { Draft } from "../../../src/wire/record.ts";
import { faultCode } from "../../fault-code.ts";
import { fixtureTest } from "../../fixture-test.ts";
import { ANA, BEN, Ledger, ROOM } from "../ledger.ts";

const key = (fill: number) => new Uint8Array(32).fill(fill);

class Admin {
  readonly registry = new Registry();
  readonly ledger = new Ledger();

  enrol(id: UserId, name: string, passwordHash?: string): Account {
    const enrolment = {
      name: checkName(name),
      accountKey: key(1),
      deviceKey: key(2),
      deviceCert: key(3),
    };
    this.write(this.registry.accountDraft(id, enrolment));
    if (passwordHash !== undefined) this.write(this.registry.passwordDraft(id, passwordHash));
    return this.account(id);
  }

  write(draft: Draft | undefined): void {
    if (draft !== undefined) this.registry.apply(this.ledger.append(draft));
  }

  account(id: UserId): Account {
    const account = this.registry.get(id);
    if (account === undefined) throw new Error(`${id} is not enrolled`);
    return account;
  }

  refolded(): Registry {
    const registry = new Registry();
    for (const record of this.ledger.records) registry.apply(record);
    return registry;
  }
}

const adminTest = fixtureTest(() => new Admin());

describe("accounts", () => {
  adminTest("gives a name one owner regardless of case", (admin) => {
    const ana = admin.enrol(ANA, "Ana", "$hash");
    expect(admin.registry.find(checkName("aNA"))).toBe(ana);
    expect(admin.registry.nameOf(ANA)).toBe(checkName("Ana"));
    expect(admin.registry.nameOf("server")).toBeUndefined();
    expect(admin.registry.nameOf(BEN)).toBeUndefined();
    expect(faultCode(() => admin.registry.reserve(checkName("ana")))).toBe("name-taken");
    expect([...admin.registry.all()]).toEqual([ana]);
  });

  test("reserves a name while its account is created, and frees it after a failure", () => {
    const { registry } = new Admin();
    registry.reserve(checkName("ana"));
    expect(faultCode(() => registry.reserve(checkName("ANA")))).toBe("name-taken");
    registry.release(checkName("Ana"));
    expect(faultCode(() => registry.reserve(checkName("ANA")))).toBe("none");
  });

  adminTest("limits accounts, including those being created", ({ registry }) => {
    const members = ACCOUNTS_MAX - ACCOUNTS_RESERVED;
    for (let i = 0; i < members; i++) registry.reserve(checkName(`a${i}`));
    expect(faultCode(() => registry.reserve(checkName("more")))).toBe("too-many");
    const vouched = (name: string) => registry.reserve(checkName(name), undefined, true);
    for (let i = members; i < ACCOUNTS_MAX; i++) vouched(`a${i}`);
    expect(faultCode(() => vouched("more"))).toBe("too-many");
  });

  adminTest("certifies only the first device, and removes devices at log-out", (admin) => {
    const ana = admin.enrol(ANA, "ana", "$hash");
    admin.write(admin.registry.deviceDraft(ana, key(7)));
    const second = toBase64Url(key(7));
    expect(ana.devices.get(toBase64Url(key(2)))).toMatchObject({ certified: true, sinceSeq: 1 });
    expect(ana.devices.get(second)).toMatchObject({ certified: false, sinceSeq: 3 });
    expect(admin.registry.deviceDraft(ana, key(7))).toBeUndefined();
    admin.registry.apply(admin.ledger.append(admin.registry.deviceRemovalDraft(ana, second)));
    expect(ana.devices.has(second)).toBe(false);
    expect(ana.lastSeq).toBe(4);
  });

  adminTest("certifies a password device later and keeps its time", (admin) => {
    const ana = admin.enrol(ANA, "ana", "$hash");
    const enrol = (cert?: Uint8Array) => {
      const draft = admin.registry.deviceDraft(ana, key(7), cert);
      admin.write(draft);
      return draft;
    };
    enrol();
    const since = ana.devices.get(toBase64Url(key(7)));
    expect(since?.sinceUnixMs).toBeGreaterThan(0);
    enrol(key(8));
    const certified = { ...since, certified: true };
    expect(ana.devices.get(toBase64Url(key(7)))).toEqual(certified as never);
    expect(enrol(key(8))).toBeUndefined();
    expect(enrol()).toBeUndefined();
    const refolded = admin
      .refolded()
      .get(ANA)
      ?.devices.get(toBase64Url(key(7)));
    expect(refolded).toEqual(certified as never);
  });

  adminTest("keeps the eight newest former keys of the server", (admin) => {
    const { registry } = admin;
    expect([registry.predecessors, registry.successor]).toEqual([[], undefined]);
    for (let i = 1; i <= PREDECESSORS_MAX + 1; i++) {
      const draft = registry.identityDraft(key(i), key(i + 1), new Uint8Array(64).fill(i));
      admin.write(draft);
      for (const field of ["old", "new", "signature"]) {
        const body = { ...(draft.body as object), [field]: "!" };
        registry.apply(admin.ledger.write("identity", "server", "server", body));
      }
    }
    const { predecessors, successor } = admin.refolded();
    expect(successor).toEqual(key(PREDECESSORS_MAX + 2));
    expect(predecessors).toHaveLength(PREDECESSORS_MAX);
    expect(predecessors[0]).toEqual({
      key: key(PREDECESSORS_MAX + 1),
      signature: new Uint8Array(64).fill(PREDECESSORS_MAX + 1),
    });
    expect(predecessors.at(-1)?.key).toEqual(key(2));
  });

  adminTest("limits devices", (admin) => {
    const ana = admin.enrol(ANA, "ana");
    for (let i = 1; i < DEVICES_PER_ACCOUNT_MAX; i++) {
      admin.write(admin.registry.deviceDraft(ana, key(100 + i)));
    }
    expect(ana.devices.size).toBe(DEVICES_PER_ACCOUNT_MAX);
    expect(faultCode(() => admin.registry.deviceDraft(ana, key(99)))).toBe("too-many");
  });

  adminTest("replaces the least recently seen offline password device", (admin) => {
    const ana = admin.enrol(ANA, "ana");
    const { registry } = admin;
    const next = (isOnline: (device: string) => boolean) => {
      const draft = registry.passwordDeviceDraft(ana, key(99), isOnline);
      const { device } = (draft?.body ?? {}) as { device?: string };
      return [draft?.kind, devices.findIndex((item) => toBase64Url(item) === device)];
    };
    const isOnline = () => false;
    const devices = Array.from({ length: DEVICES_PER_ACCOUNT_MAX - 1 }, (_, i) => key(100 + i));
    for (const [i, device] of devices.entries()) {
      expect(next(isOnline)).toEqual(["device", -1]);
      const cert = i === 0 ? new Uint8Array(3) : undefined;
      admin.write(registry.deviceDraft(ana, device, cert));
    }
    expect(next(isOnline)).toEqual(["device-gone", 1]);
    expect(next((device) => device === toBase64Url(key(101)))).toEqual(["device-gone", 2]);
    registry.noteDeviceSeen(ana.id, toBase64Url(key(101)), Number.MAX_SAFE_INTEGER, "");
    expect(next(isOnline)).toEqual(["device-gone", 2]);
    expect(faultCode(() => next(() => true))).toBe("too-many");
    expect(registry.passwordDeviceDraft(ana, key(110), isOnline)).toBeUndefined();
    registry.apply(admin.ledger.append(registry.deviceRemovalDraft(ana, toBase64Url(key(102)))));
    expect(next(isOnline)).toEqual(["device", -1]);
  });

  adminTest("stores last day and label of a used device", (admin) => {
    admin.enrol(ANA, "ana");
    const device = toBase64Url(key(2));
    const seen = (unixMs: number, label: string, id = device) =>
      admin.registry.noteDeviceSeen(ANA, id, unixMs, label);
    expect([seen(9e7, "chat"), seen(9e7 + 1, "chat"), seen(9e7 + 1, "page")]).toEqual([
      ...[true, false, true],
    ]);
    expect([seen(5, "old"), seen(2e8, "page"), seen(3e8, "x", "none")]).toEqual([
      false,
      true,
      false,
    ]);
    expect(admin.account(ANA).devices.get(device)).toMatchObject({
      seenUnixMs: 2e8,
      label: "page",
    });
    expect(admin.registry.noteDeviceSeen(BEN, device, 0, "x")).toBe(false);
  });

  adminTest("ignores a user once, but never oneself", (admin) => {
    const ana = admin.enrol(ANA, "ana");
    const ignore = (user: UserId, on: boolean) => {
      const draft = admin.registry.ignoreDraft(ana, user, on);
      admin.write(draft);
      return draft?.body;
    };
    expect([ignore(BEN, true), ignore(BEN, true)]).toEqual([{ user: BEN, on: true }, undefined]);
    expect(faultCode(() => ignore(ANA, true))).toBe("not-allowed");
    for (let i = 1; i < IGNORED_MAX; i++) ignore(`u${i}` as UserId, true);
    expect(faultCode(() => ignore("umore" as UserId, true))).toBe("too-many");
    expect([ignore(BEN, false), ignore(BEN, false)]).toEqual([{ user: BEN, on: false }, undefined]);
    expect(admin.refolded().get(ANA)?.ignored.size).toBe(IGNORED_MAX - 1);
  });

  adminTest("refuses to remove the last credential", (admin) => {
    const ana = admin.enrol(ANA, "ana");
    const device = toBase64Url(key(2));
    expect(faultCode(() => admin.registry.deviceRemovalDraft(ana, device))).toBe("last-credential");
    admin.registry.apply(admin.ledger.append(admin.registry.passwordDraft(ANA, "$new")));
    expect(ana.passwordHash).toBe("$new");
    expect(faultCode(() => admin.registry.deviceRemovalDraft(ana, device))).toBe("none");
  });

  adminTest("stores a room's password", (admin) => {
    admin.write(admin.registry.roomPasswordDraft(ROOM, ANA, "$room"));
    admin.registry.apply(admin.ledger.write("room-password", ROOM, ANA, { password: 5 }));
    expect(admin.registry.roomPassword(ROOM)).toBe("$room");
  });
});

describe("fold", () => {
  adminTest("has the same result when repeated", (admin) => {
    const ana = admin.enrol(ANA, "ana", "$old");
    admin.enrol(BEN, "Ben");
    expect(admin.registry.passwordDraft(BEN, "$new").body).toEqual({ password: "$new" });
    expect(admin.registry.passwordDraft(ANA, "$new").body).toMatchObject({ replaces: 2 });
    for (const draft of [
      admin.registry.passwordDraft(ANA, "$new"),
      admin.registry.roomPasswordDraft(ROOM, BEN, "$room"),
      admin.registry.deviceDraft(ana, key(9)),
    ]) {
      admin.write(draft);
    }
    const again = admin.refolded();
    expect([...again.all()]).toEqual([...admin.registry.all()]);
    expect(again.roomPassword(ROOM)).toBe("$room");
    expect(again.head).toBe(admin.registry.head);
  });

  adminTest("lists the records of an account, without later ones", (admin) => {
    const { registry } = admin;
    admin.write(registry.passwordDraft(ANA, "$first")); // A registration records it first.
    const ana = admin.enrol(ANA, "ana", "$second");
    admin.enrol(BEN, "Ben");
    admin.write(registry.resetDraft(ANA, BEN, { hash: "h", expires: 1, signsOut: false }));
    expect(registry.recordsAfter(ana, 2, 99)).toEqual({ last: 4, seqs: [3, 5] });
    expect(registry.recordsAfter(ana, 3, 99)).toEqual({ last: 4, seqs: [5] });
    expect(registry.recordsAfter(ana, 4, 99)).toEqual({ last: 4, seqs: [] });
    expect(registry.recordsAfter(ana, 2, 4)).toEqual({ last: 3, seqs: [3] });
    expect(registry.recordsAfter(ana, 0, 1)).toEqual({ last: 0, seqs: [] });
    expect(registry.recordsAfter(ana, 0, 99, "public")).toEqual({ last: 2, seqs: [2] });
    expect(registry.recordsAfter(ana, 2, 99, "public")).toEqual({ last: 2, seqs: [] });
  });

  adminTest("asserts that records are neither missing nor repeated", (admin) => {
    admin.enrol(ANA, "ana");
    const [first] = admin.ledger.records;
    const later = admin.ledger.write("password", ANA, ANA, { password: "$x" });
    const last = admin.ledger.write("password", ANA, ANA, { password: "$y" });
    if (first === undefined) throw new Error("nothing was recorded");
    expect(() => admin.registry.apply(first)).toThrow("missing or repeated");
    expect(() => admin.registry.apply(last)).toThrow("missing or repeated");
    admin.registry.apply(later);
  });

  test.each([
    ["damaged", (ledger: Ledger) => ledger.damaged("password", ANA, ANA, { password: "$x" })],
    ["erased", (ledger: Ledger) => ledger.erased("password", ANA, ANA, { password: "$x" })],
    ["a list", (ledger: Ledger) => ledger.write("password", ANA, ANA, ["$x"])],
    ["nil", (ledger: Ledger) => ledger.write("password", ANA, ANA, null)],
    ["of another type", (ledger: Ledger) => ledger.write("password", ANA, ANA, { password: 1 })],
    [
      "about another user",
      (ledger: Ledger) => ledger.write("password", ANA, ANA, { user: BEN, on: true }),
    ],
    ["about nobody", (ledger: Ledger) => ledger.write("password", BEN, BEN, { password: "$x" })],
    ["a reset without a hash", (ledger: Ledger) => ledger.write("reset", ANA, ANA, { expires: 9 })],
    ["a reset without an end", (ledger: Ledger) => ledger.write("reset", ANA, ANA, { hash: "h" })],
    ["a device that is none", (ledger: Ledger) => ledger.write("device", ANA, ANA, { device: 5 })],
    ["an account without a name", (ledger: Ledger) => ledger.write("account", BEN, BEN, {})],
    [
      "an account whose name is none",
      (ledger: Ledger) => ledger.write("account", BEN, BEN, { name: "a b", accountKey: "AAAA" }),
    ],
    [
      "an account whose key is none",
      (ledger: Ledger) => ledger.write("account", BEN, BEN, { name: "ben", accountKey: "!" }),
    ],
    [
      "an account whose key has a second spelling",
      (ledger: Ledger) => ledger.write("account", BEN, BEN, { name: "ben", accountKey: "AB" }),
    ],
  ])("ignores a body that is %s", (_name, damage) => {
    const admin = new Admin();
    admin.enrol(ANA, "ana", "$hash");
    admin.registry.apply(damage(admin.ledger));
    expect(admin.account(ANA).passwordHash).toBe("$hash");
    expect(admin.account(ANA).devices.size).toBe(1);
    expect(admin.account(ANA).ignored.size).toBe(0);
    expect(admin.account(ANA).reset).toBeUndefined();
    expect(admin.registry.get(BEN)).toBeUndefined();
    admin.registry.apply(admin.ledger.write("password", ANA, ANA, { password: "$later" }));
    expect(admin.account(ANA).passwordHash).toBe("$later");
  });

  adminTest("assigns a password recorded before its account", (admin) => {
    admin.registry.apply(admin.ledger.write("password", ANA, ANA, { password: "$early" }));
    expect(admin.enrol(ANA, "ana").passwordHash).toBe("$early");
    expect(admin.refolded().get(ANA)?.passwordHash).toBe("$early");
  });

  test("ignores an account with a damaged first record and frees its name", () => {
    const registry = new Registry();
    const ledger = new Ledger();
    registry.apply(ledger.damaged("account", ANA, ANA, { name: "ana", accountKey: "AAAA" }));
    registry.apply(ledger.write("device", ANA, ANA, { device: toBase64Url(key(2)) }));
    expect(registry.find(checkName("ana"))).toBeUndefined();
    expect(faultCode(() => registry.reserve(checkName("ana")))).toBe("none");
  });
});

describe("renamed accounts", () => {
  const name = (text: string) => checkName(text);

  adminTest("are found by the old name, which cannot be registered", (admin) => {
    const { registry, ledger } = admin;
    const [ana, ben] = [admin.enrol(ANA, "ana"), admin.enrol(BEN, "ben")];
    registry.apply(ledger.append(registry.nameDraft(ANA, BEN, name("Zoe"))));
    for (const folded of [registry, admin.refolded()]) {
      expect(folded.find(name("ANA"))?.id).toBe(ANA);
      expect(folded.nameOf(ANA)).toBe(name("Zoe"));
      expect(faultCode(() => folded.reserve(name("ana")))).toBe("name-taken");
      expect(faultCode(() => folded.reserve(name("zoe")))).toBe("name-taken");
    }
    expect(faultCode(() => registry.reserve(name("zoe"), ben))).toBe("name-taken");
    registry.reserve(name("ana"), ben);
    expect(faultCode(() => registry.reserve(name("ana"), ana))).toBe("name-taken");
    registry.release(name("ana"));
    registry.apply(ledger.append(registry.nameDraft(BEN, BEN, name("ana"))));
    expect(registry.find(name("ana"))).toBe(ben);
    expect(admin.refolded().find(name("ana"))?.id).toBe(BEN);
  });

  adminTest("are known but no longer found after removal", (admin) => {
    const { registry, ledger } = admin;
    const ana = admin.enrol(ANA, "ana", "$hash");
    registry.apply(ledger.append(registry.resetDraft(ANA, BEN, RESET)));
    expect(registry.byReset(RESET.hash, RESET.expires - 1)?.reset).toEqual(RESET);
    expect(registry.byReset(RESET.hash, RESET.expires)).toBeUndefined();
    expect(registry.removalDraft(ana, BEN).body).toEqual({ replaces: 2 });
    registry.apply(ledger.write("prefs", ANA, ANA, { room: ROOM, favourite: true }));
    expect(registry.refusal(ANA, 0)).toBeUndefined();
    const order = ledger.append(registry.removalDraft(ana, BEN));
    registry.apply(order);
    expect(erasuresOf(order)).toEqual([2, 4]);
    expect(registry.refusal(ANA, 0)?.code).toBe("login-refused");
    registry.apply(ledger.write("ban", ANA, BEN, { on: true }));
    expect(registry.refusal(ANA, 0)?.code).toBe("banned");
    registry.apply(ledger.append(registry.passwordDraft(ANA, "$late")));
    registry.apply(ledger.write("device", ANA, ANA, { device: "late" }));
    for (const folded of [registry, admin.refolded()]) {
      const known = folded.findWithRemoved(name("ana"));
      expect([known?.isRemoved, known?.passwordHash, known?.devices.size]).toEqual([
        true,
        undefined,
        0,
      ]);
      expect(folded.find(name("ana"))).toBeUndefined();
      expect(folded.byReset(RESET.hash, 0)).toBeUndefined();
      expect(faultCode(() => folded.reserve(name("ana")))).toBe("name-taken");
    }
  });

  adminTest("are placeholders if lost, until an operator resets them", (admin) => {
    const { registry, ledger } = admin;
    admin.enrol(BEN, `lost-${ANA}`);
    const foreign = "x".repeat(40) as UserId;
    for (const id of [ANA, foreign]) {
      registry.apply(ledger.append(registry.lostDraft(id, key(9))));
    }
    for (const folded of [registry, admin.refolded()]) {
      expect([folded.nameOf(ANA), folded.nameOf(foreign)] as string[]).toEqual([
        "lost-1",
        "lost-2",
      ]);
      const lost = folded.find(name("lost-1"));
      expect([lost?.id, lost?.passwordHash, lost?.devices.size]).toEqual([ANA, undefined, 0]);
      expect(faultCode(() => folded.reserve(name("lost-1")))).toBe("name-taken");
    }
    registry.apply(ledger.append(registry.resetDraft(ANA, BEN, { ...RESET, signsOut: true })));
    expect(registry.byReset(RESET.hash, 0)).toMatchObject({ id: ANA, reset: { signsOut: true } });
  });

  adminTest("ignore an invalid name", (admin) => {
    const ana = admin.enrol(ANA, "ana");
    for (const body of [null, {}, { name: 5 }, { name: "a b" }]) {
      admin.registry.apply(admin.ledger.write("account-name", ANA, BEN, body));
    }
    expect(ana.name).toBe(name("ana"));
  });
});

const RESET = { hash: "hash", expires: 1_000, signsOut: false };

describe("display names", () => {
  function named(admin: Admin, id: UserId, text: string): string {
    return faultCode(() => {
      const { registry } = admin;
      admin.write(registry.displayNameDraft(admin.account(id), id, text));
    });
  }

  adminTest("belong to one account, with all names that look alike", (admin) => {
    admin.enrol(ANA, "ana");
    admin.enrol(BEN, "ben");
    expect(named(admin, ANA, "Ana Ruíz")).toBe("none");
    for (const text of ["ANA RUIZ", "AnaRu1z", "Ana. Ruíz", "ben"])
      expect([text, named(admin, text === "ben" ? ANA : BEN, text)]).toEqual([text, "name-taken"]);
    expect(named(admin, ANA, "ana ruiz")).toBe("none");
    expect(named(admin, BEN, "Ben")).toBe("none");
    expect(admin.refolded().get(ANA)?.displayName).toBe("ana ruiz");
    expect(named(admin, ANA, "")).toBe("none");
    expect(named(admin, BEN, "Ana Ruíz")).toBe("none");
    expect(admin.registry.displayNameDraft(admin.account(ANA), ANA, "")).toBeUndefined();
  });

  adminTest("conflict with new and former account names", (admin) => {
    const ana = admin.enrol(ANA, "ana");
    admin.enrol(BEN, "ben");
    expect(named(admin, ANA, "Cléo")).toBe("none");
    const { registry } = admin;
    expect(faultCode(() => registry.checkFree(checkName("c1e0")))).toBe("name-taken");
    expect(faultCode(() => registry.checkFree(checkName("cleo"), admin.account(BEN)))).toBe(
      "name-taken",
    );
    expect(faultCode(() => registry.checkFree(checkName("cleo"), ana))).toBe("none");
    admin.write(registry.nameDraft(BEN, BEN, checkName("benno")));
    expect([named(admin, ANA, "Ben"), named(admin, ANA, "Benno")]).toEqual(
      Array(2).fill("name-taken"),
    );
    expect([named(admin, BEN, "Ben"), named(admin, BEN, "Benno")]).toEqual(Array(2).fill("none"));
  });

  adminTest("of removed accounts are free, and their account names are not", (admin) => {
    const ana = admin.enrol(ANA, "ana");
    admin.enrol(BEN, "ben");
    named(admin, ANA, "Ruíz");
    admin.write(admin.registry.removalDraft(ana, ANA));
    expect(ana.displayName).toBeUndefined();
    expect([named(admin, BEN, "Ruíz"), named(admin, BEN, "Ana")]).toEqual(["none", "name-taken"]);
    expect(named(admin, ANA, "Ana")).toBe("user-unknown");
  });
});

adminTest("forgets passwords of rooms that do not exist, but for the newest ones", (admin) => {
  const rooms = Array.from({ length: 1_100 }, (_, i) => `r${`${i}`.padStart(11, "0")}` as RoomId);
  for (const room of rooms) admin.write(admin.registry.roomPasswordDraft(room, ANA, "$hash"));
  const [first] = rooms;
  admin.registry.forgetRoomPasswords((room) => room === first);
  const known = rooms.filter((room) => admin.registry.roomPassword(room) !== undefined);
  expect(known).toEqual([...rooms.slice(0, 1), ...rooms.slice(-1_024)]);
});
