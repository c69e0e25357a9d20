import { expect, spyOn, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Fault } from "../../../src/base/fault.ts";
import { WAITING_MESSAGES_MAX } from "../../../src/base/limits.ts";
import { SCREEN_FRAME_MS } from "../../../src/base/limits-screen.ts";
import { didYouMean } from "../../../src/base/near-name.ts";
import { runSlash } from "../../../src/cli/chat/slash.ts";
import type { OpenClient } from "../../../src/cli/connect/client.ts";
import type { Context } from "../../../src/cli/context.ts";
import { type CommandScreen, ScreenCommands } from "../../../src/cli/screen/commands.ts";
import { ScreenFiles } from "../../../src/cli/screen/files.ts";
import { DEFAULT_SETTINGS } from "../../../src/cli/screen/state/screen-state.ts";
import { screenTexts } from "../../../src/cli/screen/text/texts.ts";
import { openRoom } from "../../../src/core/model/selectors.ts";
import { openSource } from "../../../src/io/file/source.ts";
import { ENGLISH_TERMINAL } from "../../../src/ui/messages/en/terminal.ts";
import { ClientFixture, clientTest } from "../../client/client-fixture.ts";
import { until } from "../../event.ts";
import { fixtureTest } from "../../fixture-test.ts";
import { rejection } from "../../rejection.ts";

async function commandsOf(fixture: ClientFixture) {
  const { client } = fixture.modelClient();
  await fixture.outcome(client.connect());
  await fixture.clock.advance(SCREEN_FRAME_MS);
  const { state } = fixture;
  const address = { host: "chat.example.org", port: 2428 };
  const open = { client, state, user: "ana", address } as unknown as OpenClient;
  client.actions.open("lobby");
  const notes: string[] = [];
  const overlays: (readonly string[])[] = [];
  const answers: (string | undefined)[] = [];
  let muted: readonly string[] = ["#noise"];
  const screen: CommandScreen & { inputs: number; isTyping: boolean } = {
    inputs: 0,
    isTyping: false,
    openInbox: () => undefined,
    openFinder: ({ text }) => overlays.push(["finder", text]),
    noteReplaced: (command, key) => notes.push(`${command} is now ${key}`),
    screenTexts: screenTexts("en"),
    notices: {
      note: (text) => notes.push(text(ENGLISH_TERMINAL)),
      fault: ({ message }) => notes.push(message),
      noteLeftRoom: (room, text) => notes.push(`${room}: ${text(ENGLISH_TERMINAL)}`),
      showText: (title, lines) => overlays.push([title(ENGLISH_TERMINAL), ...lines]),
      showMessages: (title, found) =>
        overlays.push([title, ...found.map(({ item }) => `#${item.seq} ${item.text}`)]),
      text: (message) => message(ENGLISH_TERMINAL),
    },
    questions: {
      ask: (_, question) => {
        notes.push(question);
        return Promise.resolve(answers.shift());
      },
      begin: () => undefined,
      end: () => undefined,
    },
    texts: ENGLISH_TERMINAL,
    hideJoins: () => undefined,
    hidesJoins: false,
    set: (argument) => notes.push(`set ${argument}`),
    get settings() {
      return { ...DEFAULT_SETTINGS, muted };
    },
    mute: (target, on) => {
      const others = muted.filter((entry) => entry !== target.toLowerCase());
      muted = on ? [...others, target.toLowerCase()] : others;
    },
    confirmLeave: () => "all-sent",
    end: (exitCode) => notes.push(`the end, ${exitCode}`),
  };
  const offsetMinutes = () => 0;
  const context = {
    clock: fixture.clock,
    offsetMinutes,
    env: {},
    json: false,
    settings: () => ({ aliases: new Map([["brb", "me will be back"]]) }),
  } as unknown as Context;
  const files = new ScreenFiles({ context, open, note: screen.notices.note });
  const commands = new ScreenCommands({ context, open, files, screen });
  const run = async (line: string) => {
    const outcome = await fixture.outcome(runSlash(commands, line));
    await fixture.clock.advance(SCREEN_FRAME_MS);
    return outcome instanceof Fault ? outcome.code : "fine";
  };
  return { client, run, notes, overlays, answers, files, commands, screen };
}

const commandTest = fixtureTest(() => commandsOf(new ClientFixture()));

