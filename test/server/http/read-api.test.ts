import { describe, expect, test } from "bun:test";
import {
  READ_LAST,
  READ_PAGE_BYTES_MAX,
  READ_PAGE_RECORDS_MAX,
  READ_STALL_MS,
  READ_WAIT_SECONDS_MAX,
  READERS_MAX,
  READERS_PER_ACCOUNT_MAX,
  READERS_PER_ADDRESS_MAX,
  READERS_PER_TOKEN_MAX,
} from "../../../src/base/limits.ts";
import { httpHandler } from "../../../src/server/http/handler.ts";
import type { Guest } from "../guest.ts";
import { Site } from "../site.ts";

interface Line {
  readonly kind: string;
  readonly seq?: number;
  readonly text?: string;
  readonly code?: string;
}

/** What a reader has got so far, and whether it goes on. */
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

  /** Takes one piece. */
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

  /** Takes all that comes, until it ends. */
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

/** A site with a member who moderates `build`, and a token to read it. */
class Service {
  readonly site: Site;
  readonly ana: Guest;
  readonly token: string;

  constructor(site: Site, ana: Guest, token: string) {
    this.site = site;
    this.ana = ana;
    this.token = token;
  }

  static async open(roomPassword?: string): Promise<Service> {
    const password = roomPassword === undefined ? {} : { roomPassword };
    const site = await Site.open({ operatorToken: "operator-token", ...password });
    const ana = await site.member("ana");
    await ana.ask("join", { room: "build", create: true });
    const { token } = await ana.ask("invite", { read: "build" });
    return new Service(site, ana, token);
  }

  async say(...texts: readonly string[]): Promise<void> {
    await this.site.wait(Promise.all(texts.map((text) => this.ana.say(text, "build"))));
    await this.site.quiet();
  }

  get(query: string, { token = this.token, host = "10.0.0.9", init = {} as RequestInit } = {}) {
    const handler = httpHandler({
      name: "x",
      port: () => 1,
      fingerprint: "x",
      ...this.site.server.http,
    });
    const headers = { authorization: `Bearer ${token}` };
    const request = new Request(`https://x/rooms/build${query}`, { headers, ...init });
    return this.site.wait(handler(request, { host, port: 1 }));
  }

  async read(query: string, options = {}): Promise<Reader> {
    const response = await this.get(query, options);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("application/x-ndjson; charset=utf-8");
    return new Reader(response);
  }

  get count(): number {
    return this.site.server.http.reads?.count ?? Number.NaN;
  }
}

