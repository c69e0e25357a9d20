import { expect, test } from "bun:test";
import {
  READ_PAGE_RECORDS_MAX,
  READ_RECORDS_DEFAULT,
  READ_STALL_MS,
  READ_WAIT_SECONDS_MAX,
  READERS_MAX,
  READERS_PER_ACCOUNT_MAX,
  READERS_PER_ADDRESS_MAX,
  READERS_PER_TOKEN_MAX,
} from "../../../src/base/limits.ts";
import { fixtureTest } from "../../fixture-test.ts";
import { type SiteOptions, siteWith } from "../site.ts";

interface Line {
  readonly kind: string;
  readonly seq?: number;
  readonly text?: string;
  readonly code?: string;
}

class Reader {
  readonly lines: Line[] = [];
  isDone = false;
  failure: unknown;
  readonly #reader: Pick<ReadableStreamDefaultReader<Uint8Array>, "read" | "cancel">;
  #rest = "";

  constructor(response: Response) {
    const { body } = response;
    if (body === null) throw new Error("there is no body");
    this.#reader = body.getReader();
  }

  async take(): Promise<void> {
    const { done, value } = await this.#reader.read();
    if (done) {
      this.isDone = true;
      return;
    }
    const [last = "", ...before] = `${this.#rest}${Buffer.from(value)}`.split("\n").reverse();
    this.#rest = last;
    for (const line of before.reverse()) this.lines.push(JSON.parse(line));
  }

  all(): Promise<void> {
    const next = async (): Promise<void> => {
      await this.take();
      if (!this.isDone) await next();
    };
    return next().catch((error: unknown) => {
      this.failure = error;
    });
  }

  leave(): Promise<void> {
    return this.#reader.cancel();
  }

  get texts(): (string | undefined)[] {
    return this.lines.filter(({ kind }) => kind === "text").map(({ text }) => text);
  }
}

async function openService(options: SiteOptions = {}) {
  const { site, ana } = await siteWith(["ana"], { operatorToken: "operator-token", ...options });
  await ana.request("join", { room: "build", create: true });
  const own = (await ana.request("invite", { read: "build" })).token;
  const postAll = async (...texts: readonly string[]) => {
    await site.wait(Promise.all(texts.map((text) => ana.post(text, "build"))));
    await site.quiet();
  };
  const get = (
    query: string,
    { token = own, host = "10.0.0.9", init = {} as RequestInit } = {},
  ) => {
    const headers = { authorization: `Bearer ${token}` };
    return site.wait(site.fetch(`/rooms/build${query}`, { headers, ...init }, host));
  };
  const read = async (query: string, options = {}) => {
    const response = await get(query, options);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("application/x-ndjson; charset=utf-8");
    return new Reader(response);
  };
  const count = () => site.server.http.reads?.count;
  return { site, ana, token: own, say: postAll, get, read, count };
}

const serviceTest = fixtureTest(() => openService());

serviceTest("sends the records after a seq, oldest first", async (service) => {
  await service.say("one", "two", "three");
  const all = await service.read("?after=0");
  await service.site.wait(all.all());
  expect(all.texts).toEqual(["one", "two", "three"]);
  const two = all.lines.find(({ text }) => text === "two")?.seq ?? 0;
  const rest = await service.read(`?after=${two}`);
  await service.site.wait(rest.all());
  expect(rest.texts).toEqual(["three"]);
  const beyond = await service.read(`?after=${Number.MAX_SAFE_INTEGER}`);
  await service.site.wait(beyond.all());
  expect(beyond.lines).toEqual([]);
  expect(service.count()).toBe(0);
});

serviceTest("sends the last records, or all after a seq in pages", async (service) => {
  const count = 2 * READ_PAGE_RECORDS_MAX + 5;
  const texts = Array.from({ length: count }, (_, i) => `text ${i}`);
  await service.say(...texts);
  const last = await service.read("");
  await service.site.wait(last.all());
  expect(last.texts).toEqual(texts.slice(-READ_RECORDS_DEFAULT));
  const all = await service.read("?after=0");
  await service.site.wait(all.all());
  expect(all.texts).toEqual(texts);
});

