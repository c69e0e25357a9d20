import { expect, test } from "bun:test";
import type { Socket } from "bun";
import { eventually } from "../event.ts";
import { type Home, type Program, Sandbox, type Served } from "./program.ts";

/** Four people, one of them on two devices, through a restart, a cut and a kill. */

interface Far {
  other?: Socket<undefined> | undefined;
}

/** A wire that can be cut, and stays so until it is mended. */
class Wire {
  readonly #listener;
  readonly #ends = new Set<Socket<Far>>();
  #isCut = false;

  constructor(port: number) {
    this.#listener = Bun.listen<Far>({
      hostname: "127.0.0.1",
      port: 0,
      data: {},
      socket: {
        open: async (near) => {
          if (this.#isCut) return void near.terminate();
          this.#ends.add(near);
          near.pause();
          near.data = {};
          near.data.other = await Bun.connect({
            hostname: "127.0.0.1",
            port,
            data: undefined,
            socket: {
              data: (_far, bytes) => void near.write(bytes),
              close: () => void near.end(),
              error: () => void near.end(),
            },
          }).catch(() => undefined);
          if (near.data.other === undefined) near.terminate();
          else near.resume();
        },
        data: (near, bytes) => void near.data.other?.write(bytes),
        close: (near) => {
          this.#ends.delete(near);
          near.data.other?.end();
        },
      },
    });
  }

  get port(): number {
    return this.#listener.port;
  }

  cut(): void {
    this.#isCut = true;
    for (const near of this.#ends) near.terminate();
  }

  mend(): void {
    this.#isCut = false;
  }

  [Symbol.dispose](): void {
    this.#listener.stop(true);
  }
}

function texts(program: Program): unknown[] {
  return program.jsonLines.filter(({ kind }) => kind === "text").map(({ text }) => text);
}

async function unread(home: Home, invite: string, user: string): Promise<unknown> {
  const rooms = await home.json(["rooms", invite, "--user", user]);
  return rooms.find(({ room }) => room === "lobby")?.["unread"];
}

async function isRead(home: Home, invite: string, user: string): Promise<boolean> {
  return (await unread(home, invite, user)) === 0;
}

test("a restart, a cut and a kill leave everybody the same, once, and their rights", async () => {
  await using sandbox = new Sandbox();
  let served = await sandbox.serve();
  const { port, invite } = served;
  using wire = new Wire(port);
  const laptop = sandbox.home("laptop").with({ CHAT_PASSWORD: "ana's own" });
  const phone = sandbox.home("phone").with({ CHAT_PASSWORD: "ana's own" });
  const ana = await laptop.join([invite, "--user", "ana"]);
  const pocket = await phone.join([invite, "--user", "ana", "--login"]);
  const bob = await sandbox.home("bob").join([invite, "--user", "bob"]);
  const cleo = await sandbox.home("cleo").join([invite, "--user", "cleo"]);
  const far = invite.replace(`:${port}`, `:${wire.port}`);
  const dan = await sandbox.home("dan").join([far, "--user", "dan"]);
  const all = [ana, pocket, bob, cleo, dan];
  ana.type("one");
  for (const person of all) await person.json("text", { text: "one" });

  // A restart: everybody is back without a word.
  await served.program.signal("SIGTERM");
  for (const person of all) await person.json("lost");
  served = await sandbox.serve({ port });
  for (const person of all) await person.json("connected");
  bob.type("two");
  for (const person of all) await person.json("text", { text: "two" });

  // Two go, and one is cut off: what is said meanwhile waits for each of them.
  expect((await pocket.finish()).exitCode).toBe(0);
  expect((await cleo.finish()).exitCode).toBe(0);
  wire.cut();
  await dan.json("lost");
  bob.type("/msg cleo for you alone", "three");
  await bob.json("ack", { text: "for you alone", queued: true });
  await ana.json("text", { text: "three" });
  wire.mend();
  await dan.json("connected");
  await dan.json("text", { text: "three" });

  // cleo has not read it; what her laptop showed is read on ana's phone.
  expect(await unread(sandbox.home("cleo"), invite, "cleo")).toBe(1);
  expect(await eventually("ana has read all", () => isRead(phone, invite, "ana"))).toBe(true);

  // A room of ana's, out of which she puts bob.
  ana.type("/join lab");
  await ana.json("joined", { room: "lab" });
  bob.type("/join lab");
  await bob.json("joined", { room: "lab" });
  ana.type("/kick bob");
  await bob.json("leave", { room: "lab", from: "bob", by: "ana" });

  await killed({ sandbox, served, ana, bob, dan, phone });
}, 60_000);

interface Scene {
  readonly sandbox: Sandbox;
  readonly served: Served;
  readonly ana: Program;
  readonly bob: Program;
  readonly dan: Program;
  readonly phone: Home;
}

/** The second half: what was told is there, whoever is out stays out. */
async function killed({ sandbox: town, served, ana, bob, dan, phone }: Scene): Promise<void> {
  const { port, invite } = served;
  await served.program.signal("SIGKILL");
  for (const person of [ana, bob, dan]) await person.json("lost");
  await town.serve({ port });
  for (const person of [ana, bob, dan]) await person.json("connected");
  const out = await town.home("bob").run(["send", "still here?", "--to", "lab", "--user", "bob"], {
    env: { CHAT_SERVER: `127.0.0.1:${port}` },
  });
  expect(out.exitCode).toBe(3);
  dan.type("four");
  for (const person of [ana, bob, dan]) await person.json("text", { text: "four" });

  // Who was there tells again what they read: the kill may have forgotten it.
  expect(await eventually("ana has read all", () => isRead(phone, invite, "ana"))).toBe(true);
  const back = await town.home("cleo").join([invite, "--user", "cleo"]);
  await back.json("text", { text: "for you alone", from: "bob", to: "cleo" });
  await back.json("text", { text: "four" });
  for (const person of [ana, bob, dan, back]) await person.finish();
  expect(texts(dan)).toEqual(["one", "two", "three", "four"]);
  expect(texts(ana)).toEqual(["one", "two", "three", "four"]);
  expect(texts(back).sort()).toEqual(["for you alone", "four", "three"]);
}
