import { describe, expect, spyOn, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AssertionFailure } from "../../../src/base/assert.ts";
import { Fault } from "../../../src/base/fault.ts";
import type { RoomId } from "../../../src/base/ids.ts";
import {
  SCREEN_DRAFTS_MS,
  SCREEN_ESC_MS,
  SCREEN_FAULT_MS,
  SCREEN_FOCUS_CLICK_MS,
  SCREEN_FRAME_MS,
  SCREEN_NOTES_MAX,
  SCREEN_QUESTIONS_MAX,
} from "../../../src/base/limits-screen.ts";
import type { Name } from "../../../src/base/names.ts";
import type { OpenClient } from "../../../src/cli/connect/client.ts";
import type { Context } from "../../../src/cli/context.ts";
import { ScreenChat } from "../../../src/cli/screen/chat.ts";
import { ScreenClient } from "../../../src/cli/screen/client.ts";
import { TypedHistory } from "../../../src/cli/screen/editor/typed-history.ts";
import { ScreenPreferences } from "../../../src/cli/screen/preferences.ts";
import { terminalWidths } from "../../../src/cli/screen/width/measured.ts";
import type { ClientEvent } from "../../../src/client/event.ts";
import type { TerminalDevice } from "../../../src/io/terminal/device.ts";
import { ClientFixture } from "../../client/client-fixture.ts";
import { until } from "../../e2e/deadline.ts";

const utf8 = new TextEncoder();

/** A terminal that only keeps what was written to it. */
class FakeDevice implements TerminalDevice {
  written = "";
  isRaw = false;
  isStopped = false;
  readonly output: TerminalDevice["output"] = {
    isTerminal: true,
    columns: () => 80,
    write: (text: string) => {
      this.written += text;
    },
    queuedBytes: () => (this.isStopped ? 1 : 0),
    drained: () => Promise.resolve(),
    flushed: () => (this.isStopped ? new Promise(() => undefined) : Promise.resolve()),
    fault: () => undefined,
  };

  size = () => ({ columns: 80, rows: 24 });
  setRaw = (isRaw: boolean) => {
    this.isRaw = isRaw;
  };
  writeNow = (text: string) => {
    this.written += text;
  };
  stop = () => undefined;
  exited: () => void = () => undefined;
  on = (event: string, handler: () => void) => {
    const before = this.exited;
    if (event === "exit") {
      this.exited = () => {
        before();
        handler();
      };
    }
    return () => undefined;
  };
  close = () => undefined;
}