describe("GET /rooms/ROOM", () => {
  test("what there is behind a seq, oldest first, and then the end", async () => {
    const service = await Service.open();
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
    expect(service.count).toBe(0);
  });

  test("without a place in the past, the last of it; with one, all of it in pages", async () => {
    const service = await Service.open();
    const count = 2 * READ_PAGE_RECORDS_MAX + 5;
    const texts = Array.from({ length: count }, (_, i) => `text ${i}`);
    await service.say(...texts);
    const last = await service.read("");
    await service.site.wait(last.all());
    expect(last.texts).toEqual(texts.slice(-READ_LAST));
    const all = await service.read("?after=0");
    await service.site.wait(all.all());
    expect(all.texts).toEqual(texts);
  });

  test("waits for what is said, tells it at once, and ends when its time is over", async () => {
    const service = await Service.open();
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
    expect(service.count).toBe(0);
  });

  test("more than a page at once, while it waits, comes as it is said", async () => {
    const service = await Service.open();
    await service.say("before");
    const reader = await service.read("?wait=60");
    const ended = reader.all();
    await service.site.quiet();
    await service.say(...Array.from({ length: 3 * READ_PAGE_RECORDS_MAX }, (_, i) => `text ${i}`));
    expect([reader.texts.length, reader.isDone]).toEqual([3 * READ_PAGE_RECORDS_MAX + 1, false]);
    await service.site.wait(ended);
  });

  test("long texts come in pieces of a page's bytes", async () => {
    const service = await Service.open();
    const long = "x".repeat(60_000);
    await service.say(...Array.from({ length: 10 }, () => long));
    const reader = await service.read("?after=0");
    await service.site.wait(reader.take());
    const sizeBytes = Buffer.byteLength(reader.lines.map((line) => JSON.stringify(line)).join());
    expect(reader.texts.length).toBeGreaterThan(1);
    expect(sizeBytes).toBeLessThanOrEqual(READ_PAGE_BYTES_MAX);
    await service.site.wait(reader.all());
    expect(reader.texts).toHaveLength(10);
  });

  test("tells of this room alone", async () => {
    const service = await Service.open();
    await service.ana.ask("join", { room: "other", create: true });
    await service.site.wait(service.ana.say("elsewhere", "other"));
    await service.say("here");
    const reader = await service.read("?after=0");
    await service.site.wait(reader.all());
    expect(reader.texts).toEqual(["here"]);
  });

  test.each([
    ["?after=-1", 400],
    ["?after=1.5", 400],
    ["?after=x", 400],
    ["?after=", 400],
    ["?after=9007199254740992", 400],
    ["?after=1&after=2", 400],
    [`?wait=${READ_WAIT_SECONDS_MAX + 1}`, 400],
    ["?wait=1e1", 400],
    ["?last=5", 400],
  ])("%s: %i", async (query, status) => {
    const service = await Service.open();
    const response = await service.get(query);
    expect(response.status).toBe(status);
    expect(Object.keys((await response.json()) as object)).toEqual(["code", "message", "remedy"]);
    expect(service.count).toBe(0);
  });

  test("HEAD asks for the right alone", async () => {
    const service = await Service.open();
    const response = await service.get("?wait=30", { init: { method: "HEAD" } });
    expect([response.status, await response.text(), service.count]).toEqual([200, "", 0]);
  });
});