clientTest("sends text to the open room and reports faults", async (fixture) => {
  const { run, overlays, notes } = await commandsOf(fixture);
  expect(await run("me waves")).toBe("fine");
  expect(await run("shrug")).toBe("fine");
  expect(await run("shrug who _knows")).toBe("fine");
  const shrugs = ["¯\\_(ツ)_/¯", "who _knows ¯\\_(ツ)_/¯"];
  expect(fixture.server.texts()).toEqual(["waves", ...shrugs]);
  expect(await run("brb soon")).toBe("fine");
  expect(fixture.server.texts().at(-1)).toBe("will be back soon");
  expect(await run("me")).toBe("usage");
  expect(await run("nonsense")).toBe("usage");
  expect(await run("help")).toBe("fine");
  expect(overlays).toEqual([["finder", "?"]]);
  expect(notes).toEqual(["/help is now F1"]);
});

test("`/reply` refers to another user's last message, `/edit` to the user's own", async () => {
  const fixture = new ClientFixture();
  const { run } = await commandsOf(fixture);
  fixture.server.addRecord({ text: "who is there?" }, "bob");
  await fixture.clock.advance(SCREEN_FRAME_MS);
  expect(await run("reply me")).toBe("fine");
  const post = fixture.server.requests.findLast(({ kind }) => kind === "post");
  expect(post).toMatchObject({ body: { text: "me", re: 1 } });
  expect(await run("edit I")).toBe("kind-unknown");
  const edit = fixture.server.requests.findLast(({ kind }) => kind === "edit");
  expect(edit).toMatchObject({ seq: 2, text: "I" });
});

clientTest("asks nothing while the user types", async (fixture) => {
  const { commands, notes, answers, screen } = await commandsOf(fixture);
  answers.push("yes", "yes");
  screen.isTyping = true;
  const question = () => "Room 'hall' does not exist. Create it?";
  expect(await commands.chatConsole.confirm(question)).toBe(false);
  expect(await commands.chatConsole.secret(question)).toBeUndefined();
  expect(notes.at(-1)).toStartWith("Room 'hall' does not exist. Create it? You were typing");
  screen.isTyping = false;
  expect(await commands.chatConsole.confirm(question)).toBe(true);
});

commandTest("explains that a name belongs to the account", async ({ commands }) => {
  const fault = await rejection(runSlash(commands, "nick bob"));
  expect(fault.message).toBe("you cannot change your account name");
});

clientTest("lists messages with their numbers", async (fixture) => {
  const { run, overlays, notes } = await commandsOf(fixture);
  expect(await run("history")).toBe("fine");
  expect([overlays, notes]).toEqual([[], ["no messages found"]]);
  fixture.server.addRecord({ text: "first" }, "bob");
  fixture.server.addRecord({ text: "second" }, "bob");
  expect(await run("history")).toBe("fine");
  expect(overlays).toEqual([["/history", "#2 second", "#1 first"]]);
});

commandTest("displays an invite on a line of its own", async ({ run, overlays, client }) => {
  spyOn(client, "request").mockResolvedValue({ token: "secret", invite: "i1" } as never);
  expect(await run("invite bob")).toBe("fine");
  const line = expect.stringMatching(/^chat join '\S+#secret'$/);
  expect(overlays).toEqual([["send this command to bob:", line]]);
});

commandTest("addresses an invite to a single user", async ({ run, notes, client }) => {
  const bob = { user: "Bob", online: false, role: "operator", rooms: ["dev", "lobby"] };
  spyOn(client, "request").mockResolvedValue({ ...bob, since: 1767323045678 } as never);
  expect(await run("whois @bob")).toBe("fine");
  const facts = "Bob (operator) is offline, registered 2026-01-02";
  expect(notes).toEqual([`${facts}; shared rooms: dev, lobby`]);
  expect(await run("whois")).toBe("usage");
});

