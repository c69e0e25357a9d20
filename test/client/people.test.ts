import { describe, expect, test } from "bun:test";
import { toBase64Url } from "../../src/base/bytes.ts";
import { Fault } from "../../src/base/fault.ts";
import type { AuditAlarm } from "../../src/client/auditor.ts";
import type { PersonRecords } from "../../src/core/client/person-keys.ts";
import { type AccountRow, FakeAccounts } from "../core/client/fake-accounts.ts";
import { ClientFixture, screenModel, type Watched } from "./client-fixture.ts";

const [BEN, EVE, OLGA] = ["uBBBBBBBBBBB", "uEEEEEEEEEEE", "uOOOOOOOOOOO"];
const keyOf = (n: number) => toBase64Url(new Uint8Array(32).fill(n));
const [BEN_KEY, EVE_KEY] = [keyOf(1), keyOf(2)];

const account = (id: string, name: string, accountKey: string): AccountRow => {
  return [id, "account", id, { name, accountKey, device: keyOf(3) }];
};
const name = (id: string, name: string): AccountRow => [id, "account-name", OLGA, { name }];
const FIRST = [account(BEN, "ben", BEN_KEY), account(EVE, "eve", EVE_KEY)];
const TAKEN = [...FIRST, name(BEN, "old-ben"), name(EVE, "ben")];

class People {
  readonly fixture = new ClientFixture();
  readonly alarms: AuditAlarm[] = [];
  readonly asked: object[] = [];
  tamper = (answer: PersonRecords): PersonRecords | undefined => answer;

  constructor() {
    const { server } = this.fixture;
    server.accountIds.set("ben", BEN);
    const facts = { since: 1, online: true, role: "member", rooms: [] };
    server.answers = new Map([["whois", { user: "ben", ...facts }]]);
    server.addRecord({ text: "hello" }, "olga");
  }

  get #server() {
    return this.fixture.server;
  }

  /** @param holder account that has the name */
  serve(rows: readonly AccountRow[], holder = BEN, pageMax?: number): void {
    const accounts = new FakeAccounts(rows);
    this.#server.accountLeaves = [...accounts.leaves];
    this.#server.provePerson = ({ account = "", n, user }) => {
      this.asked.push({ user, account, n });
      return this.tamper(accounts.provePerson(account === holder ? n : 0, holder, pageMax));
    };
  }

  async enter(): Promise<Watched> {
    const { clock } = this.fixture;
    const watched = await this.fixture.connect({
      onAlarm: (alarm) => this.alarms.push(alarm),
      model: screenModel(clock),
    });
    await clock.advance(0);
    return watched;
  }

  async whois({ client }: Watched, user = "ben") {
    const outcome = await this.fixture.outcome(client.whois(user));
    if (outcome instanceof Fault) return outcome.code;
    const since = outcome.keys.map(({ sinceUnixMs }) => sinceUnixMs);
    return { since, isNew: outcome.hasNewKey };
  }

  async post(text: string, by: string): Promise<void> {
    this.#server.accountIds.set("ben", by);
    this.#server.addRecord({ text }, "ben");
    await this.fixture.clock.advance(100);
  }
}

function marksOf({ events, client }: Watched) {
  const live = events.flatMap((event) => {
    return event.kind === "record" && event.record.from === "ben"
      ? [[event.record.body?.["text"], event.record.hasNewKey === true]]
      : [];
  });
  const items = [...client.model.rooms.values()].flatMap(({ tail }) => tail.items);
  const drawn = items.flatMap(({ from, text, hasNewKey }) => {
    return from === "ben" ? [[text, hasNewKey === true]] : [];
  });
  return { live, drawn };
}

const changesOf = ({ events }: Watched) =>
  events.filter(({ kind }) => kind === "identity-changed").length;

