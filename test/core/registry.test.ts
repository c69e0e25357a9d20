import { describe, expect, test } from "bun:test";
import { toBase64Url } from "../../src/base/bytes.ts";
import { Fault } from "../../src/base/fault.ts";
import type { UserId } from "../../src/base/ids.ts";
import { ACCOUNTS_MAX, DEVICES_PER_ACCOUNT_MAX, PREDECESSORS_MAX } from "../../src/base/limits.ts";
import { checkName } from "../../src/base/names.ts";
import { type Account, Registry } from "../../src/core/registry.ts";
import { ANA, BEN, Ledger, ROOM } from "./ledger.ts";

const key = (fill: number) => new Uint8Array(32).fill(fill);

class Office {
  readonly registry = new Registry();
  readonly ledger = new Ledger();

  enrol(id: UserId, name: string, passwordHash?: string): Account {
    const enrolment = {
      name: checkName(name),
      accountKey: key(1),
      deviceKey: key(2),
      deviceCert: key(3),
    };
    this.registry.apply(this.ledger.append(this.registry.accountDraft(id, enrolment)));
    if (passwordHash !== undefined) {
      const draft = this.registry.passwordDraft(id, passwordHash);
      this.registry.apply(this.ledger.append(draft));
    }
    return this.account(id);
  }

  account(id: UserId): Account {
    const account = this.registry.get(id);
    if (account === undefined) throw new Error(`${id} is not enrolled`);
    return account;
  }

  /** The registry that a restart would fold. */
  refolded(): Registry {
    const registry = new Registry();
    for (const record of this.ledger.records) registry.apply(record);
    return registry;
  }
}

function code(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof Fault) return error.code;
    throw error;
  }
  return "none";
}

