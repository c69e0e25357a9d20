import { describe, expect, spyOn, test } from "bun:test";
import { AssertionFailure } from "../../../src/base/assert.ts";
import { Fault } from "../../../src/base/fault.ts";
import { SEEN_MS } from "../../../src/base/limits-page.ts";
import {
  DRAFT_SAVE_DELAY_MS,
  SCREEN_ESC_MS,
  SCREEN_FAULT_MS,
  SCREEN_FOCUS_MS,
  SCREEN_FRAME_MS,
  SCREEN_PROMPTS_MAX,
} from "../../../src/base/limits-screen.ts";
import { defined } from "../../../src/base/values.ts";
import type { OpenClient } from "../../../src/cli/connect/client.ts";
import type { Context } from "../../../src/cli/context.ts";
import { ScreenClient } from "../../../src/cli/screen/client.ts";
import { InputHistory } from "../../../src/cli/screen/editor/input-history.ts";
import { ScreenPreferences } from "../../../src/cli/screen/settings/preferences.ts";
import { terminalWidths } from "../../../src/cli/screen/width/measured.ts";
import { UNMARKED_PASTE_MS } from "../../../src/io/terminal/unmarked-paste.ts";
import { ClientFixture } from "../../client/client-fixture.ts";
import { until } from "../../event.ts";
import { fixtureTest } from "../../fixture-test.ts";
import { saveDrafts } from "../../io/state/saved-drafts.ts";
import { FakeDevice } from "./terminal/fake-device.ts";

const LOOK_AWAY = "\x1b[O";
const LOOK_BACK = "\x1b[I";
const RING = "\x07";
const HALL = { kind: "room", room: "r1", name: "hall", n: 1, skipped: 0, read: 1 } as never;

class FullScreen implements AsyncDisposable {
  readonly fixture = new ClientFixture();
  readonly clock = this.fixture.clock;
  readonly server = this.fixture.server;
  readonly state = this.fixture.state;
  readonly device = new FakeDevice({ columns: 80, rows: 24 });
  readonly chat = this.fixture.modelClient().client;
  isBroken = false;
  #client: ScreenClient | undefined;
  #ended: Promise<number | Fault> | undefined;
  readonly #waiting: ((bytes: Uint8Array) => void)[] = [];
  readonly #input: Uint8Array[] = [];

