import type { CompletionSource } from "../../../../src/cli/screen/input/completion.ts";
import type { HandlerContext } from "../../../../src/cli/screen/input/handler.ts";
import { Keymap } from "../../../../src/cli/screen/input/keymap.ts";
import { type Key, KeyDecoder } from "../../../../src/cli/screen/input/keys.ts";
import { update } from "../../../../src/cli/screen/input/update.ts";
import { FinderCache } from "../../../../src/cli/screen/state/finder.ts";
import {
  type Action,
  DEFAULT_SETTINGS,
  FIRST_STATE,
  type ScreenState,
} from "../../../../src/cli/screen/state/screen-state.ts";
import { MessageFinder } from "../../../../src/core/finder/messages.ts";
import type { ModelEvent } from "../../../../src/core/model/event.ts";
import { RowBuilder } from "../../../../src/core/model/rows.ts";
import type { Model } from "../../../../src/core/model/state.ts";
import { updateAll } from "../../../../src/core/model/update.ts";
import { ENGLISH_KEYS } from "../../../../src/ui/messages/en/keys.ts";
import { ENGLISH } from "../../../../src/ui/messages/en/page.ts";
import { recordEvent, scene } from "../../../core/model-scene.ts";

const SOURCE: Omit<CompletionSource, "model"> = {
  commands: [
    { name: "join", usage: "/join ROOM [PASSWORD]", summary: "enter a room" },
    { name: "msg", usage: "/msg NAME TEXT", summary: "write to a person" },
    { name: "send", usage: "/send PATH [TARGET] [--caption TEXT]", summary: "send a file" },
    { name: "get", usage: "/get ID [DIR]", summary: "take a file" },
    { name: "quiet", usage: "/quiet [on|off]", summary: "hide who comes and goes" },
    { name: "set", usage: "/set KEY VALUE", summary: "change a setting" },
    { name: "react", usage: "/react EMOJI [SEQ]", summary: "react to a message" },
    { name: "help", usage: "/help [COMMAND]", summary: "show this" },
    { name: "me", usage: "/me TEXT", summary: "say what you do" },
  ],
  settings: [
    { text: "bell", hint: "on" },
    { text: "theme", hint: "dark" },
  ],
  folder: (path) =>
    path === "later/"
      ? undefined
      : [
          { name: "photo one.png", isFolder: false },
          { name: "pictures", isFolder: true },
          { name: ".hidden", isFolder: false },
          { name: "notes.txt", isFolder: false },
        ],
};

const NOWHERE = { top: 0, topMax: 0 };

export const CAT = "fabcdefghijk";

export function lobby(...events: readonly ModelEvent[]): Model {
  const file = { file: CAT, name: "cat.png", size: 9, chunks: 1, digest: "0".repeat(64) };
  return scene(
    { kind: "open", target: "lobby" },
    ...[2, 3, 4].map((seq) => recordEvent(seq)),
    recordEvent(5, { from: "ana", body: { text: "mine" } }),
    recordEvent(6, { kind: "file", body: { files: [file] } }),
    ...[7, 8, 9, 10, 11].map((seq) => recordEvent(seq)),
    ...events,
  ).model;
}

export class Screen {
  state: ScreenState = FIRST_STATE;
  actions: readonly Action[] = [];
  context: HandlerContext;

  constructor(model: Model = lobby(), change: Partial<HandlerContext> = {}) {
    this.context = {
      model,
      rows: new RowBuilder().rowsOf(model, () => 0, false, true),
      settings: DEFAULT_SETTINGS,
      keymap: new Keymap(),
      layout: {
        pageRows: 5,
        inputColumns: 40,
        rooms: NOWHERE,
        members: NOWHERE,
        heightOf: () => 1,
        foldsOf: () => 0,
        hitAt: () => undefined,
      },
      inputHistory: [],
      source: SOURCE,
      texts: ENGLISH_KEYS,
      titles: ENGLISH,
      times: { nowUnixMs: 0, offsetMinutes: () => 0 },
      messages: new MessageFinder(),
      finderCache: new FinderCache(),
      joinable: [],
      ...change,
    };
  }

  model(...events: readonly ModelEvent[]): void {
    const { model } = updateAll(this.context.model, events);
    this.context = {
      ...this.context,
      model,
      rows: new RowBuilder().rowsOf(model, () => 0, false, true),
    };
  }

  key(key: Key): this {
    const { state, actions } = update(this.state, key, this.context);
    this.state = state;
    this.actions = actions;
    return this;
  }

  press(...names: readonly string[]): this {
    for (const name of names) this.key({ name, text: [...name].length === 1 ? name : "" });
    return this;
  }

  type(text: string): this {
    const decoder = new KeyDecoder();
    for (const key of [...decoder.feed(Buffer.from(text)), ...decoder.flush()]) this.key(key);
    return this;
  }

  paste(text: string): this {
    return this.key({ name: "paste", text });
  }

  get line(): string {
    const { text, cursor } = this.state.editor;
    return `${text.slice(0, cursor)}|${text.slice(cursor)}`;
  }
}