describe("accounts", () => {
  test("one owner a name, whatever its case; found as its owner spelled it", () => {
    const office = new Office();
    const ana = office.enrol(ANA, "Ana", "$hash");
    expect(office.registry.find(checkName("aNA"))).toBe(ana);
    expect(office.registry.nameOf(ANA)).toBe(checkName("Ana"));
    expect(office.registry.nameOf("server")).toBeUndefined();
    expect(office.registry.nameOf(BEN)).toBeUndefined();
    expect(code(() => office.registry.reserve(checkName("ana")))).toBe("name-taken");
    expect([...office.registry.all()]).toEqual([ana]);
  });

  test("a name is held while its account is made, and free when that failed", () => {
    const { registry } = new Office();
    registry.reserve(checkName("ana"));
    expect(code(() => registry.reserve(checkName("ANA")))).toBe("name-taken");
    registry.release(checkName("Ana"));
    expect(code(() => registry.reserve(checkName("ANA")))).toBe("none");
  });

  test("as many as the bound says, those being made included", () => {
    const { registry } = new Office();
    for (let i = 0; i < ACCOUNTS_MAX; i++) registry.reserve(checkName(`a${i}`));
    expect(code(() => registry.reserve(checkName("more")))).toBe("too-many");
  });

  test("its first device is certified, one by password is not; leaving takes it away", () => {
    const office = new Office();
    const ana = office.enrol(ANA, "ana", "$hash");
    const draft = office.registry.deviceDraft(ana, key(7));
    if (draft === undefined) throw new Error("it was enrolled already");
    office.registry.apply(office.ledger.append(draft));
    const second = toBase64Url(key(7));
    expect(ana.devices.get(toBase64Url(key(2)))).toMatchObject({ certified: true, sinceSeq: 1 });
    expect(ana.devices.get(second)).toMatchObject({ certified: false, sinceSeq: 3 });
    expect(office.registry.deviceDraft(ana, key(7))).toBeUndefined();
    office.registry.apply(office.ledger.append(office.registry.deviceGoneDraft(ana, second)));
    expect(ana.devices.has(second)).toBe(false);
    expect(ana.lastSeq).toBe(4);
  });

  test("a device that came by password is certified later, and keeps its since", () => {
    const office = new Office();
    const ana = office.enrol(ANA, "ana", "$hash");
    const enrol = (cert?: Uint8Array) => {
      const draft = office.registry.deviceDraft(ana, key(7), cert);
      if (draft !== undefined) office.registry.apply(office.ledger.append(draft));
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
    const refolded = office
      .refolded()
      .get(ANA)
      ?.devices.get(toBase64Url(key(7)));
    expect(refolded).toEqual(certified as never);
  });

  test("the server's keys before this one, newest first, eight of them", () => {
    const office = new Office();
    const { registry } = office;
    expect([registry.predecessors, registry.successor]).toEqual([[], undefined]);
    for (let i = 1; i <= PREDECESSORS_MAX + 1; i++) {
      const draft = registry.identityDraft(key(i), key(i + 1), new Uint8Array(64).fill(i));
      registry.apply(office.ledger.append(draft));
    }
    const { predecessors, successor } = office.refolded();
    expect(successor).toEqual(key(PREDECESSORS_MAX + 2));
    expect(predecessors).toHaveLength(PREDECESSORS_MAX);
    expect(predecessors[0]).toEqual({
      key: key(PREDECESSORS_MAX + 1),
      signature: new Uint8Array(64).fill(PREDECESSORS_MAX + 1),
    });
    expect(predecessors.at(-1)?.key).toEqual(key(2));
  });

  test("devices, at the bound", () => {
    const office = new Office();
    const ana = office.enrol(ANA, "ana");
    for (let i = 1; i < DEVICES_PER_ACCOUNT_MAX; i++) {
      const draft = office.registry.deviceDraft(ana, key(100 + i));
      if (draft !== undefined) office.registry.apply(office.ledger.append(draft));
    }
    expect(ana.devices.size).toBe(DEVICES_PER_ACCOUNT_MAX);
    expect(code(() => office.registry.deviceDraft(ana, key(99)))).toBe("too-many");
  });

  test("the last way in cannot be thrown away", () => {
    const office = new Office();
    const ana = office.enrol(ANA, "ana");
    const device = toBase64Url(key(2));
    expect(code(() => office.registry.deviceGoneDraft(ana, device))).toBe("last-credential");
    office.registry.apply(office.ledger.append(office.registry.passwordDraft(ANA, "$new")));
    expect(ana.passwordHash).toBe("$new");
    expect(code(() => office.registry.deviceGoneDraft(ana, device))).toBe("none");
  });

  test("a room's password", () => {
    const office = new Office();
    const draft = office.registry.roomPasswordDraft(ROOM, ANA, "$room");
    office.registry.apply(office.ledger.append(draft));
    expect(office.registry.roomPassword(ROOM)).toBe("$room");
  });
});

describe("the fold", () => {
  test("folding again gives the same", () => {
    const office = new Office();
    const ana = office.enrol(ANA, "ana", "$old");
    office.enrol(BEN, "Ben");
    for (const draft of [
      office.registry.passwordDraft(ANA, "$new"),
      office.registry.roomPasswordDraft(ROOM, BEN, "$room"),
      office.registry.deviceDraft(ana, key(9)),
    ]) {
      if (draft !== undefined) office.registry.apply(office.ledger.append(draft));
    }
    const again = office.refolded();
    expect([...again.all()]).toEqual([...office.registry.all()]);
    expect(again.roomPassword(ROOM)).toBe("$room");
    expect(again.head).toBe(office.registry.head);
  });

  test("a hole or a double is our own bug", () => {
    const office = new Office();
    office.enrol(ANA, "ana");
    const [first] = office.ledger.records;
    const later = office.ledger.write("password", ANA, ANA, { password: "$x" });
    const last = office.ledger.write("password", ANA, ANA, { password: "$y" });
    if (first === undefined) throw new Error("nothing was recorded");
    expect(() => office.registry.apply(first)).toThrow("hole or a double");
    expect(() => office.registry.apply(last)).toThrow("hole or a double");
    office.registry.apply(later);
  });

  test.each([
    ["damaged", (ledger: Ledger) => ledger.damaged("password", ANA, ANA, { password: "$x" })],
    ["erased", (ledger: Ledger) => ledger.erased("password", ANA, ANA, { password: "$x" })],
    ["a list", (ledger: Ledger) => ledger.write("password", ANA, ANA, ["$x"])],
    ["nil", (ledger: Ledger) => ledger.write("password", ANA, ANA, null)],
    ["of another type", (ledger: Ledger) => ledger.write("password", ANA, ANA, { password: 1 })],
    ["about nobody", (ledger: Ledger) => ledger.write("password", BEN, BEN, { password: "$x" })],
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
  ])("a body that is %s changes nothing and stops nothing", (_name, damage) => {
    const office = new Office();
    office.enrol(ANA, "ana", "$hash");
    office.registry.apply(damage(office.ledger));
    expect(office.account(ANA).passwordHash).toBe("$hash");
    expect(office.account(ANA).devices.size).toBe(1);
    expect(office.registry.get(BEN)).toBeUndefined();
    office.registry.apply(office.ledger.write("password", ANA, ANA, { password: "$later" }));
    expect(office.account(ANA).passwordHash).toBe("$later");
  });

  test("an account whose first record was damaged is unknown, and its name free", () => {
    const registry = new Registry();
    const ledger = new Ledger();
    registry.apply(ledger.damaged("account", ANA, ANA, { name: "ana", accountKey: "AAAA" }));
    registry.apply(ledger.write("device", ANA, ANA, { device: toBase64Url(key(2)) }));
    expect(registry.find(checkName("ana"))).toBeUndefined();
    expect(code(() => registry.reserve(checkName("ana")))).toBe("none");
  });
});
