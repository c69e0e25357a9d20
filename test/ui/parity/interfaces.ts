/** Interfaces with slash commands, each used by one person of a simulated server. */

import type { ReactElement } from "react";
import { Fault } from "../../../src/base/fault.ts";
import { checkName } from "../../../src/base/names.ts";
import { LineClient } from "../../../src/cli/chat/line-client.ts";
import { isSlashCommand, runSlash } from "../../../src/cli/chat/slash.ts";
import type { OpenClient } from "../../../src/cli/connect/client.ts";
import { deviceKeys, nativeHashing } from "../../../src/cli/connect/keys.ts";
import { type CommandScreen, ScreenCommands } from "../../../src/cli/screen/commands.ts";
import { ScreenFiles } from "../../../src/cli/screen/files.ts";
import { DEFAULT_SETTINGS } from "../../../src/cli/screen/state/screen-state.ts";
import { screenTexts } from "../../../src/cli/screen/text/texts.ts";
import { Client } from "../../../src/client/client.ts";
import { Identity } from "../../../src/crypto/identity.ts";
import { ClientState } from "../../../src/io/state/client-state.ts";
import type { Input } from "../../../src/io/terminal/input.ts";
import type { Chat } from "../../../src/ui/command.ts";
import { ENGLISH } from "../../../src/ui/messages/en/page.ts";
import { ENGLISH_TERMINAL } from "../../../src/ui/messages/en/terminal.ts";
import { typedLine } from "../../../src/ui/typed-line.ts";
import { screenModel } from "../../client/client-fixture.ts";
import { type FakeOutput, fakeContext } from "../../commands/fake-world.ts";
import type { Site } from "../../server/site.ts";
import { Browser } from "../../web/browser/browser.ts";

// Imported by a computed path, because the types of the DOM contradict those of Bun.
const PAGE_COMMANDS = "../../../src/web/view/room/slash-commands.ts";
const { runSlashCommand }: PageCommands = await import(String(PAGE_COMMANDS));

interface PageCommands {
  runSlashCommand(
    page: object,
    context: object,
    text: string,
    draft: { readonly text: string },
  ): { readonly kind: "done" | "text" } | { readonly kind: "invalid"; readonly message: string };
}

const ADDRESS = { host: "10.0.0.1", port: 2428 };

/** Interface with the user ana, who has joined the lobby. */
export interface Interface {
  /** Open room or conversation; `undefined` if none is open. */
  readonly target: string | undefined;
  /** Number of questions that the interface has asked; the user answers each with yes. */
  readonly questions: number;
  /** Notes that a terminal has displayed; the page has places for them. */
  readonly notes: string;
  /** Texts of the open rooms and conversations. */
  readonly shown: readonly string[];
  /** Opens a room, as a click or a key does. */
  open(target: string): void;
  /** Types a letter into the input of a full screen. */
  press?: () => void;
  /** Types a line and waits until the interface has handled it. Returns the code of its fault. */
  type(line: string): Promise<string>;
  close(): Promise<void>;
}

export const INTERFACES: Readonly<Record<string, (site: Site) => Promise<Interface>>> = {
  "line mode": openLineMode,
  "full screen": openFullScreen,
  page: openPage,
};

function openClient(site: Site, hasReader: boolean) {
  const { clock, entropy } = site;
  const state = ClientState.inMemory();
  const dialFrom = site.network.dialFrom("10.0.0.7");
  const client = new Client(
    {
      clock,
      entropy,
      state,
      hashing: nativeHashing(),
      dial: (address) => dialFrom({ ...address, timeoutMs: 10_000 }),
      keys: deviceKeys(Identity.generate(), state),
    },
    {
      address: "10.0.0.1:2428",
      program: "chat/test",
      follow: "all",
      credentials: { user: "ana", mode: "either" },
      hasReader,
      model: screenModel(clock),
    },
  );
  const close = () => client.close();
  const open = { client, state, user: "ana", address: ADDRESS, guessDelays: {}, close };
  return { client, open: open as unknown as OpenClient };
}

/** Waits for the end of everything that a command has started. */
async function settled(site: Site): Promise<void> {
  await site.quiet();
  await site.time.advance(1_000);
}

export interface LineMode extends Interface {
  readonly chat: Client;
  readonly output: FakeOutput;
}

export async function openLineMode(site: Site): Promise<LineMode> {
  const { client: chat, open } = openClient(site, true);
  await site.wait(chat.connect());
  const requests: PromiseWithResolvers<string | undefined>[] = [];
  const stdin: Input = {
    isTerminal: false,
    isClosed: false,
    line() {
      const request = Promise.withResolvers<string | undefined>();
      requests.push(request);
      return request.promise;
    },
    lineWithin: async () => undefined,
    secretLine: async () => undefined,
    chunk: async () => undefined,
    setRaw: () => undefined,
  };
  const { world, context } = fakeContext({ json: true, clock: site.clock });
  const lines = new LineClient({ ...context, stdin }, open, [checkName("lobby")]);
  const ended = lines.run();
  const isWaiting = () => site.until("a prompt", () => requests[0]);
  await isWaiting();
  await settled(site);
  return {
    chat,
    output: world.stdout as FakeOutput,
    get target() {
      return chat.model.open;
    },
    questions: 0,
    open: (target) => chat.actions.open(target),
    get notes() {
      return world.stderr.text;
    },
    get shown() {
      return textsIn(chat);
    },
    async type(text) {
      const printed = world.stdout.text.length;
      requests.shift()?.resolve(text);
      await isWaiting();
      await settled(site);
      const lines = world.stdout.text.slice(printed).split("\n").filter(Boolean);
      const fault = lines.map((json) => JSON.parse(json)).find(({ kind }) => kind === "fault");
      return fault?.code ?? "done";
    },
    async close() {
      requests.shift()?.resolve(undefined);
      await site.wait(ended);
    },
  };
}

