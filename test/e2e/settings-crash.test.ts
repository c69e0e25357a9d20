import { expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Fault } from "../../src/base/fault.ts";
import { parseServerSpec } from "../../src/wire/invite.ts";
import { within } from "../event.ts";
import { Sandbox, type Served } from "./program.ts";
import { Tab } from "./tab.ts";

/** Kills the server while users change settings. Exactly the acknowledged changes must remain. */

const KILLED_AFTER = [3, 29];
const TEXTS = 8;
const CAPTION = "what is said with it ".repeat(20);

class Setting {
  readonly key: string;
  possible: ReadonlySet<boolean> = new Set([false]);
  readonly #request: (on: boolean) => Promise<unknown>;

  constructor(key: string, ask: (on: boolean) => Promise<unknown>) {
    this.key = key;
    this.#request = ask;
  }

  async toggle(acknowledged: () => void): Promise<void> {
    for (;;) {
      const [is] = this.possible;
      const requested = is !== true;
      this.possible = new Set([is === true, requested]);
      try {
        await this.#request(requested);
      } catch (error) {
        // A refused change has no effect. Without an answer, its effect is unknown.
        const isRefused = error instanceof Fault && error.code !== "link-closed";
        if (isRefused) this.possible = new Set([is === true]);
        return;
      }
      this.possible = new Set([requested]);
      acknowledged();
    }
  }
}

const UNREACHABLE = 5;
const PASSWORD = "a long password";

async function again(served: Served, user: string): Promise<Tab> {
  const ca = readFileSync(join(served.data, "tls.crt"), "utf8");
  const tab = new Tab(String(served.listening["web"]), { ca });
  await tab.notice("welcome");
  await tab.ask("login", { user, deviceKey: tab.device.publicKey, password: PASSWORD });
  await tab.notice("caught-up");
  return tab;
}

test("kill -9 leaves settings, pins and captions as acknowledged", async () => {
  await using sandbox = new Sandbox();
  let served = await sandbox.serve();
  const { port, invite } = served;
  const secret = parseServerSpec(invite).secret ?? "";
  const ca = readFileSync(join(served.data, "tls.crt"), "utf8");
  let tab = await Tab.open(String(served.listening["web"]), "ana", secret, { ca });
  await tab.ask("passwd", { password: PASSWORD });
  const { room } = await tab.ask("join", { room: "den", create: true });
  const seqs: number[] = [];
  for (let counter = 1; counter <= TEXTS; counter++) {
    const post = { outbox: "BBBBBBBBBBA", counter, to: "den", body: { text: `text ${counter}` } };
    seqs.push((await tab.ask("post", post)).seq);
  }
  const things = [
    ...seqs.map((seq) => new Setting(`saved ${seq}`, (on) => tab.ask("save", { room, seq, on }))),
    ...seqs.map((seq) => new Setting(`pinned ${seq}`, (on) => tab.ask("pin", { seq, on }))),
    new Setting("favourite", (favourite) => tab.ask("prefs-set", { room, favourite })),
  ];
  const bob = sandbox.home("bob").with({ CHAT_INVITE: invite, CHAT_USER: "bob" });
  expect((await bob.run(["register"])).exitCode).toBe(0);

  for (const [round, count] of KILLED_AFTER.entries()) {
    const path = sandbox.path(`file ${round}`);
    writeFileSync(path, `content ${round}`);
    const caption = `${CAPTION}${round}`;
    const { promise: enough, resolve } = Promise.withResolvers<void>();
    let acknowledged = 0;
    const ended = things.map((thing) =>
      thing.toggle(() => {
        if (++acknowledged === count) resolve();
      }),
    );
    const command = ["send-file", path, "--caption", caption];
    const sending = bob.start([...command, "--json"]);
    await within(`${count} acknowledgements`, enough);
    await served.program.signal("SIGKILL");
    tab.close();
    await Promise.all(ended);
    served = await sandbox.serve({ port });
    const { exitCode } = await sending.ended();
    if (exitCode === UNREACHABLE) await bob.json(command);
    else expect(exitCode).toBe(0);

    tab = await again(served, "ana");
    const { rooms, saved } = await tab.ask("prefs", {});
    const { records } = await tab.ask("pins", { target: "den" });
    const pinned = records.map(({ head }) => JSON.parse(Buffer.from(head).toString()).seq);
    const is = new Set([
      ...saved.map(({ seq }) => `saved ${seq}`),
      ...pinned.map((seq) => `pinned ${seq}`),
      ...rooms.flatMap(({ favourite }) => (favourite === true ? ["favourite"] : [])),
    ]);
    for (const thing of things) {
      expect([thing.key, thing.possible.has(is.has(thing.key))]).toEqual([thing.key, true]);
      thing.possible = new Set([is.has(thing.key)]);
    }
    expect([...is].filter((key) => !things.some((thing) => thing.key === key))).toEqual([]);
  }
  const files = (await bob.json(["history", "--room", "lobby", "--server", invite])).filter(
    ({ kind }) => kind === "file",
  );
  expect(files.map(({ text }) => text)).toEqual(KILLED_AFTER.map((_, i) => `${CAPTION}${i}`));
  const verified = await bob.run(["verify", "--data", served.data]);
  expect([verified.exitCode, verified.err]).toEqual([0, ""]);
});