class FullScreenFixture {
  readonly world = new ClientFixture();
  readonly device = new FakeDevice();
  readonly chat = new ScreenChat(this.world.clock, (effect) => this.#client?.perform(effect));
  #client: ScreenClient | undefined;
  readonly guessDelays: Pick<OpenClient["guessDelays"], "sayInstead"> = { sayInstead: undefined };
  readonly folder = mkdtempSync(join(tmpdir(), "chat-screen-"));
  /** The client's first message. */
  readonly events: ClientEvent[] = [];
  /** What makes the rows of the timeline throws. */
  isBroken = false;
  readonly #waiting: ((bytes: Uint8Array | undefined) => void)[] = [];
  readonly #typed: Uint8Array[] = [];

  async open(): Promise<{ client: ScreenClient; ended: Promise<number | Fault> }> {
    const { world: fixture, chat, device } = this;
    const { clock, state } = fixture;
    this.world.server.mischief = {};
    const watched = fixture.client({ model: chat.hear });
    await fixture.outcome(watched.client.connect());
    const { events: given } = this;
    const events = async function* () {
      yield* given;
    };
    const inner = new Proxy(watched.client, {
      get: (target, key) => {
        // The fixture reads the events already; a room is open from the beginning.
        if (key === "events") return events;
        const value = Reflect.get(target, key, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    const close = async () => undefined;
    const { guessDelays } = this;
    const parts = { client: inner, state, user: "ana", close, guessDelays };
    const open = parts as unknown as OpenClient;
    const context = {
      clock,
      env: {},
      offsetMinutes: () => {
        if (this.isBroken) throw new TypeError("the time is no number");
        return 0;
      },
      settings: () => ({ screen: {} }),
      stdin: { chunk: () => this.#chunk() },
      onSignal: () => () => undefined,
    } as unknown as Context;
    chat.opened(open);
    const typed = new TypedHistory(this.folder);
    const client = new ScreenClient({
      context,
      open,
      chat,
      device,
      preferences: new ScreenPreferences(context, state),
      typed,
    });
    this.#client = client;
    const ended = client.run([] as Name[]).catch((error: Fault) => error);
    await clock.advance(SCREEN_FRAME_MS);
    chat.open("lobby");
    await clock.advance(SCREEN_FRAME_MS);
    return { client, ended };
  }

  /** What was drawn since. */
  async type(text: string): Promise<string> {
    this.device.written = "";
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#typed.push(utf8.encode(text));
    else waiting(utf8.encode(text));
    await this.world.clock.advance(0);
    return this.device.written;
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true });
  }

  #chunk(): Promise<Uint8Array | undefined> {
    const typed = this.#typed.shift();
    if (typed !== undefined) return Promise.resolve(typed);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}

test("what is typed is sent, and Ctrl-D leaves when it is there", async () => {
  using fixture = new FullScreenFixture();
  const { ended } = await fixture.open();
  expect(fixture.device.isRaw).toBe(true);
  await fixture.type("hello");
  await fixture.type("\r");
  await fixture.world.clock.advance(SCREEN_FRAME_MS);
  expect(fixture.world.server.texts()).toEqual(["hello"]);
  await fixture.type("\x04");
  expect(await fixture.world.outcome(ended)).toBe(0);
  expect(fixture.device.isRaw).toBe(false);
});

test("keys tell the room that one writes, until /set typing off", async () => {
  using fixture = new FullScreenFixture();
  const { client, ended } = await fixture.open();
  const asked = spyOn(fixture.chat, "typed");
  fixture.chat.setDraft("lobby", { text: "of yesterday" });
  await fixture.world.clock.advance(SCREEN_FRAME_MS);
  expect(asked).not.toHaveBeenCalled();
  await fixture.type("h");
  expect(asked.mock.calls.at(-1)?.[0]).toBe("lobby");
  const { length } = asked.mock.calls;
  await fixture.type("\x1b[A"); // An arrow changes nothing that is written.
  expect(asked.mock.calls.length).toBe(length);
  client.set("typing off");
  await fixture.type("more");
  expect(asked.mock.calls.length).toBe(length);
  client.end(0);
  expect(await fixture.world.outcome(ended)).toBe(0);
});

test("Ctrl-C clears the line, and on an empty one it leaves", async () => {
  using fixture = new FullScreenFixture();
  const { ended } = await fixture.open();
  await fixture.type("half a thought");
  await fixture.type("\x03");
  await fixture.type("\x03");
  expect(await fixture.world.outcome(ended)).toMatchObject({ code: "interrupted" });
  expect(fixture.world.server.texts()).toEqual([]);
});

test("a lone Esc is a key after a moment", async () => {
  using fixture = new FullScreenFixture();
  const { client, ended } = await fixture.open();
  client.show("a long answer", ["of one line"]);
  await fixture.world.clock.advance(0);
  expect(await fixture.type("\x1b")).toBe("");
  await fixture.world.clock.advance(SCREEN_ESC_MS);
  expect(fixture.device.written).not.toBe("");
  client.end(0);
  expect(await fixture.world.outcome(ended)).toBe(0);
});

test("the newest SCREEN_NOTES_MAX notes are shown", async () => {
  using fixture = new FullScreenFixture();
  const { client, ended } = await fixture.open();
  for (let i = 0; i <= SCREEN_NOTES_MAX; i++) client.note(`note ${i}`);
  await fixture.world.clock.advance(0);
  const { written } = fixture.device;
  expect(written).not.toContain("note 0");
  for (let i = 1; i <= SCREEN_NOTES_MAX; i++) expect(written).toContain(`note ${i}`);
  client.end(0);
  await fixture.world.outcome(ended);
});

test("questions are asked one after the other, and too many are not asked", async () => {
  using fixture = new FullScreenFixture();
  const { client, ended } = await fixture.open();
  const answers: (string | undefined)[] = [];
  for (let i = 0; i <= SCREEN_QUESTIONS_MAX; i++) {
    void client.ask("yes-no", `question ${i}?`).then((answer) => answers.push(answer));
  }
  await fixture.world.clock.advance(0);
  expect(answers).toEqual([undefined]);
  for (let i = 0; i < SCREEN_QUESTIONS_MAX; i++) await fixture.type(i === 0 ? "n" : "y");
  expect(answers.slice(1)).toEqual(["no", ...Array(SCREEN_QUESTIONS_MAX - 1).fill("yes")]);
  client.end(0);
  await fixture.world.outcome(ended);
});

test("a stopped terminal holds up nobody", async () => {
  using fixture = new FullScreenFixture();
  const { client, ended } = await fixture.open();
  fixture.device.isStopped = true;
  const before = fixture.device.written.length;
  for (let i = 0; i < 200; i++) fixture.world.server.say({ text: `word ${i}` }, "bob");
  await fixture.world.clock.advance(10 * SCREEN_FRAME_MS);
  expect(fixture.chat.model.rooms.get("r1" as never)?.tail.items.length).toBe(200);
  expect(fixture.device.written.length).toBe(before);
  await fixture.type("still here");
  await fixture.type("\r");
  await until("it is sent", async () => {
    await fixture.world.clock.advance(SCREEN_FRAME_MS);
    return fixture.world.server.texts().includes("still here");
  });
  fixture.device.isStopped = false;
  client.end(0);
  expect(await fixture.world.outcome(ended)).toBe(0);
});

test("a command that is none is a note, and a line stays to be mended", async () => {
  using fixture = new FullScreenFixture();
  const { client, ended } = await fixture.open();
  await fixture.type("/nonsense");
  await fixture.type("\r");
  await fixture.world.clock.advance(0);
  expect(fixture.device.written).toContain("there is no command");
  client.end(0);
  expect(await fixture.world.outcome(ended)).not.toBeInstanceOf(Fault);
});

test("/set mouse acts at once", async () => {
  using fixture = new FullScreenFixture();
  const { client, ended } = await fixture.open();
  await fixture.type("/set mouse on");
  await fixture.type("\r");
  await fixture.world.clock.advance(0);
  expect(fixture.device.written).toContain("\x1b[?1000;1006h");
  await fixture.type("/set mouse off");
  await fixture.type("\r");
  await fixture.world.clock.advance(0);
  expect(fixture.device.written).toContain("\x1b[?1000;1006l");
  client.end(0);
  await fixture.world.outcome(ended);
});

/** All that the screen shows, drawn anew. */
const whole = (fixture: FullScreenFixture) => fixture.type("\x0c");

test("what went wrong goes by itself, or when the next thing is done", async () => {
  using fixture = new FullScreenFixture();
  const { client, ended } = await fixture.open();
  const { clock } = fixture.world;
  const wrong = async () => {
    await fixture.type("/nonsense\r");
    fixture.chat.fault(new Fault("too-fast", "that was too fast"));
    await clock.advance(SCREEN_FRAME_MS);
    const shown = await whole(fixture);
    expect(shown).toContain("there is no command");
    expect(shown).toContain("that was too fast");
  };
  const isGone = async () => !/there is no command|too fast/.test(await whole(fixture));
  await wrong();
  await clock.advance(SCREEN_FAULT_MS - 2 * SCREEN_FRAME_MS);
  expect(await isGone()).toBe(false);
  await clock.advance(2 * SCREEN_FRAME_MS);
  expect(await isGone()).toBe(true);
  await wrong();
  await fixture.type("next\r");
  await clock.advance(SCREEN_FRAME_MS);
  expect(await isGone()).toBe(true);
  await wrong();
  await fixture.type("\x07");
  await clock.advance(SCREEN_FRAME_MS);
  expect(await isGone()).toBe(true);
  // Nobody has read what came while the user was away.
  await fixture.type("\x1b[O");
  await wrong();
  await clock.advance(2 * SCREEN_FAULT_MS);
  expect(await isGone()).toBe(false);
  await fixture.type("\x1b[I");
  await clock.advance(SCREEN_FAULT_MS);
  expect(await isGone()).toBe(true);
  client.end(0);
  await fixture.world.outcome(ended);
});

test("a transfer that failed goes like all that went wrong", async () => {
  using fixture = new FullScreenFixture();
  const { client, ended } = await fixture.open();
  const { clock } = fixture.world;
  const failed = async (id: string) => {
    const fault = new Fault("file-changed", "it changed while it was sent");
    fixture.chat.transfer({
      ...{ id, kind: "upload", name: "cat.png", to: ["lobby"], file: undefined },
      ...{ state: { kind: "failed", fault }, progress: undefined },
    });
    await clock.advance(SCREEN_FRAME_MS);
    expect(await whole(fixture)).toContain("it changed while it was sent");
  };
  const left = () => fixture.chat.model.transfers.size;
  await failed("t1");
  await clock.advance(SCREEN_FAULT_MS + SCREEN_FRAME_MS);
  expect(left()).toBe(0);
  await failed("t2");
  await fixture.type("\x07");
  await clock.advance(SCREEN_FRAME_MS);
  expect(left()).toBe(0);
  await failed("t3");
  await fixture.type("next\r");
  await clock.advance(SCREEN_FRAME_MS);
  expect(left()).toBe(0);
  client.end(0);
  await fixture.world.outcome(ended);
});

test("the click that brings the focus means no more", async () => {
  using fixture = new FullScreenFixture();
  const { client, ended } = await fixture.open();
  const { clock, server } = fixture.world;
  server.say({ text: "a word" }, "bob");
  await clock.advance(SCREEN_FRAME_MS);
  // On the last line of the timeline.
  const click = "\x1b[<0;40;22M\x1b[<0;40;22m";
  const isSelecting = async () => (await fixture.type("\x0c")).includes("\x1b[?25l");
  await fixture.type(`\x1b[O\x1b[I${click}`);
  expect(await isSelecting()).toBe(false);
  await clock.advance(SCREEN_FOCUS_CLICK_MS);
  const shown = await fixture.type(click);
  expect(shown).toContain("\x1b[?25l");
  client.end(0);
  await fixture.world.outcome(ended);
});

test.each([["before"], ["behind"]])("who leaves is told once, %s the model", async (order) => {
  using fixture = new FullScreenFixture();
  const { client, ended } = await fixture.open();
  const left = () => client.left("lobby", "you left lobby");
  if (order === "before") left();
  fixture.chat.open(undefined);
  await fixture.world.clock.advance(SCREEN_FRAME_MS);
  if (order === "behind") left();
  await fixture.world.clock.advance(0);
  const shown = await whole(fixture);
  expect(shown).toContain("you left lobby");
  expect(shown).not.toContain("any more");
  client.end(0);
  await fixture.world.outcome(ended);
});

test.each([
  ["a short one", "Welcome to the harbour\nBe kind", ["Welcome to the harbour", "Be kind"]],
  ["a long one", `${"word ".repeat(90)}end`, ["word word", "Esc closes"]],
])("the server's welcome is shown at the start: %s", async (_, welcome, shown) => {
  using fixture = new FullScreenFixture();
  const connected = { kind: "connected", transport: "ws", rooms: [], welcome };
  fixture.events.push(connected as unknown as ClientEvent, connected as unknown as ClientEvent);
  const { client, ended } = await fixture.open();
  const screen = await whole(fixture);
  for (const text of shown) expect(screen).toContain(text);
  expect(screen.split(shown.at(-1) ?? "")).toHaveLength(2); // Once for two connections.
  client.end(0);
  await fixture.world.outcome(ended);
});

test("a wait for a wrong password is a note on the screen", async () => {
  using fixture = new FullScreenFixture();
  const { client, ended } = await fixture.open();
  fixture.guessDelays.sayInstead?.("too many wrong passwords from here: 3 s");
  await fixture.world.clock.advance(0);
  expect(fixture.device.written).toContain("too many wrong passwords from here: 3 s");
  client.end(0);
  await fixture.world.outcome(ended);
});

test("what is said while no room is open stays in the line, with the reason", async () => {
  using fixture = new FullScreenFixture();
  const { client, ended } = await fixture.open();
  fixture.chat.open(undefined);
  await fixture.world.clock.advance(SCREEN_FRAME_MS);
  expect(fixture.device.written).toContain("you are not in #lobby any more");
  await fixture.type("lost?");
  expect(await fixture.type("\r")).toContain("no room is open");
  expect(fixture.world.server.texts()).toEqual([]);
  fixture.chat.open("lobby");
  await fixture.world.clock.advance(SCREEN_FRAME_MS);
  client.end(0);
  await fixture.world.outcome(ended);
});

test("files that were on the screen are known to the shell", async () => {
  using fixture = new FullScreenFixture();
  const { client, ended } = await fixture.open();
  const { server, state, clock } = fixture.world;
  const noted = spyOn(state.seenFiles, "note");
  const body = {
    file: "fabcdefghijk",
    name: "cat.png",
    size: 9,
    chunks: 1,
    digest: "0".repeat(64),
  };
  server.say(body as never, "bob", "file" as never);
  await clock.advance(SCREEN_FRAME_MS);
  expect(noted.mock.calls).toEqual([[expect.any(String), [{ id: body.file, name: body.name }]]]);
  client.end(0);
  await fixture.world.outcome(ended);
});

describe("what is half written", () => {
  const kept = (fixture: FullScreenFixture, target = "lobby") => {
    const { fingerprint } = fixture.world.server.identity;
    return fixture.world.state.drafts.of({ fingerprint, user: "ana" }).get(target)?.text;
  };

  test("is on the disk half a second after the first key", async () => {
    using fixture = new FullScreenFixture();
    const { client, ended } = await fixture.open();
    await fixture.type("half");
    expect(kept(fixture)).toBeUndefined();
    await fixture.world.clock.advance(SCREEN_DRAFTS_MS);
    expect(kept(fixture)).toBe("half");
    await fixture.type(" a thought\r");
    await fixture.world.clock.advance(0);
    expect(fixture.world.server.texts()).toEqual(["half a thought"]);
    expect(kept(fixture)).toBeUndefined();
    client.end(0);
    await fixture.world.outcome(ended);
  });

  test.each(["the end", "the end of the process"])("is kept at %s, and comes back", async (how) => {
    using fixture = new FullScreenFixture();
    const { client, ended } = await fixture.open();
    await fixture.type("half a thought");
    if (how === "the end of the process") fixture.device.exited();
    else client.end(0);
    if (how === "the end") await fixture.world.outcome(ended);
    expect(kept(fixture)).toBe("half a thought");
    if (how === "the end") return;
    client.end(0);
    await fixture.world.outcome(ended);
  });

  test("comes back in its room", async () => {
    using fixture = new FullScreenFixture();
    const { fingerprint } = fixture.world.server.identity;
    const draft = { text: "half a thought" };
    fixture.world.state.drafts.keep({ fingerprint, user: "ana" }, new Map([["lobby", draft]]));
    const { client, ended } = await fixture.open();
    expect(fixture.device.written).toContain("half a thought");
    await fixture.type("\r");
    await fixture.world.clock.advance(SCREEN_FRAME_MS);
    expect(fixture.world.server.texts()).toEqual(["half a thought"]);
    client.end(0);
    await fixture.world.outcome(ended);
    expect(kept(fixture)).toBeUndefined();
  });

  test("is not kept if it carries a secret, nor is an answer", async () => {
    using fixture = new FullScreenFixture();
    const { client, ended } = await fixture.open();
    await fixture.type("/login ana hunter2");
    client.end(0);
    await fixture.world.outcome(ended);
    expect(kept(fixture)).toBeUndefined();
    using other = new FullScreenFixture();
    const { client: asking, ended: over } = await other.open();
    void asking.ask("secret", "Password");
    await other.type("hunter2");
    asking.end(0);
    await other.world.outcome(over);
    expect(kept(other)).toBeUndefined();
  });
});

test("what a view or a handler did not expect is a line, and no end", async () => {
  using fixture = new FullScreenFixture();
  const { client, ended } = await fixture.open();
  const { clock, server } = fixture.world;
  fixture.isBroken = true;
  server.say({ text: "at no time" }, "bob");
  await clock.advance(SCREEN_FRAME_MS);
  expect(fixture.device.written).toContain("this cannot be shown");
  expect(fixture.device.written).toContain("the time is no number");
  await fixture.type("x");
  fixture.isBroken = false;
  expect(await fixture.type("y")).toContain("at no time");
  client.end(0);
  expect(await fixture.world.outcome(ended)).toBe(0);
});

test("one can leave what cannot be shown", async () => {
  using fixture = new FullScreenFixture();
  const { ended } = await fixture.open();
  fixture.isBroken = true;
  fixture.world.server.say({ text: "at no time" }, "bob");
  await fixture.world.clock.advance(SCREEN_FRAME_MS);
  await fixture.type("\x03");
  expect(await fixture.world.outcome(ended)).toMatchObject({ code: "interrupted" });
});

test("a promise that was broken ends it nevertheless", async () => {
  using fixture = new FullScreenFixture();
  const { client, ended } = await fixture.open();
  spyOn(fixture.chat, "setDraft").mockImplementation(() => {
    throw new AssertionFailure("a draft has a room");
  });
  await fixture.type("half");
  await fixture.world.clock.advance(SCREEN_DRAFTS_MS);
  expect(await fixture.world.outcome(ended)).toBeInstanceOf(AssertionFailure);
  client.end(0);
});

test("who is muted neither rings nor counts, at the next start too, under each name", async () => {
  using fixture = new FullScreenFixture();
  const { clock, server, state } = fixture.world;
  const { fingerprint } = server.identity;
  const { client, ended } = await fixture.open();
  server.say({}, "server", "room"); // Its making is nothing to read.
  await fixture.type("\x1b[O"); // Looks away.
  server.say({ text: "look", mentions: ["ana"] } as never, "bob");
  await clock.advance(SCREEN_FRAME_MS);
  expect(fixture.device.written).toContain("\x07");
  await fixture.type("\x1b[I");
  await fixture.type("/notify off\r");
  await clock.advance(SCREEN_FRAME_MS);
  expect(fixture.device.written).toContain("#lobby neither rings nor counts on this device");
  expect(fixture.device.written).toContain("⊘");
  expect(state.muted.of(fingerprint, "ana")).toEqual(["lobby"]);
  expect(client.muted()).toEqual(["lobby"]);
  const lobby = { kind: "room", room: "r1", n: 1, skipped: 0, read: 1 } as const;
  fixture.chat.hear({ ...lobby, name: "hall" } as never);
  await clock.advance(SCREEN_FRAME_MS);
  expect(client.muted()).toEqual(["hall"]);
  client.set("bell off");
  client.hideJoins(true);
  client.set("bell on");
  expect([client.muted(), client.hidesJoins]).toEqual([["hall"], true]);
  fixture.device.written = "";
  await fixture.type("\x1b[O"); // Looks away.
  server.say({ text: "look", mentions: ["ana"] } as never, "bob");
  await clock.advance(SCREEN_FRAME_MS);
  expect(fixture.device.written).not.toContain("\x07");
  client.end(0);
  await fixture.world.outcome(ended);
  expect(state.muted.of(fingerprint, "ana")).toEqual(["hall"]);
});

test("a notification says what was said, without its marks", async () => {
  using fixture = new FullScreenFixture();
  const { clock, server } = fixture.world;
  const { client, ended } = await fixture.open();
  server.say({}, "server", "room");
  client.set("notify osc777");
  await fixture.type("\x1b[O"); // Looks away.
  server.say({ text: "**look**, `@ana`!", mentions: ["ana"] } as never, "bob");
  await clock.advance(SCREEN_FRAME_MS);
  expect(fixture.device.written).toContain("\x1b]777;notify;#lobby;bob: look, @ana!\x1b");
  client.end(0);
  await fixture.world.outcome(ended);
});

test("what the account has muted elsewhere is muted here, until one hears it again", async () => {
  using fixture = new FullScreenFixture();
  const { clock, server } = fixture.world;
  const { client, ended } = await fixture.open();
  fixture.chat.hear({ kind: "prefs", rooms: [], saved: [] });
  const room = "r1" as RoomId;
  fixture.chat.hear({ kind: "prefs-set", room, prefs: { muted: 0, favourite: true } });
  await clock.advance(SCREEN_FRAME_MS);
  expect(client.muted()).toEqual(["lobby"]);
  for (const sign of ["⊘", "★"]) expect(fixture.device.written).toContain(sign);
  const lobby = { kind: "room", room: "r1", n: 1, skipped: 0, read: 1 } as const;
  fixture.chat.hear({ ...lobby, name: "hall", locked: true } as never);
  await clock.advance(SCREEN_FRAME_MS);
  expect(client.muted()).toEqual(["hall"]);
  expect(fixture.device.written).toContain("⚷");
  fixture.device.written = "";
  await fixture.type("\x1b[O"); // Looks away.
  server.say({ text: "look", mentions: ["ana"] } as never, "bob");
  await clock.advance(SCREEN_FRAME_MS);
  expect(fixture.device.written).not.toContain("\x07");
  await fixture.type("\x1b[I");
  await fixture.type("/notify on\r");
  await clock.advance(SCREEN_FRAME_MS);
  expect(client.muted()).toEqual([]);
  expect(fixture.device.written).toContain("you hear #hall again");
  client.end(0);
  await fixture.world.outcome(ended);
});

test("what the terminal tells of widths is drawn anew, and is no key", async () => {
  using fixture = new FullScreenFixture();
  const { client, ended } = await fixture.open();
  try {
    await fixture.type("\u2764\ufe0fb");
    // No selectors, no joining, narrow flags; cut as a slow line cuts it.
    const answers = "\x1b[1;2R\x1b[1;2R\x1b[1;7R\x1b[1;2R\x1b[1;5R\x1b[1;2R\x1b[1;2R\x1b[?62c";
    expect(terminalWidths.of("\u2764\ufe0f")).toBe(2);
    const drawn = [];
    for (const part of [answers.slice(0, 20), answers.slice(20, -3), answers.slice(-3)]) {
      drawn.push(await fixture.type(part));
      await fixture.world.clock.advance(SCREEN_ESC_MS);
    }
    expect(terminalWidths.of("\u2764\ufe0f")).toBe(1);
    expect(drawn.slice(0, 2)).toEqual(["", ""]);
    expect(drawn[2]).toContain("\u2764\ufe0f");
    await fixture.type("\r");
    await fixture.world.clock.advance(SCREEN_FRAME_MS);
    expect(fixture.world.server.texts()).toEqual(["\u2764\ufe0fb"]);
  } finally {
    terminalWidths.measure({});
    client.end(0);
    await fixture.world.outcome(ended);
  }
});

describe("results are shown in whatever room is open", () => {
  test("a refused /msg, until it is discarded", async () => {
    using fixture = new FullScreenFixture();
    const { client, ended } = await fixture.open();
    const { clock, server } = fixture.world;
    server.mischief.onRequest = ({ kind }) =>
      kind === "post" ? new Fault("user-unknown", "there is no user 'typo'") : undefined;
    await fixture.type("/msg typo hello\r");
    await clock.advance(2 * SCREEN_FRAME_MS);
    expect(await whole(fixture)).toContain("not sent to @typo: there is no user 'typo'");
    fixture.chat.open("attic");
    await clock.advance(SCREEN_FAULT_MS + SCREEN_FRAME_MS);
    const shown = await whole(fixture);
    expect(shown).not.toContain("there is no user");
    expect(shown).toContain("1 not sent to @typo");
    fixture.chat.discard(fixture.chat.model.pending[0]?.key ?? "");
    await clock.advance(SCREEN_FRAME_MS);
    expect(await whole(fixture)).not.toContain("not sent");
    client.end(0);
    await fixture.world.outcome(ended);
  });

  test("a sent /msg, and a command that answers nothing", async () => {
    using fixture = new FullScreenFixture();
    const { client, ended } = await fixture.open();
    const { clock } = fixture.world;
    await fixture.type("/msg bob hello\r");
    await clock.advance(2 * SCREEN_FRAME_MS);
    expect(await whole(fixture)).toContain("sent to @bob");
    await fixture.type("/erase 1\r");
    await clock.advance(2 * SCREEN_FRAME_MS);
    expect(await whole(fixture)).not.toContain("done:"); // The open room shows it.
    fixture.chat.open("@bob");
    await clock.advance(2 * SCREEN_FRAME_MS);
    await fixture.type("/erase 1\r");
    await clock.advance(2 * SCREEN_FRAME_MS);
    expect(await whole(fixture)).toContain("done: /erase 1");
    await fixture.type("\x1b1"); // Alt-1 opens the first room.
    await clock.advance(2 * SCREEN_FRAME_MS);
    expect(fixture.chat.model.open).toBe("lobby");
    expect(await whole(fixture)).toContain("done: /erase 1");
    client.end(0);
    await fixture.world.outcome(ended);
  });
});

describe("unsent messages", () => {
  const typed = async (fixture: FullScreenFixture, ...texts: readonly string[]) => {
    fixture.world.server.mischief.onRequest = ({ kind }) =>
      kind === "post" ? "silent" : undefined;
    for (const text of texts) await fixture.type(`${text}\r`);
    await fixture.world.clock.advance(SCREEN_FRAME_MS);
  };

  test("Ctrl-C warns once, and again after another message", async () => {
    using fixture = new FullScreenFixture();
    const { ended } = await fixture.open();
    await typed(fixture, "one", "two");
    await fixture.type("\x03");
    expect(await whole(fixture)).toContain("2 messages are not sent yet.");
    await typed(fixture, "three");
    await fixture.type("\x03");
    expect(await whole(fixture)).toContain("3 messages are not sent yet.");
    await fixture.type("\x03");
    expect(await fixture.world.outcome(ended)).toMatchObject({ code: "interrupted" });
  });

  test.each([["\x04"], ["/quit\r"]])("%j sends them first; a second one leaves", async (keys) => {
    using fixture = new FullScreenFixture();
    const { ended } = await fixture.open();
    await typed(fixture, "one");
    await fixture.type(keys);
    expect(await whole(fixture)).toContain("Sending 1 message…");
    await fixture.type(keys);
    expect(await fixture.world.outcome(ended)).toBe(0);
  });
});

test("a pasted Enter sends nothing, however the paste is cut and whatever it holds", async () => {
  using fixture = new FullScreenFixture();
  const { client, ended } = await fixture.open();
  const { server, clock } = fixture.world;
  await fixture.type("\x1b[200~one\r\x1b[2J\x03two\x1b[201~\rthree\r\x1b[2");
  await fixture.type("01~");
  await clock.advance(SCREEN_FRAME_MS);
  expect(server.texts()).toEqual([]);
  await fixture.type("\r");
  await clock.advance(SCREEN_FRAME_MS);
  expect(server.texts()).toEqual(["one\ntwothree"]);
  client.end(0);
  await fixture.world.outcome(ended);
});

test.each([80, 40, 20])("an invite is copied whole by a key, %i columns wide", async (columns) => {
  using fixture = new FullScreenFixture();
  fixture.device.size = () => ({ columns, rows: 24 });
  const { client, ended } = await fixture.open();
  const secret = `fp=${"F".repeat(43)}#${"t".repeat(22)}`;
  const invite = `chat join 'chat://chat.example.org:2428/lobby?${secret}'`;
  client.show("send one person this line:", [invite]);
  await fixture.world.clock.advance(0);
  expect(await whole(fixture)).toContain("c copies");
  const copied = Buffer.from(invite).toString("base64");
  expect(await fixture.type("c")).toContain(`\x1b]52;c;${copied}\x1b\\`);
  client.end(0);
  await fixture.world.outcome(ended);
});