commandTest(
  "creates, lists and revokes IRC passwords",
  async ({ run, notes, overlays, client }) => {
    const request = spyOn(client, "request");
    const tls = { port: 6697, certificate: new Uint8Array([0x0a, 0xbc]) };
    request.mockImplementation((async (kind: string) =>
      kind === "irc-password"
        ? { user: "ana", id: 7, password: "iSECRET" }
        : { user: "ana", passwords: [], tls }) as never);
    const setup = [
      expect.stringMatching(/^Server: \S+, port 6697, with TLS$/),
      "Nick and user name: ana",
      "Certificate (SHA-256): 0ABC",
      "For irssi: 0A:BC",
      "The guide docs/irc.md explains how to set up IRC clients.",
    ];
    expect(await run("irc-password")).toBe("fine");
    expect(request).toHaveBeenCalledWith("irc-password", {});
    expect(await run("irc-password new my WeeChat")).toBe("fine");
    expect(request).toHaveBeenCalledWith("irc-password", { label: "my WeeChat" });
    const created = ["IRC password for ana, shown only once:", "iSECRET", ...setup];
    expect(overlays).toEqual([created, created]);
    const passwords = [
      { id: 7, label: "WeeChat", since: 1767323045678, online: true },
      { id: 9, since: 1767323045678, online: false },
    ];
    request.mockResolvedValue({ user: "ana", passwords, tls } as never);
    expect(await run("irc-password list")).toBe("fine");
    expect(overlays.at(-1)).toEqual([
      "2 IRC passwords",
      "7: WeeChat, created 2026-01-02, in use",
      "9: created 2026-01-02",
      ...setup,
    ]);
    request.mockResolvedValue({ user: "ana", passwords: [] } as never);
    expect(await run("irc-password list")).toBe("fine");
    expect(overlays.at(-1)?.at(-1)).toContain("doesn't accept IRC clients");
    request.mockResolvedValue({} as never);
    expect(await run("irc-password revoke 7")).toBe("fine");
    expect(request).toHaveBeenLastCalledWith("irc-password-revoke", { id: 7 });
    expect(notes).toEqual(["IRC password 7 no longer works"]);
    const calls = request.mock.calls.length;
    for (const wrong of ["revoke", "revoke x", "revoke 0", "list all", "WeeChat"]) {
      expect(await run(`irc-password ${wrong}`)).toBe("usage");
    }
    expect(request).toHaveBeenCalledTimes(calls);
  },
);

commandTest("encrypts a conversation only after a prompt", async (fixture) => {
  const { client, run, notes, answers } = fixture;
  expect(await run("seal @bob")).toBe("not-allowed");
  expect(notes).toEqual([]);
  answers.push("no");
  spyOn(client.actions, "checkSealable").mockResolvedValueOnce();
  expect(await run("seal @bob")).toBe("fine");
  expect(notes).toEqual([
    "Encrypt the conversation with bob? This cannot be undone.",
    "the conversation with bob is not encrypted",
  ]);
  expect(await run("seal @bob --yes")).not.toBe("fine");
  expect(await run("seal")).not.toBe("fine");
  expect(notes).toHaveLength(2);
});

clientTest("creates a room only after a prompt that describes it", async (fixture) => {
  const { run, notes, answers } = await commandsOf(fixture);
  fixture.server.misbehaviour.onRequest = (request) => {
    const isMissing = request.kind === "join" && request.create !== true;
    return isMissing ? new Fault("room-unknown", "no such room") : undefined;
  };
  fixture.server.answers = new Map([["rooms", { rooms: [], more: false }]]);
  answers.push("no", "no");
  expect(await run("join bad")).toBe("fine");
  expect(await run("join bad name!")).toBe("fine");
  expect(notes).toEqual([
    "Room 'bad' does not exist. Create it?",
    "Room 'bad' does not exist. Create it with the password 'name!'?",
  ]);
  expect(fixture.server.requests.some((request) => request.kind === "join" && request.create)).toBe(
    false,
  );
});

clientTest("opens the room that a mistyped name meant", async (fixture) => {
  const { run, notes, answers } = await commandsOf(fixture);
  fixture.server.misbehaviour.onRequest = (request) =>
    request.kind === "join" && request.room === "genral"
      ? new Fault("room-unknown", "no such room", { remedy: didYouMean("general") })
      : undefined;
  fixture.server.answers = new Map<string, object>([
    ["join", { seq: 1, room: "rRRRRRRRRRRR", name: "general", created: false, joined: true }],
  ]);
  answers.push("no", "no", "no", "yes");
  expect(await run("join genral")).toBe("fine");
  expect(await run("join genral --assignment")).toBe("fine");
  expect(notes).toEqual([
    "Room 'genral' does not exist. Open 'general' instead?",
    "Room 'genral' does not exist. Create it?",
    "Room 'genral' does not exist. Create it?",
  ]);
  const joined = () =>
    fixture.server.requests.flatMap((one) => (one.kind === "join" ? one.room : []));
  expect(joined()).not.toContain("general");
  expect(await run("join genral")).toBe("fine");
  expect(joined().at(-1)).toBe("general");
});

clientTest("jumps to a message by its number, or to a date", async (fixture) => {
  const { run, commands } = await commandsOf(fixture);
  const jumpSeq = async (to: string) => {
    expect(await run(`jump ${to}`)).toBe("fine");
    await fixture.clock.advance(SCREEN_FRAME_MS);
    return openRoom(commands.chat.model)?.jumpSeq;
  };
  for (let n = 1; n <= 3; n++) fixture.server.addRecord({ text: `message ${n}` }, "bob");
  expect(await jumpSeq("2")).toBe(2);
  expect(await jumpSeq("2026-11-20")).toBe(1);
  const since = Date.parse("2026-11-20T00:00:00Z");
  const histories = fixture.server.requests.filter(({ kind }) => kind === "history");
  expect(histories.some((request) => "since" in request && request.since === since)).toBe(true);
  expect(await run("jump soon")).toBe("usage");
  expect(await run("jump")).toBe("usage");
});