test("costs nothing until somebody is looked up", async () => {
  const people = new People();
  people.serve(FIRST);
  const watched = await people.enter();
  await people.post("one", BEN);
  expect(people.asked).toEqual([]);
  expect(await people.whois(watched)).toEqual({ since: [0], isNew: false });
  expect(await people.whois(watched)).toEqual({ since: [0], isNew: false });
  expect(people.asked).toEqual([
    { user: "ben", account: "", n: 0 },
    { user: "ben", account: BEN, n: 1 },
  ]);
});

test("marks another account's messages under a known name until its key is accepted", async () => {
  const people = new People();
  people.serve(FIRST);
  const first = await people.enter();
  expect(await people.whois(first)).toEqual({ since: [0], isNew: false });
  await people.post("one", BEN);
  people.serve(TAKEN, EVE);
  await people.post("two", EVE);
  await people.post("three", EVE);
  const marks = [
    ["one", false],
    ["two", true],
    ["three", true],
  ];
  expect(marksOf(first)).toEqual({ live: marks, drawn: marks });
  expect([changesOf(first), people.asked.length]).toEqual([1, 2]);
  expect(await people.whois(first)).toEqual({ since: [0, 3_000], isNew: true });
  await people.fixture.outcome(first.client.close());
  // A later run of the program still knows it, and says it only with the messages.
  const second = await people.enter();
  await people.post("four", EVE);
  expect(marksOf(second).live.at(-1)).toEqual(["four", true]);
  expect(changesOf(second)).toBe(0);
  await people.fixture.outcome(second.client.acceptKey("BEN"));
  await people.fixture.clock.advance(100);
  expect(marksOf(second).drawn.map(([, isMarked]) => isMarked)).not.toContain(true);
  await people.post("five", EVE);
  expect(marksOf(second).live.at(-1)).toEqual(["five", false]);
  await people.post("six", BEN);
  expect(marksOf(second).live.at(-1)).toEqual(["six", true]);
  expect(people.alarms).toEqual([]);
});

test("notices another key of the same account after the log was replaced", async () => {
  const people = new People();
  people.serve(FIRST);
  const first = await people.enter();
  await people.whois(first);
  await people.fixture.outcome(first.client.close());
  people.fixture.state.logPins.forget(people.fixture.server.identity.fingerprint);
  people.serve([account(BEN, "ben", keyOf(9)), account(EVE, "eve", EVE_KEY)]);
  const second = await people.enter();
  await people.post("one", BEN);
  await people.post("two", BEN);
  const marks = [
    ["one", true],
    ["two", true],
  ];
  expect([marksOf(second).drawn, changesOf(second)]).toEqual([marks, 1]);
  expect(marksOf(second).live.at(-1)).toEqual(["two", true]);
  expect(people.alarms).toEqual([]);
});

test("an honest rename, an erased account and a returning device raise nothing", async () => {
  const people = new People();
  people.serve(FIRST);
  const watched = await people.enter();
  await people.whois(watched);
  people.serve([...FIRST, name(BEN, "benny"), name(BEN, "ben"), [BEN, "device-gone", BEN, {}]]);
  expect(await people.whois(watched)).toEqual({ since: [3_000 - 0], isNew: false });
  people.serve([
    ...FIRST,
    name(BEN, "benny"),
    name(BEN, "ben"),
    [BEN, "device-gone", BEN, {}],
    [BEN, "account-gone", OLGA],
  ]);
  expect(await people.whois(watched)).toEqual({ since: [3_000], isNew: false });
  await people.post("late", BEN);
  expect(marksOf(watched).live).toEqual([["late", false]]);
  expect(people.alarms).toEqual([]);
});

test("reads an account of 1,000 records in pages, for two people at once", async () => {
  const people = new People();
  const device = { device: keyOf(5) };
  const rows = Array.from({ length: 1_000 }, (_, i): AccountRow => {
    return [BEN, i % 2 === 0 ? "device" : "device-gone", BEN, device];
  });
  people.serve([...FIRST, ...rows], BEN, 64);
  const watched = await people.enter();
  const outcomes = await Promise.all([people.whois(watched), people.whois(watched, "Ben")]);
  expect(outcomes).toEqual([
    { since: [0], isNew: false },
    { since: [0], isNew: false },
  ]);
  expect(people.asked.length).toBe(2 * 16);
  expect(people.alarms).toEqual([]);
});