describe("a token", () => {
  test("says which of the two it may, and whose it is not it does neither", async () => {
    const service = await Service.open("room-password");
    const { site, ana } = service;
    const post = (token: string) => service.get("", { token, init: { method: "POST", body: "x" } });
    const authorized = (token: string) => ({ authorization: `Bearer ${token}` });
    const tokens = {
      read: service.token,
      post: (await ana.ask("invite", { post: "build" })).token,
      both: (await ana.ask("invite", { post: "build", read: "build" })).token,
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
    const { invites } = await ana.ask("invites", {});
    expect(invites.map(({ post: to, read }) => [to, read])).toEqual([
      [undefined, "build"],
      ["build", undefined],
      ["build", "build"],
    ]);
    // It admits nobody, neither at the door nor after a restart.
    const stranger = await site.greeted();
    expect((await stranger.refused("admit", { secret: service.token })).code).toBe(
      "room-password-wrong",
    );
    await site.restart();
    const again = await service.read("");
    await site.wait(again.all());
    expect(again.texts).toEqual(["x", "x"]);
  });

  test("is made by who moderates the room and is in it", async () => {
    const service = await Service.open();
    const { site, ana } = service;
    const ben = await site.member("ben");
    expect((await ben.refused("invite", { read: "build" })).code).toBe("not-allowed");
    expect((await ana.refused("invite", { read: "cellar" })).code).toBe("room-unknown");
    await ana.ask("join", { room: "other", create: true });
    expect((await ana.refused("invite", { read: "build", post: "other" })).code).toBe("usage");
    expect((await ana.refused("invite", { read: "build", room: "build" })).code).toBe("usage");
    await ben.ask("operate", { token: "operator-token" });
    expect((await ben.refused("invite", { read: "build" })).code).toBe("not-member");
  });

  test("ends what it reads when its maker leaves, is banned, or it is taken back", async () => {
    for (const change of ["leave", "ban", "revoke"] as const) {
      const service = await Service.open();
      const { site, ana } = service;
      const ben = await site.member("ben");
      await ben.ask("join", { room: "build" });
      await ben.ask("operate", { token: "operator-token" });
      const reader = await service.read("?wait=60");
      const ended = reader.all();
      await site.quiet();
      if (change === "leave") await ana.ask("leave", { room: "build" });
      if (change === "ban") await ben.ask("ban", { user: "ana", on: true });
      if (change === "revoke") {
        const { invites } = await ana.ask("invites", {});
        await ana.ask("invite-revoke", { invite: invites[0]?.invite ?? "" });
      }
      await site.wait(ben.say("not for them", "build"));
      await site.wait(ended);
      expect(reader.texts).toEqual([]);
      const code = { leave: "not-member", ban: "banned", revoke: "not-allowed" }[change];
      expect(reader.lines.at(-1)).toMatchObject({ kind: "fault", code });
      const status = { leave: 403, ban: 403, revoke: 401 }[change];
      expect([(await service.get("")).status, service.count]).toEqual([status, 0]);
    }
  });
});

describe("bounds", () => {
  test("of one token, of one address, in all; who leaves makes room", async () => {
    const service = await Service.open();
    const { ana, site } = service;
    const readers: Reader[] = [];
    for (let i = 0; i < READERS_PER_TOKEN_MAX; i++) readers.push(await service.read("?wait=60"));
    const refused = await service.get("?wait=60");
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "1"]);
    await readers[0]?.leave();
    readers.push(await service.read("?wait=60"));
    expect(service.count).toBe(READERS_PER_TOKEN_MAX);
    const makers = [ana];
    while (makers.length * READERS_PER_ACCOUNT_MAX <= READERS_MAX) {
      const maker = await site.member(`m${makers.length}`);
      await maker.ask("join", { room: "build" });
      await ana.ask("grant", { room: "build", user: `m${makers.length}`, on: true });
      makers.push(maker);
    }
    const tokens: string[] = [];
    while (tokens.length * READERS_PER_TOKEN_MAX <= READERS_MAX) {
      const maker = makers[tokens.length % makers.length] ?? ana;
      tokens.push((await maker.ask("invite", { read: "build" })).token);
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
    expect([service.count, taken.far > 0]).toEqual([READERS_MAX, true]);
    await site.stop();
  });

  test("of all tokens of one account", async () => {
    const service = await Service.open();
    for (let i = 0; i <= READERS_PER_ACCOUNT_MAX / READERS_PER_TOKEN_MAX; i++) {
      const { token } = await service.ana.ask("invite", { read: "build" });
      for (let j = 0; j < READERS_PER_TOKEN_MAX; j++) {
        await service.get("?wait=60", { token, host: `10.8.${i}.${j}` });
      }
    }
    expect(service.count).toBe(READERS_PER_ACCOUNT_MAX);
    await service.site.stop();
  });

  test("a reader that takes nothing is cut off, and holds nothing meanwhile", async () => {
    const service = await Service.open();
    await service.say(...Array.from({ length: READ_PAGE_RECORDS_MAX + 1 }, (_, i) => `${i}`));
    const reader = await service.read("?after=0&wait=60");
    await service.site.wait(reader.take());
    expect([reader.lines.length, service.count]).toEqual([READ_PAGE_RECORDS_MAX, 1]);
    await service.site.time.advance(READ_STALL_MS + 1);
    expect(service.count).toBe(0);
    await service.site.wait(reader.all());
    expect(String(reader.failure)).toContain("takes nothing");
    expect(reader.lines).toHaveLength(READ_PAGE_RECORDS_MAX);
  });

  test("whoever hangs up before the first word holds no place", async () => {
    const service = await Service.open();
    const gone = new AbortController();
    await service.read("?wait=60", { init: abortable(service.token, gone.signal) });
    expect(service.count).toBe(1);
    gone.abort();
    expect(service.count).toBe(0);
  });

  test("a server that stops lets all of them go", async () => {
    const service = await Service.open();
    const { site } = service;
    const reader = await service.read("?wait=60");
    const ended = reader.all();
    await site.quiet();
    const { http } = site.server;
    await site.stop();
    await ended;
    expect([reader.isDone, http.reads?.count]).toEqual([true, 0]);
  });
});

function abortable(token: string, signal: AbortSignal): RequestInit {
  return { signal, headers: { authorization: `Bearer ${token}` } };
}