clientTest("mutes and unmutes rooms and people", async (fixture) => {
  const { commands, run, notes } = await commandsOf(fixture);
  expect(await run("notify")).toBe("fine");
  expect(await run("notify off")).toBe("fine");
  expect(await run("notify off @Bob")).toBe("fine");
  expect(await run("notify")).toBe("fine");
  expect(await run("notify on #LOBBY")).toBe("fine");
  expect(await run("notify on noise")).toBe("fine");
  expect(notes).toEqual([
    "muted on this device: #noise",
    "#lobby is muted on this device",
    "@Bob is muted on this device",
    "muted on this device: #noise, #lobby, @bob",
    "#lobby is no longer muted",
    "#noise is still muted by the setting 'muted'; to change it: /set muted",
  ]);
  expect(await run("notify all #lobby")).toBe("kind-unknown");
  commands.chat.store.applyNow({ kind: "prefs", rooms: [], saved: [] });
  expect(await run("notify all #lobby")).toBe("fine");
  expect(notes.at(-1)).toBe("notifications from #lobby on all your devices: All messages");
  expect(await run("notify nothing")).toBe("fine");
  expect(notes.at(-1)).toBe("notifications from #lobby on all your devices: Nothing");
  for (const line of ["quiet on", "quiet off", "quiet", "set mouse on"]) {
    expect(await run(line)).toBe("fine");
  }
  expect(notes.at(-1)).toBe("set mouse on");
  fixture.server.misbehaviour.onRequest = ({ kind }) =>
    kind === "history" ? new Fault("room-unknown", "no such room") : undefined;
  expect(await run("notify off nowhere")).toBe("room-unknown");
  expect(await run("notify bob")).toBe("usage");
  expect(await run("notify on a b")).toBe("usage");
});

test("keeps a message in the model until its file is posted", async () => {
  const folder = mkdtempSync(join(tmpdir(), "chat-screen-"));
  try {
    const fixture = new ClientFixture();
    const { run, files, client } = await commandsOf(fixture);
    const path = join(folder, "notes.txt");
    writeFileSync(path, "some notes");
    // Opening a file that was just written waits in real time, unlike the fixture's clock.
    (await openSource(path)).close();
    fixture.server.misbehaviour = {
      onRequest: ({ kind }) => (kind === "put" ? "silent" : undefined),
    };
    expect(await run(`send ${path}`)).toBe("fine");
    await fixture.clock.advance(SCREEN_FRAME_MS);
    expect(client.model.waiting).toMatchObject([{ to: ["lobby"], files: [{ name: "notes.txt" }] }]);
    const discardAll = async () => {
      for (const { key } of client.model.waiting) files.command(key, { kind: "discard" });
      await fixture.clock.advance(SCREEN_FRAME_MS);
    };
    await discardAll();
    expect([client.model.waiting, files.isBusy]).toEqual([[], false]);
    for (let i = 0; i < WAITING_MESSAGES_MAX; i++) expect(await run(`send ${path}`)).toBe("fine");
    expect(await run(`send ${path}`)).toBe("too-many");
    await fixture.clock.advance(SCREEN_FRAME_MS);
    await discardAll();
    expect(files.command("gone", { kind: "discard" })).toBe(false);
    fixture.server.misbehaviour = {};
    expect(await run(`send ${path}`)).toBe("fine");
    await until("the message is sent", async () => {
      await fixture.clock.advance(SCREEN_FRAME_MS);
      return !files.isBusy && client.model.waiting.length === 0;
    });
    expect(client.model.faults).toEqual([]);
    expect(await run(`send ${join(folder, "nothing")}`)).toBe("not-found");
    expect(await run("get nonsense")).toBe("file-unknown");
    expect(readFileSync(path, "utf8")).toBe("some notes");
    await fixture.outcome(client.close());
  } finally {
    rmSync(folder, { recursive: true });
  }
});

clientTest("refuses a second log-in while one is in progress", async (fixture) => {
  const { commands } = await commandsOf(fixture);
  const first = Promise.withResolvers<void>();
  const login = fixture.code(commands.runLogin(() => first.promise));
  expect(await fixture.code(commands.runLogin(() => Promise.resolve()))).toBe("usage");
  first.reject(new Fault("login-refused", "refused"));
  expect(await login).toBe("login-refused");
});