const STALE = new FakeAccounts(FIRST);

test.each([
  ["account", { account: EVE, n: 0, records: [] }],
  ["name", STALE.provePerson(0, EVE)],
] as const)(
  "asks again if the checkpoint is older than the %s",
  async (_, { records, ...answer }) => {
    const people = new People();
    const { server } = people.fixture;
    server.accountLeaves = [...STALE.leaves];
    server.provePerson = () => {
      people.serve(TAKEN, EVE);
      return { ...answer, records: [...records] };
    };
    const watched = await people.enter();
    expect(await people.whois(watched)).toEqual({ since: [3_000], isNew: false });
    expect(people.alarms).toEqual([]);
  },
);

describe("servers that prove no other accounts", () => {
  test("cause no alarm if there never was a proof", async () => {
    const people = new People();
    people.serve(FIRST);
    people.tamper = () => undefined;
    const watched = await people.enter();
    expect(await people.whois(watched)).toEqual({ since: [], isNew: false });
    expect(people.alarms).toEqual([]);
    const old = new People();
    old.fixture.server.provesLog = false;
    expect(await old.whois(await old.enter())).toEqual({ since: [], isNew: false });
    expect(old.alarms).toEqual([]);
  });

  test("know nobody yet in an empty log", async () => {
    const people = new People();
    people.serve(FIRST);
    people.tamper = (answer) => ({ ...answer, n: 0, records: [] });
    expect(await people.whois(await people.enter())).toEqual({ since: [], isNew: false });
    expect(people.alarms).toEqual([]);
  });

  test("stop a look-up neither by a refusal nor by a lost link", async () => {
    const people = new People();
    people.serve(FIRST);
    const watched = await people.enter();
    await people.whois(watched);
    people.fixture.server.misbehaviour.onRequest = ({ kind }) =>
      kind === "checkpoint" ? new Fault("too-fast", "later") : undefined;
    expect(await people.whois(watched)).toEqual({ since: [0], isNew: false });
    expect(people.alarms).toEqual([]);
  });
});

const FOREIGN = new FakeAccounts([account(BEN, "ben", keyOf(8)), ...FIRST]).provePerson(0, BEN);

describe("a wrong proof is an alarm", () => {
  test.each([
    ["withheld", () => undefined],
    ["an older account", (answer) => ({ ...answer, n: 0, records: [] })],
    ["records withheld", (answer) => ({ ...answer, n: 9, records: [] })],
    ["of another log", () => FOREIGN],
    ["of another account", (answer) => ({ ...answer, account: EVE })],
  ] satisfies [string, (answer: PersonRecords) => PersonRecords | undefined][])(
    "%s",
    async (_, tamper) => {
      const people = new People();
      people.serve(FIRST);
      const watched = await people.enter();
      await people.whois(watched);
      people.tamper = tamper;
      expect(await people.whois(watched)).toBe("log-unproved");
      expect(people.alarms.map(({ fault }) => [fault.code, fault.message])).toEqual([
        ["log-unproved", expect.stringContaining("does not prove the keys of ben")],
      ]);
      expect(people.alarms[0]?.evidence).toMatchObject({ log: "accounts", user: "ana" });
    },
  );

  test("of an account that never had the name", async () => {
    const people = new People();
    people.serve(FIRST, EVE);
    expect(await people.whois(await people.enter())).toBe("log-unproved");
    expect(people.alarms).toHaveLength(1);
  });

  test("with a hostile name", async () => {
    const people = new People();
    people.serve([account(BEN, "\u001b[31mben", BEN_KEY)]);
    expect(await people.whois(await people.enter())).toBe("log-unproved");
  });
});