  /** @param ahead lines typed before a room is open */
  async open(...ahead: readonly string[]): Promise<this> {
    const { fixture, chat, device, clock, state } = this;
    this.server.misbehaviour = {};
    await fixture.outcome(chat.connect());
    const close = async () => undefined;
    const address = { host: "10.0.0.1", port: 2428 };
    const openClient = { client: chat, state, user: "ana", address, close, guessDelays: {} };
    const open = openClient as unknown as OpenClient;
    const context = {
      clock,
      env: { TERM: "xterm" },
      offsetMinutes: () => {
        if (this.isBroken) throw new TypeError("the time is no number");
        return 0;
      },
      settings: () => ({ screen: {}, aliases: new Map() }),
      stdin: { chunk: () => this.#chunk() },
      onSignal: () => () => undefined,
    } as unknown as Context;
    const history = new InputHistory("/nonexistent/chat");
    const preferences = new ScreenPreferences(context, state);
    this.#client = new ScreenClient({ context, open, device, preferences, history });
    this.#ended = this.#client.run([]).catch((error: Fault) => error);
    await this.frames();
    for (const line of ahead) await this.type(line);
    chat.actions.open("lobby");
    await this.frames();
    return this;
  }

  get client(): ScreenClient {
    if (this.#client === undefined) throw new Error("the screen is not open");
    return this.#client;
  }

  get output(): string {
    return this.device.output.text;
  }

  async press(text: string): Promise<void> {
    const bytes = new TextEncoder().encode(text);
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#input.push(bytes);
    else waiting(bytes);
    await this.clock.advance(0);
  }

  async type(text: string): Promise<string> {
    this.device.output.take();
    await this.press(text);
    // An Enter behind text is held for a moment, because it may belong to a paste.
    await this.clock.advance(/[\r\n]/.test(text) ? UNMARKED_PASTE_MS + 1 : 0);
    return this.output;
  }

  async frames(count = 1): Promise<void> {
    await this.clock.advance(count * SCREEN_FRAME_MS);
  }

  async outputText(): Promise<string> {
    return this.type("\x0c");
  }

  async mention(text = "look"): Promise<void> {
    this.server.addRecord({ text, mentions: ["ana"] } as never, "bob");
    await this.frames();
  }

  async outcome(): Promise<number | Fault> {
    return this.fixture.outcome(this.#ended ?? Promise.resolve(0));
  }

  async end(): Promise<void> {
    this.client.end(0);
    await this.outcome();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }

  #chunk(): Promise<Uint8Array> {
    const chunk = this.#input.shift();
    if (chunk !== undefined) return Promise.resolve(chunk);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}

const screenTest = fixtureTest(() => new FullScreen().open());

screenTest("Enter sends the line, and Ctrl-D quits after it is stored", async (screen) => {
  expect(screen.device.calls).toEqual(["raw"]);
  await screen.type("hello");
  await screen.type("\r");
  await screen.frames();
  expect(screen.server.texts()).toEqual(["hello"]);
  await screen.type("\x04");
  expect(await screen.outcome()).toBe(0);
  expect(screen.device.calls.at(-1)).toBe("close");
  expect(screen.device.calls).toContain("cooked");
});

test("displays Indonesian texts and leaves users' texts unchanged", async () => {
  const full = new FullScreen();
  full.state.setPreference("screen", '{"language":"id"}');
  const text = "a.txt is called b.txt here";
  await using screen = await full.open();
  screen.server.notify({ kind: "announced", text, by: "ben", time: 0 });
  await screen.clock.advance(0);
  expect(await screen.outputText()).toContain(`pengumuman dari ben: ${text}`);
  await screen.type("/help\r");
  expect(await screen.outputText()).toMatch(/Pergi ke mana saja.*kini F1/s);
  expect(await screen.outputText()).not.toContain("/unpin");
  await screen.type("\x07/help join\r");
  expect(await screen.outputText()).toContain(
    "/join ROOM [PASSWORD | --sealed [--history] | --assignment]: bergabung ke",
  );
});

test.each([
  [false, "ben invited you to #lab: /join lab"],
  [undefined, "ben added you to the encrypted room #lab"],
] as const)("notifies of an invitation, with sealed: %p", async (sealed, text) => {
  await using screen = await new FullScreen().open();
  screen.server.notify({ kind: "invited", room: "lab", by: "ben", ...defined({ sealed }) });
  await screen.clock.advance(0);
  expect(await screen.outputText()).toContain(text);
});

test("asks one question at a time, and refuses more than SCREEN_PROMPTS_MAX", async () => {
  await using screen = await new FullScreen().open();
  const answers: (string | undefined)[] = [];
  for (let i = 0; i <= SCREEN_PROMPTS_MAX; i++) {
    void screen.client.questions
      .ask("yes-no", `question ${i}?`)
      .then((answer) => answers.push(answer));
  }
  await screen.clock.advance(0);
  expect(answers).toEqual([undefined]);
  for (let i = 0; i < SCREEN_PROMPTS_MAX; i++) {
    // An Enter that comes with the question was meant for something else.
    await screen.type("\r");
    await screen.clock.advance(300);
    await screen.type(i === 0 ? "\r" : "\x1b[B\r");
  }
  expect(answers.slice(1)).toEqual(["no", ...Array(SCREEN_PROMPTS_MAX - 1).fill("yes")]);
});

screenTest(
  "keeps the text and the reply of a message to everyone that is not sent",
  async (screen) => {
    await screen.mention("lunch?");
    const [{ seq = 0 } = {}] = screen.chat.model.rooms.get("r1" as never)?.tail.items ?? [];
    screen.chat.actions.setDraft("lobby", { text: "", re: seq });
    const members = ["ana", "bob", "cleo"].map((name) => ({
      name,
      isOnline: true,
      role: "member",
    }));
    screen.chat.store.applyNow({ kind: "members", room: "r1" as never, members });
    await screen.type("@everyone yes\r");
    // A letter is text, and sends nothing.
    await screen.type("y");
    await screen.frames();
    expect(screen.chat.model.drafts.get("lobby")).toEqual({ text: "@everyone yesy", re: seq });
    await screen.type("\x7f\r");
    await screen.clock.advance(300);
    await screen.type("\x1b[B\r");
    await screen.frames();
    expect(screen.server.texts()).toEqual(["lunch?", "@everyone yes"]);
    expect(screen.chat.model.drafts.size).toBe(0);
  },
);

screenTest("marks a message as read after a second on the focused screen", async (screen) => {
  const unread = () => screen.chat.model.rooms.get("r1" as never)?.unread;
  const stay = (ms: number) => screen.clock.advance(ms);
  await screen.mention("the account's first message, which counts as read");
  await screen.mention("first");
  await stay(SEEN_MS - SCREEN_FRAME_MS);
  expect(unread()).toBe(1);
  await stay(SCREEN_FRAME_MS);
  expect(unread()).toBe(0);
  await screen.type(LOOK_AWAY);
  await screen.mention("second");
  await stay(2 * SEEN_MS);
  expect(unread()).toBe(1);
  await screen.type(LOOK_BACK);
  await stay(2 * SEEN_MS);
  expect(unread()).toBe(0);
});

screenTest(
  "reads nothing two minutes after the last key, unless a focus is known",
  async (screen) => {
    const unread = () => screen.chat.model.rooms.get("r1" as never)?.unread;
    await screen.mention("the account's first message, which counts as read");
    await screen.type("a");
    await screen.clock.advance(SCREEN_FOCUS_MS);
    await screen.mention("first");
    await screen.clock.advance(2 * SEEN_MS);
    expect(unread()).toBe(1);
    await screen.type("b");
    await screen.frames();
    await screen.clock.advance(2 * SEEN_MS);
    expect(unread()).toBe(0);
    await screen.type(LOOK_BACK);
    await screen.clock.advance(2 * SCREEN_FOCUS_MS);
    await screen.mention("second");
    await screen.clock.advance(2 * SEEN_MS);
    expect(unread()).toBe(0);
  },
);

screenTest("handles messages and keys while the terminal is stopped", async (screen) => {
  const before = screen.output;
  screen.device.output.stop();
  for (let i = 0; i < 200; i++) screen.server.addRecord({ text: `word ${i}` }, "bob");
  await screen.frames(10);
  expect(screen.chat.model.rooms.get("r1" as never)?.tail.items.length).toBe(200);
  expect(screen.output).toBe(before);
  await screen.type("still here");
  await screen.type("\r");
  await until("it is sent", async () => {
    await screen.frames();
    return screen.server.texts().includes("still here");
  });
  screen.device.output.resume();
});

screenTest("removes errors after SCREEN_FAULT_MS or on the next action", async (screen) => {
  const { clock, chat } = screen;
  const fail = async () => {
    await screen.type("/nonsense\r");
    const tooFast = new Fault("too-fast", "that was too fast");
    chat.store.applyNow({ kind: "fault", fault: tooFast });
    const fault = new Fault("file-changed", "it changed while it was sent");
    chat.store.enqueue({
      kind: "transfer",
      transfer: {
        id: "t1",
        kind: "upload",
        name: "cat.png",
        to: ["lobby"],
        file: undefined,
        state: { kind: "failed", fault },
        progress: undefined,
      },
    });
    await screen.frames();
    const output = await screen.outputText();
    for (const message of ["unknown command", "that was too fast", "it changed while"]) {
      expect(output).toContain(message);
    }
  };
  const isGone = async () => {
    const isShown = /unknown command|too fast|it changed/.test(await screen.outputText());
    return !isShown && chat.model.transfers.size === 0;
  };
  await fail();
  await clock.advance(SCREEN_FAULT_MS - 2 * SCREEN_FRAME_MS);
  expect(await isGone()).toBe(false);
  await screen.frames(3);
  expect(await isGone()).toBe(true);
  for (const keys of ["next\r", "\x07"]) {
    await fail();
    await screen.type(keys);
    await screen.frames();
    expect(await isGone()).toBe(true);
  }
  await screen.type(LOOK_AWAY);
  await fail();
  await clock.advance(2 * SCREEN_FAULT_MS);
  expect(await isGone()).toBe(false);
  await screen.type(LOOK_BACK);
  await clock.advance(SCREEN_FAULT_MS + SCREEN_FRAME_MS);
  expect(await isGone()).toBe(true);
});

test("tells a new user where help is", async () => {
  const screen = new FullScreen();
  screen.chat["handleEvent"]({ kind: "caught-up" } as never);
  await using _open = await screen.open();
  expect(await screen.outputText()).toContain("F1 lists the keys, and /help the commands");
});

test("displays the welcome text once, even after a second connection", async () => {
  const screen = new FullScreen();
  const welcome = "Welcome to the harbour";
  for (const kind of ["listing", "caught-up", "listing", "caught-up"]) {
    screen.chat["handleEvent"]({ kind, link: { transport: "ws", welcome }, rooms: [] } as never);
  }
  await using _open = await screen.open();
  expect((await screen.outputText()).split(welcome)).toHaveLength(2);
});

screenTest(
  "reports a changed identity key and a remark about an encrypted room",
  async (screen) => {
    screen.chat["handleEvent"]({ kind: "identity-changed", user: "bob", sentence: "" });
    const remark = { text: "a member left", plain: "" };
    screen.chat["handleEvent"]({ kind: "sealed-remark", remark } as never);
    await screen.frames();
    expect(await screen.outputText()).toContain("bob's identity key has changed");
    expect(await screen.outputText()).toContain("a member left");
  },
);

screenTest("keeps the line while no room is open, and copies a result", async (screen) => {
  screen.chat.actions.open(undefined);
  await screen.frames();
  expect(screen.output).toContain("you are no longer in #lobby");
  await screen.type("lost?");
  expect(await screen.type("\r")).toContain("no room is open");
  screen.client.notices.showText((texts) => texts.inviteHint(undefined), ["chat join x"]);
  await screen.clock.advance(0);
  expect(await screen.type("\x1bc")).toContain(`\x1b]52;c;${btoa("chat join x")}`);
  expect(await screen.outputText()).toContain("copied");
});

test("handles keys typed before a room is open, in order", async () => {
  await using screen = await new FullScreen().open("hello\n", "/me waves\r");
  await screen.frames();
  expect(screen.server.texts()).toEqual(["hello", "waves"]);
  await screen.clock.advance(1_000);
  await screen.type("one\ntwo"); // Ctrl-J inserts a line break.
  expect(screen.server.texts()).toHaveLength(2);
});

describe("a draft", () => {
  const ownerOf = ({ server }: FullScreen) => {
    return { fingerprint: server.identity.fingerprint, user: "ana" };
  };
  const stored = (screen: FullScreen) =>
    screen.state.drafts.list(ownerOf(screen)).get("lobby")?.text;

  test.each(["the end", "the end of the process"])("is stored at %s", async (occasion) => {
    await using screen = await new FullScreen().open();
    await screen.type("half a thought");
    if (occasion === "the end") await screen.end();
    else screen.device.emit("exit");
    expect(stored(screen)).toBe("half a thought");
  });

  test("is restored in its room, and removed when it is sent", async () => {
    const screen = new FullScreen();
    const draft = { text: "half a thought" };
    saveDrafts(screen.state.drafts, ownerOf(screen), new Map([["lobby", draft]]));
    await using _open = await screen.open();
    expect(screen.output).toContain("half a thought");
    await screen.type("\r");
    await screen.frames();
    expect(screen.server.texts()).toEqual(["half a thought"]);
    await screen.end();
    expect(stored(screen)).toBeUndefined();
  });

  test("returns after a command that was typed before its room was open", async () => {
    const screen = new FullScreen();
    const draft = { text: "half a thought" };
    saveDrafts(screen.state.drafts, ownerOf(screen), new Map([["lobby", draft]]));
    await using _open = await screen.open("/me wa");
    await screen.type("ves\r");
    await screen.frames();
    expect(screen.server.texts()).toEqual(["waves"]);
    expect(await screen.outputText()).toContain("half a thought");
    await screen.end();
    expect(stored(screen)).toBe("half a thought");
  });

  screenTest("excludes answers to questions", async (screen) => {
    void screen.client.questions.ask("secret", "Password");
    await screen.type("hunter2");
    await screen.end();
    expect(stored(screen)).toBeUndefined();
  });
});

screenTest("displays an error in a view on one line, and still allows leaving", async (screen) => {
  screen.isBroken = true;
  screen.server.addRecord({ text: "at no time" }, "bob");
  await screen.frames();
  expect(screen.output).toContain("cannot draw");
  expect(screen.output).toContain("the time is no number");
  await screen.type("x");
  screen.isBroken = false;
  expect(await screen.type("y")).toContain("at no time");
  screen.isBroken = true;
  await screen.type("\x03");
  await screen.type("\x03");
  await screen.type("\x03");
  expect(await screen.outcome()).toMatchObject({ code: "interrupted" });
});

screenTest("ends after a failed assertion", async (screen) => {
  spyOn(screen.chat.actions, "setDraft").mockImplementation(() => {
    throw new AssertionFailure("a draft has a room");
  });
  await screen.type("half");
  await screen.clock.advance(DRAFT_SAVE_DELAY_MS);
  expect(await screen.outcome()).toBeInstanceOf(AssertionFailure);
});

describe("a muted room", () => {
  screenTest("stays muted after a rename and in the next run", async (screen) => {
    const { client, server, state, chat } = screen;
    const { fingerprint } = server.identity;
    server.addRecord({}, "server", "room"); // The record that creates the room is not unread.
    await screen.type(LOOK_AWAY);
    await screen.mention();
    expect(screen.output).toContain(RING);
    await screen.type(LOOK_BACK);
    await screen.type("/notify off\r");
    await screen.frames();
    expect(screen.output).toContain("#lobby is muted on this device");
    expect(screen.output).toContain("⊘");
    expect(state.muted.list(fingerprint, "ana")).toEqual(["lobby"]);
    chat["handleEvent"](HALL);
    await screen.frames();
    client.set("bell off");
    client.hideJoins(true);
    client.set("bell on");
    expect([client.settings.muted, client.hidesJoins]).toEqual([["hall"], true]);
    await screen.type(LOOK_AWAY);
    await screen.mention();
    expect(screen.output).not.toContain(RING);
    await screen.end();
    expect(state.muted.list(fingerprint, "ana")).toEqual(["hall"]);
  });
});

describe("results", () => {
  screenTest("displays a refused /msg until it is discarded", async (screen) => {
    screen.server.misbehaviour.onRequest = ({ kind }) =>
      kind === "post" ? new Fault("user-unknown", "there is no user 'typo'") : undefined;
    await screen.type("/msg typo hello\r");
    await screen.frames(2);
    expect(await screen.outputText()).toContain("not sent to @typo: there is no user 'typo'");
    screen.chat.actions.open("attic");
    await screen.clock.advance(SCREEN_FAULT_MS + SCREEN_FRAME_MS);
    const output = await screen.outputText();
    expect(output).not.toContain("there is no user");
    expect(output).toContain("1 not sent to @typo");
    screen.chat.actions.discard(screen.chat.model.pending[0]?.key ?? "");
    await screen.frames();
    expect(await screen.outputText()).not.toContain("not sent");
  });
});

screenTest("reports a message sent to another conversation", async (screen) => {
  const shownAfter = async (keys: string) => {
    await screen.type(keys);
    await screen.frames(2);
    return screen.outputText();
  };
  expect(await shownAfter("/msg bob hello\r")).toContain("sent to @bob");
});

screenTest(
  "asks the terminal nothing at the start, because the client may end at once",
  async (screen) => {
    await screen.clock.advance(500);
    expect(screen.output).not.toMatch(/\x1b\[(?:6n|c|5n)/);
    await screen.clock.advance(500);
    const [, after = ""] = screen.output.split("\x1b[c");
    // The samples of the widths were written over the first row.
    expect(after).toContain("lobby");
  },
);

screenTest("redraws after the terminal has reported its widths in pieces", async (screen) => {
  try {
    await screen.type("\u2764\ufe0fb");
    await screen.clock.advance(1_000);
    // A terminal without variation selectors, joined emoji or wide flags.
    const answers = "\x1b[1;2R\x1b[1;2R\x1b[1;7R\x1b[1;2R\x1b[1;5R\x1b[1;2R\x1b[1;2R\x1b[?62c";
    for (const chunk of [answers.slice(0, 20), answers.slice(20)]) {
      await screen.type(chunk);
      await screen.clock.advance(SCREEN_ESC_MS);
    }
    expect(terminalWidths.of("\u2764\ufe0f")).toBe(1);
    expect(screen.output).toContain("\u2764\ufe0f");
  } finally {
    terminalWidths.measure({});
  }
});

describe("unsent messages", () => {
  const unsent = async (screen: FullScreen, ...texts: readonly string[]) => {
    screen.server.misbehaviour.onRequest = ({ kind }) => (kind === "post" ? "silent" : undefined);
    for (const text of texts) await screen.type(`${text}\r`);
    await screen.frames();
  };

  screenTest("Ctrl-C says once what is unsent, and again after another message", async (screen) => {
    await unsent(screen, "one", "two");
    await screen.type("\x03");
    expect(await screen.outputText()).toContain("Sending 2 messages…");
    await unsent(screen, "three");
    await screen.type("\x03");
    expect(await screen.outputText()).toContain("Sending 3 messages…");
    await screen.type("\x03");
    expect(await screen.outcome()).toMatchObject({ code: "interrupted" });
  });

  test.each([
    ["\x03", "interrupted"],
    ["\x04", "timeout"],
    ["/quit\r", "timeout"],
  ] as const)("%j quits within two seconds if the server is silent", async (keys, code) => {
    await using screen = await new FullScreen().open();
    await unsent(screen, "one");
    screen.server.misbehaviour.onRequest = () => "silent";
    await screen.type(keys);
    await screen.clock.advance(2_000);
    expect(await screen.outcome()).toMatchObject({ code });
  });

  test.each([["\x04"], ["/quit\r"]])(
    "%j sends queued messages; a second one quits",
    async (keys) => {
      await using screen = await new FullScreen().open();
      await unsent(screen, "one");
      await screen.type(keys);
      expect(await screen.outputText()).toContain("Sending 1 message…");
      await screen.type(keys);
      expect(await screen.outcome()).toBe(0);
    },
  );
});

screenTest("runs a known command behind spaces", async (screen) => {
  await screen.type(" /me waves\r");
  await screen.type("  /usr/bin\r");
  await screen.frames(2);
  expect(screen.server.texts()).toEqual(["waves", "  /usr/bin"]);
});

describe("a refused message", () => {
  const refuse = ({ server }: FullScreen) => {
    server.misbehaviour.onRequest = ({ kind }) =>
      kind === "post" ? new Fault("not-allowed", "only moderators can post") : undefined;
  };
  const drafts = ({ state, server }: FullScreen) =>
    state.drafts.list({ fingerprint: server.identity.fingerprint, user: "ana" });

  test.each([
    ["\x03", "interrupted"],
    ["\x04", 0],
    ["/quit\r", 0],
  ])("is asked about at %j, and is a draft at the next start", async (keys, outcome) => {
    const screen = await new FullScreen().open();
    refuse(screen);
    await screen.type("lost?\r");
    await screen.frames(2);
    await screen.type(keys);
    expect(await screen.outputText()).toContain("1 message not sent. Quit again");
    await screen.type(keys);
    const ended = await screen.outcome();
    expect(ended instanceof Fault ? ended.code : ended).toBe(outcome as never);
    expect([...drafts(screen)]).toEqual([["lobby", { text: "lost?" }]]);
  });

  test("survives the end of the process, but not its own discarding", async () => {
    const screen = await new FullScreen().open();
    refuse(screen);
    await screen.type("lost?\r");
    await screen.frames(2);
    const [post] = screen.chat.model.pending;
    screen.chat.actions.discard(post?.key ?? "");
    await screen.frames();
    expect(drafts(screen).size).toBe(0);
    await screen.type("kept\r");
    await screen.frames(2);
    screen.device.emit("exit");
    expect([...drafts(screen).values()]).toEqual([{ text: "kept" }]);
    await screen.end();
  });
});

describe("lines pasted without marks", () => {
  const DRAFT = "//me sneaky\nbeta";

  screenTest("in one read are a draft, and run no command", async (screen) => {
    await screen.type("/me sneaky\rbeta\r");
    expect(screen.server.texts()).toEqual([]);
    expect(screen.client.state.editor.text).toBe(DRAFT);
    await screen.type("\r");
    await screen.frames();
    expect(screen.server.texts()).toEqual([DRAFT.slice(1)]);
  });

  screenTest("character by character without a pause are a draft, too", async (screen) => {
    const typed = [..."/me sneaky\rbeta\r"].map((key) => screen.press(key));
    await Promise.all(typed);
    await screen.clock.advance(UNMARKED_PASTE_MS + 1);
    expect(screen.server.texts()).toEqual([]);
    expect(screen.client.state.editor.text).toBe(DRAFT);
  });

  screenTest("follow the text before them", async (screen) => {
    await screen.type("/msg bob ");
    await screen.clock.advance(UNMARKED_PASTE_MS + 1);
    await screen.type("one\rtwo");
    await screen.frames();
    expect(screen.client.state.editor.text).toBe("/msg bob one\ntwo");
  });

  screenTest("run no single-key command on a selected message", async (screen) => {
    await screen.mention();
    await screen.type("\x1b[1;2A");
    expect(screen.client.state.selected).toBeDefined();
    await screen.type("delete\rr");
    await screen.frames();
    expect(screen.client.state.question).toBeUndefined();
    expect(screen.client.state.editor.text).toBe("delete\nr");
  });

  screenTest("Enter after a pause sends each line", async (screen) => {
    await screen.type("one\r");
    await screen.type("two\r");
    await screen.frames();
    expect(screen.server.texts()).toEqual(["one", "two"]);
  });
});

test("does not send on an Enter inside a paste, wherever the paste is split", async () => {
  await using screen = await new FullScreen().open();
  await screen.type("\x1b[200~one\r\x1b[2J\x03two\x1b[201~\rthree\r\x1b[2");
  await screen.type("01~");
  await screen.frames();
  expect(screen.server.texts()).toEqual([]);
  await screen.type("\r");
  await screen.frames();
  expect(screen.server.texts()).toEqual(["one\ntwothree"]);
});