serviceTest("waits for new records until the timeout", async (service) => {
  await service.say("before");
  const began = service.site.clock.now();
  const reader = await service.read("?wait=30");
  const ended = reader.all();
  await service.site.quiet();
  await service.say("meanwhile");
  expect(reader.texts).toEqual(["before", "meanwhile"]);
  await service.say("again");
  expect([reader.texts.at(-1), reader.isDone]).toEqual(["again", false]);
  await service.site.wait(ended);
  const tookMs = service.site.clock.now() - began;
  expect([reader.isDone, tookMs >= 30_000, tookMs < 31_000]).toEqual([true, true, true]);
  expect(service.count()).toBe(0);
});

serviceTest("sends only records of this room", async (service) => {
  await service.ana.request("join", { room: "other", create: true });
  await service.site.wait(service.ana.post("elsewhere", "other"));
  await service.say("here");
  const reader = await service.read("?after=0");
  await service.site.wait(reader.all());
  expect(reader.texts).toEqual(["here"]);
});

test.each([
  ["?after=-1", 400],
  ["?after=", 400],
  ["?after=9007199254740992", 400],
  ["?after=1&after=2", 400],
  [`?wait=${READ_WAIT_SECONDS_MAX + 1}`, 400],
  ["?last=5", 400],
])("%s: %i", async (query, status) => {
  const service = await openService();
  const response = await service.get(query);
  expect(response.status).toBe(status);
  expect(Object.keys((await response.json()) as object)).toEqual(["code", "message", "remedy"]);
  expect(service.count()).toBe(0);
});

test("limits a token to posting, reading, or both", async () => {
  const service = await openService({ roomPassword: "room-password" });
  const { site, ana } = service;
  const post = (token: string) => service.get("", { token, init: { method: "POST", body: "x" } });
  const authorized = (token: string) => ({ authorization: `Bearer ${token}` });
  const tokens = {
    read: service.token,
    post: (await ana.request("invite", { post: "build" })).token,
    both: (await ana.request("invite", { post: "build", read: "build" })).token,
  };
  const outcomes: Record<string, number[]> = {};
  for (const [key, token] of Object.entries(tokens)) {
    const got = await service.get("", { token });
    await got.body?.cancel();
    const init = { method: "POST", body: "x", headers: authorized(token) };
    outcomes[key] = [got.status, (await service.get("", { init })).status];
  }
  expect(outcomes).toEqual({ read: [200, 403], post: [403, 200], both: [200, 200] });
  expect((await post("tAAAAAAAAAAAAAAAAAAAAAA")).status).toBe(401);
  const { invites } = await ana.request("invites", {});
  expect(invites.map(({ post: to, read }) => [to, read])).toEqual([
    [undefined, "build"],
    ["build", undefined],
    ["build", "build"],
  ]);
  const stranger = await site.greeted();
  expect(await stranger.refusal("admit", { secret: service.token })).toBe("room-password-wrong");
  await site.restart();
  const again = await service.read("");
  await site.wait(again.all());
  expect(again.texts).toEqual(["x", "x"]);
});

serviceTest("lets only moderators in the room create a token", async (service) => {
  const { site, ana } = service;
  const ben = await site.member("ben");
  expect(await ben.refusal("invite", { read: "build" })).toBe("not-allowed");
  expect(await ana.refusal("invite", { read: "cellar" })).toBe("room-unknown");
  await ana.request("join", { room: "other", create: true });
  expect(await ana.refusal("invite", { read: "build", post: "other" })).toBe("usage");
  expect(await ana.refusal("invite", { read: "build", room: "build" })).toBe("usage");
  await ben.request("operate", { token: "operator-token" });
  expect(await ben.refusal("invite", { read: "build" })).toBe("not-member");
});