async function openFullScreen(site: Site): Promise<Interface> {
  const { clock } = site;
  let refused: string | undefined;
  const { client: chat, open } = openClient(site, false);
  chat.present({
    perform(effect) {
      if (effect.kind === "refused") refused = effect.fault.code;
    },
  });
  await site.wait(chat.connect());
  chat.actions.open("lobby");
  await settled(site);
  let questions = 0;
  let notes = "";
  const screen: CommandScreen & { inputs: number } = {
    inputs: 0,
    isTyping: false,
    openInbox: () => undefined,
    openFinder: () => undefined,
    noteReplaced: () => undefined,
    screenTexts: screenTexts("en"),
    notices: {
      note(text) {
        notes += `${typeof text === "string" ? text : text(ENGLISH_TERMINAL)}\n`;
      },
      fault: () => undefined,
      noteLeftRoom: () => undefined,
      showText: () => undefined,
      showMessages: () => undefined,
      text: (message) => message(ENGLISH_TERMINAL),
    },
    questions: {
      async ask() {
        questions++;
        return "yes";
      },
      begin: () => undefined,
      end: () => undefined,
    },
    texts: ENGLISH_TERMINAL,
    hideJoins: () => undefined,
    hidesJoins: false,
    set: () => undefined,
    settings: DEFAULT_SETTINGS,
    mute: () => undefined,
    confirmLeave: () => "all-sent",
    end: () => undefined,
  };
  const { context } = fakeContext({ clock });
  const files = new ScreenFiles({ context, open, note: screen.notices.note });
  const commands = new ScreenCommands({ context, open, files, screen });
  return {
    press: () => {
      screen.inputs++;
    },
    get target() {
      return chat.model.open;
    },
    get questions() {
      return questions;
    },
    open: (target) => chat.actions.open(target),
    get notes() {
      return notes;
    },
    get shown() {
      return textsIn(chat);
    },
    async type(text) {
      const before = chat.model.nextFault;
      refused = undefined;
      const typed = typedLine(text, isSlashCommand);
      if (typed.kind === "message") chat.actions.send(commands.current, { text: typed.text });
      else {
        const run = () => runSlash(commands, typed.line);
        const code = await codeOf(site.wait(Promise.resolve().then(run)));
        if (code !== "done") return code;
      }
      await settled(site);
      return newFault(chat, before) ?? refused ?? "done";
    },
    close: () => site.wait(chat.close()),
  };
}

async function openPage(site: Site): Promise<Interface> {
  const tab = await new Browser(site).member("ana");
  const { chat } = tab;
  chat.actions.open("lobby");
  await settled(site);
  let questions = 0;
  let fault: string | undefined;
  const page = {
    chat,
    texts: ENGLISH,
    change: () => undefined,
    notify: () => undefined,
    show(render: (close: () => void) => ReactElement<{ readonly onSubmit: () => unknown }>) {
      questions++;
      render(() => undefined).props.onSubmit();
    },
    openDialog(
      dialog: { readonly name: string },
      props: { readonly room?: string; readonly isSealed?: boolean },
    ) {
      if (dialog.name !== "CreateRoomDialog") return;
      questions++;
      void chat.actions
        .join(props.room ?? "", { create: true })
        .catch((error: unknown) => page.fail(error));
    },
    fail(error: unknown) {
      fault = error instanceof Fault ? error.code : String(error);
    },
  };
  return {
    get target() {
      return chat.model.open;
    },
    get questions() {
      return questions;
    },
    open: (target) => chat.actions.open(target),
    notes: "",
    get shown() {
      return textsIn(chat);
    },
    async type(text) {
      fault = undefined;
      const before = chat.model.nextFault;
      const target = chat.model.open ?? "";
      const draft = { text };
      const open = (to: string) => chat.actions.open(to);
      const context = { target, open, search: () => undefined, jump: () => undefined };
      const outcome = runSlashCommand(
        page,
        { ...context, people: () => undefined, find: () => undefined },
        text,
        draft,
      );
      if (outcome.kind === "text") chat.actions.send(target, draft);
      await settled(site);
      if (outcome.kind !== "invalid") return fault ?? newFault(chat, before) ?? "done";
      const { noOwnMessage, noOthersMessage } = ENGLISH;
      return [noOwnMessage, noOthersMessage].includes(outcome.message) ? "not-found" : "usage";
    },
    close: () => tab.close(),
  };
}

function textsIn({ model }: Pick<Chat, "model">): readonly string[] {
  const items = [...model.rooms.values()].flatMap(({ tail }) => tail.items);
  return items.map(({ text }) => text).filter((text) => text !== "");
}

/** Code of the newest fault in the model, which the interface displays. */
function newFault({ model }: Chat, before: number): string | undefined {
  const refused = model.pending.find(({ state }) => state.kind === "refused")?.state;
  const fault = model.faults.findLast(({ id }) => id >= before)?.fault;
  return fault?.code ?? (refused?.kind === "refused" ? refused.fault.code : undefined);
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return "done";
  } catch (error) {
    if (error instanceof Fault) return error.code;
    throw error;
  }
}
