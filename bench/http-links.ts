/**
 * People on links over plain HTTP requests, one of them with the page in Chromium:
 * `bun bench/http-links.ts [--people 100] [--seconds 20] [--poll]`. Each person sends a ping (a
 * request without disk access) per second, and a text every five seconds to all others.
 */
import { parseArgs } from "node:util";
import { systemClock } from "../src/io/clock.ts";
import { dialHttp } from "../src/web/browser/http-link.ts";
import { Browser } from "../test/page/browser.ts";
import { print } from "./harness.ts";
import { carriesRecords, type Dial, RawClient } from "./raw-client.ts";
import { percentile, saveSample } from "./samples.ts";
import { startServer, UNLIMITED } from "./server-process.ts";

const { values } = parseArgs({
  options: {
    people: { type: "string", default: "100" },
    seconds: { type: "string", default: "20" },
    poll: { type: "boolean", default: false },
  },
});
const [people, seconds] = [Number(values.people), Number(values.seconds)];
const PING_INTERVAL_MS = 1_000;
const PINGS_PER_TEXT = 5;
const ROOM = "lobby";
const REFUSED_WEBSOCKET = `globalThis.WebSocket = class extends WebSocket {
  constructor() {
    super("wss://" + location.host + "/no-socket");
  }
};`;

const clock = systemClock();
const dial: Dial = (port) =>
  dialHttp({
    fetch: (url, options) => fetch(url, { ...options, tls: { rejectUnauthorized: false } }),
    origin: `https://127.0.0.1:${port}`,
    host: "127.0.0.1",
    clock,
    channelsMax: 1,
    network: { pollsUntil: values.poll ? Number.POSITIVE_INFINITY : 0 },
  });

class Person {
  readonly client: RawClient;
  /** How often each text arrived. */
  readonly texts = new Map<string, number>();

  private constructor(client: RawClient) {
    this.client = client;
  }

  static async open(port: number, name: string): Promise<Person> {
    const person = new Person(await RawClient.register(port, name, undefined, undefined, dial));
    person.client.onBytes = (bytes) => carriesRecords(bytes) && person.#count(bytes);
    return person;
  }

  #count(bytes: Uint8Array): true {
    for (const [, text = ""] of Buffer.from(bytes)
      .toString("latin1")
      .matchAll(/"text":"([^"]+)"/g)) {
      this.texts.set(text, (this.texts.get(text) ?? 0) + 1);
    }
    return true;
  }
}

const server = await startServer(UNLIMITED);
const browser = new Browser([]);
await browser.start();
const { page } = await browser.visit(`https://127.0.0.1:${server.port}/`, {
  initScript: REFUSED_WEBSOCKET,
});
await page.locator("#enter-name").fill("page");
await page.locator("form button[type=submit]").click();
await page.locator(".dialog button[type=submit]").click();
await page.getByText(/^This network blocks WebSocket, so/).waitFor();

const persons: Person[] = [];
for (let i = 0; i < people; i++) persons.push(await Person.open(server.port, `p${i}`));

const [pings, posts]: number[][] = [[], []];
const texts: string[] = [];
const timed = async (times: number[] | undefined, act: () => Promise<unknown>) => {
  const start = performance.now();
  await act();
  times?.push(performance.now() - start);
};
const cpuBefore = server.cpuSeconds();
const end = performance.now() + seconds * 1_000;
await Promise.all(
  persons.map(async ({ client }, i) => {
    await Bun.sleep((i / people) * PING_INTERVAL_MS);
    for (let n = i; performance.now() < end; n++) {
      const next = Bun.sleep(PING_INTERVAL_MS);
      await timed(pings, () => client.request("pins", { target: ROOM }));
      if (n % PINGS_PER_TEXT === 0) {
        const text = `text ${i}-${n}.`;
        texts.push(text);
        await timed(posts, () => client.post(ROOM, text));
      }
      await next;
    }
  }),
);
const cpuMs = (server.cpuSeconds() - cpuBefore) * 1_000;

const last = "the last text";
await persons[0]?.client.post(ROOM, last);
const shown = page.locator("article.message", { hasText: last });
await shown.waitFor();
while (persons.some(({ texts }) => !texts.has(last))) await Bun.sleep(10);
const wrong = persons.reduce(
  (sum, person) => sum + texts.filter((text) => person.texts.get(text) !== 1).length,
  0,
);
const figures = {
  "ping p50 ms": percentile(pings ?? [], 0.5),
  "ping p95 ms": percentile(pings ?? [], 0.95),
  "post p50 ms": percentile(posts ?? [], 0.5),
  "post p95 ms": percentile(posts ?? [], 0.95),
  "server CPU ms per s": cpuMs / seconds,
  texts: texts.length,
  "lost or doubled": wrong,
};
const kind = values.poll ? "polling" : "streaming";
for (const [name, value] of Object.entries(figures)) print(`${kind} ${name}: ${value.toFixed(1)}`);
saveSample({ table: "HTTP links", row: { people, kind }, values: figures });
await browser.stop();
await server.stop();
process.exit(0);