test("stops reading when the creator leaves or is banned, or the token is revoked", async () => {
  for (const change of ["leave", "ban", "revoke"] as const) {
    const service = await openService();
    const { site, ana } = service;
    const ben = await site.member("ben");
    await ben.request("join", { room: "build" });
    await ben.request("operate", { token: "operator-token" });
    const reader = await service.read("?wait=60");
    const ended = reader.all();
    await site.quiet();
    if (change === "leave") await ana.request("leave", { room: "build" });
    if (change === "ban") await ben.request("ban", { user: "ana", on: true });
    if (change === "revoke") {
      const { invites } = await ana.request("invites", {});
      await ana.request("invite-revoke", { invite: invites[0]?.invite ?? "" });
    }
    await site.wait(ben.post("not for them", "build"));
    await site.wait(ended);
    expect(reader.texts).toEqual([]);
    const code = { leave: "not-member", ban: "banned", revoke: "not-allowed" }[change];
    expect(reader.lines.at(-1)).toMatchObject({ kind: "fault", code });
    const status = { leave: 403, ban: 403, revoke: 401 }[change];
    expect([(await service.get("")).status, service.count()]).toEqual([status, 0]);
  }
});

serviceTest("limits readers per token, per address and in total", async (service) => {
  const { ana, site } = service;
  const readers: Reader[] = [];
  for (let i = 0; i < READERS_PER_TOKEN_MAX; i++) readers.push(await service.read("?wait=60"));
  const refused = await service.get("?wait=60");
  expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "1"]);
  await readers[0]?.leave();
  readers.push(await service.read("?wait=60"));
  expect(service.count()).toBe(READERS_PER_TOKEN_MAX);
  const makers = [ana];
  while (makers.length * READERS_PER_ACCOUNT_MAX <= READERS_MAX) {
    const maker = await site.member(`m${makers.length}`);
    await maker.request("join", { room: "build" });
    await ana.request("grant", { room: "build", user: `m${makers.length}`, on: true });
    makers.push(maker);
  }
  const tokens: string[] = [];
  while (tokens.length * READERS_PER_TOKEN_MAX <= READERS_MAX) {
    const maker = makers[tokens.length % makers.length] ?? ana;
    tokens.push((await maker.request("invite", { read: "build" })).token);
  }
  const taken = { near: 0, far: 0 };
  for (const [at, token] of tokens.entries()) {
    for (let i = 0; i < READERS_PER_TOKEN_MAX; i++) {
      const options = { token, host: "10.9.9.9" };
      const near = await service.get("?wait=60", options);
      if (near.status === 200) taken.near++;
      else if ((await service.get("?wait=60", { token, host: `10.8.${at}.${i}` })).status === 200)
        taken.far++;
    }
  }
  expect(taken.near).toBe(READERS_PER_ADDRESS_MAX);
  expect([service.count(), taken.far > 0]).toEqual([READERS_MAX, true]);
});

serviceTest("disconnects a reader that stops reading", async (service) => {
  await service.say(...Array.from({ length: READ_PAGE_RECORDS_MAX + 1 }, (_, i) => `${i}`));
  const reader = await service.read("?after=0&wait=60");
  await service.site.wait(reader.take());
  expect([reader.lines.length, service.count()]).toEqual([READ_PAGE_RECORDS_MAX, 1]);
  await service.site.time.advance(READ_STALL_MS + 1);
  expect(service.count()).toBe(0);
  await service.site.wait(reader.all());
  expect(String(reader.failure)).toContain("stopped reading");
  expect(reader.lines).toHaveLength(READ_PAGE_RECORDS_MAX);
});

test("frees the slot of a reader that disconnects before the first record", async () => {
  const service = await openService();
  const gone = new AbortController();
  const headers = { authorization: `Bearer ${service.token}` };
  await service.read("?wait=60", { init: { signal: gone.signal, headers } });
  expect(service.count()).toBe(1);
  gone.abort();
  expect(service.count()).toBe(0);
});

serviceTest("disconnects all readers when the server stops", async (service) => {
  const { site } = service;
  const reader = await service.read("?wait=60");
  const ended = reader.all();
  await site.quiet();
  const { http } = site.server;
  await site.stop();
  await ended;
  expect([reader.isDone, http.reads?.count]).toEqual([true, 0]);
});
