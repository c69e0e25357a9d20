import { expect, test } from "bun:test";
import {
  PROGRAM_DOWNLOADS_MAX,
  PROGRAM_DOWNLOADS_PER_ADDRESS_MAX,
  PROGRAM_STALL_MS,
} from "../../../src/base/limits-page.ts";
import type { OpenProgram } from "../../../src/io/file/program-folder.ts";
import { httpHandler } from "../../../src/server/http/handler.ts";
import { ProgramDownloads } from "../../../src/server/http/programs.ts";
import { VirtualClock } from "../../client/virtual-clock.ts";
import { faultFrom } from "../../commands/fake-world.ts";
import { rejection } from "../../rejection.ts";
import { Site } from "../site.ts";

const MIB = 1024 * 1024;
const SUM = "ab".repeat(32);
const LISTED = { name: "chat-linux-x64", sizeBytes: 8 * MIB, sha256: SUM };

class Fixture {
  readonly clock = new VirtualClock();
  open = 0;
  readonly downloads = new ProgramDownloads({
    clock: this.clock,
    source: {
      list: async () => [LISTED],
      open: async (name) => (name === LISTED.name ? this.#opened() : undefined),
    },
  });

  #opened(): OpenProgram {
    this.open++;
    let isClosed = false;
    return {
      ...LISTED,
      async *chunks(from) {
        for (let at = from; at < 32; at++) yield new Uint8Array(MIB / 4).fill(at);
      },
      close: () => {
        if (!isClosed) this.open--;
        isClosed = true;
      },
    };
  }

  fetchProgram(
    host = "10.0.0.9",
    path: string = LISTED.name,
    init: RequestInit = {},
  ): Promise<Response> {
    const request = new Request(`https://x/program/${path}`, init);
    return this.downloads.serve(request, path, { host, port: 1 });
  }

  refusal(host?: string, path?: string) {
    return faultFrom(() => this.fetchProgram(host, path));
  }
}

test("lists programs as JSON and as SHA256SUMS", async () => {
  const fixture = new Fixture();
  expect(await (await fixture.fetchProgram(undefined, "")).json()).toEqual({
    programs: [{ name: LISTED.name, size: LISTED.sizeBytes, sha256: SUM }],
  });
  expect(await (await fixture.fetchProgram(undefined, "SHA256SUMS")).text()).toBe(
    `${SUM}  chat-linux-x64\n`,
  );
});

test("lists a release, and sends its own SHA256SUMS", async () => {
  const release = { version: "0.2.0", pin: "sha256//x=" };
  const opened: string[] = [];
  const downloads = new ProgramDownloads({
    clock: new VirtualClock(),
    source: { list: async () => [LISTED], open: async (name) => void opened.push(name), release },
  });
  const get = (name: string) =>
    downloads.serve(new Request(`https://x/program/${name}`), name, { host: "10.0.0.9", port: 1 });
  expect(await (await get("")).json()).toMatchObject({ release });
  expect((await faultFrom(() => get("SHA256SUMS"))).code).toBe("file-unknown");
  expect(opened).toEqual(["SHA256SUMS"]);
});

test("sends a program whole, in part, or its head, and closes it", async () => {
  const fixture = new Fixture();
  const whole = await fixture.fetchProgram();
  expect(whole.headers.get("content-disposition")).toContain('filename="chat-linux-x64"');
  expect(whole.headers.get("etag")).toBe(`"${SUM}"`);
  expect((await whole.bytes()).length).toBe(LISTED.sizeBytes);
  const head = await fixture.fetchProgram(undefined, undefined, { method: "HEAD" });
  expect(head.headers.get("content-length")).toBe(String(LISTED.sizeBytes));
  const headers = { range: `bytes=${MIB}-${MIB + 9}` };
  const part = await fixture.fetchProgram(undefined, undefined, { headers });
  expect([part.status, [...(await part.bytes())]]).toEqual([206, Array(10).fill(4)]);
  const same = { "if-none-match": `"${SUM}"` };
  expect((await fixture.fetchProgram(undefined, undefined, { headers: same })).status).toBe(304);
  const given = await fixture.fetchProgram();
  await given.body?.cancel();
  expect(fixture.open).toBe(0);
});

test.each(["chat-linux-arm64", "..", "SHA256SUMS.asc", "x"])(
  "rejects %p as a program",
  async (name) => {
    const fixture = new Fixture();
    expect((await fixture.refusal(undefined, name)).code).toBe("file-unknown");
  },
);

test("limits downloads of an address, except for a proxy's", async () => {
  const fixture = new Fixture();
  for (let i = 0; i < PROGRAM_DOWNLOADS_PER_ADDRESS_MAX; i++)
    await fixture.fetchProgram("2001:db8::1");
  const { code, retryAfterMs } = await fixture.refusal("2001:db8::2");
  expect([code, retryAfterMs]).toEqual(["too-many", 10_000]);
  for (let i = 0; i <= PROGRAM_DOWNLOADS_PER_ADDRESS_MAX; i++)
    await fixture.fetchProgram("127.0.0.1");
});

test("limits all downloads and ends stalled ones", async () => {
  const fixture = new Fixture();
  const given: Response[] = [];
  for (let i = 0; i < PROGRAM_DOWNLOADS_MAX; i++)
    given.push(await fixture.fetchProgram(`10.0.1.${i}`));
  expect((await fixture.refusal()).code).toBe("too-many");
  const [first, second] = given;
  await first?.body?.cancel();
  await fixture.fetchProgram();
  expect((await fixture.refusal()).code).toBe("too-many");
  await fixture.clock.advance(PROGRAM_STALL_MS - 1);
  const reader = second?.body?.getReader();
  for (let i = 0; i < 2; i++) await reader?.read();
  await fixture.clock.advance(1);
  await fixture.fetchProgram();
  expect(fixture.open).toBe(2);
  expect(await rejection(given[2]?.bytes())).toBeInstanceOf(Error);
  expect((await reader?.read())?.done).toBe(false);
});

const REMOTE = { host: "10.0.0.9", port: 1 };
const fetchPath = ({ server: { http } }: Site, path: string) =>
  httpHandler({ name: "x", port: () => 1, fingerprint: "x", ...http })(
    new Request(`https://chat.example${path}`),
    REMOTE,
  );

test("refuses banned addresses and paths", async () => {
  const source = { list: async () => [LISTED], open: async () => undefined };
  const site = await Site.open({ operatorToken: "token", programs: source });
  expect((await fetchPath(site, "/program")).status).toBe(200);
  const listed = await fetchPath(site, "/program/");
  expect(listed.headers.get("x-content-type-options")).toBe("nosniff");
  for (const path of ["/program/a/b", "/program/a%2fb", "/programs/"]) {
    expect([path, (await fetchPath(site, path)).status]).toEqual([path, 404]);
  }
  const olga = await site.member("olga");
  await olga.request("operate", { token: "token" });
  await olga.request("ban", { address: REMOTE.host, on: true });
  expect((await fetchPath(site, "/program/")).status).toBe(403);
});
