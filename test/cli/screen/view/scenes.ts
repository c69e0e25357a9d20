import { Fault, msg } from "../../../../src/base/fault.ts";
import type { FileId, RoomId } from "../../../../src/base/ids.ts";
import type { PictureSizes } from "../../../../src/cli/screen/pictures/cells.ts";
import {
  DEFAULT_SETTINGS,
  FIRST_STATE,
  type ScreenFrame,
  type ScreenState,
} from "../../../../src/cli/screen/state/screen-state.ts";
import { screenTexts } from "../../../../src/cli/screen/text/texts.ts";
import { FrameComposer, type ViewProps } from "../../../../src/cli/screen/view/composition.ts";
import type { ChatRecord } from "../../../../src/core/client/chat-record.ts";
import type { RoomCatchUp } from "../../../../src/core/model/catch-up.ts";
import type { ModelEvent } from "../../../../src/core/model/event.ts";
import type { NewMessages } from "../../../../src/core/model/new-messages.ts";
import { RowBuilder } from "../../../../src/core/model/rows.ts";
import type { Model } from "../../../../src/core/model/state.ts";
import { emptyModel, updateAll } from "../../../../src/core/model/update.ts";
import type { Size } from "../../../../src/io/terminal/device.ts";
import { timesIn } from "../../../../src/ui/text/times.ts";

const LOBBY = "lobby" as RoomId;
const DEV = "dev" as RoomId;
const OPS = "ops" as RoomId;
const BEN = "d1" as RoomId;
const CLEO = "d2" as RoomId;
/** Sunday, 20 November 2016, 05:46 UTC: in the past, so that no test displays `today`. */
const START_UNIX_MS = 1_479_620_760_000;

type RecordChange = Partial<ChatRecord> & { readonly body?: Readonly<Record<string, unknown>> };

export class Scene {
  #events: ModelEvent[] = [];
  #seq = 0;
  #nowUnixMs = START_UNIX_MS;

  get seq(): number {
    return this.#seq;
  }

  apply(...events: readonly ModelEvent[]): this {
    this.#events.push(...events);
    return this;
  }

  wait(minutes: number): this {
    this.#nowUnixMs += minutes * 60_000;
    return this;
  }

  message(from: string, text: string, body: Readonly<Record<string, unknown>> = {}): this {
    return this.record({ from, body: { text, ...body } });
  }

  record(change: RecordChange): this {
    this.#seq += 1;
    const room = { kind: "room", name: "lobby", id: LOBBY, topic: "" } as const;
    const record = {
      seq: this.#seq,
      n: this.#seq,
      timeUnixMs: this.#nowUnixMs,
      room,
      id: "",
      kind: "text",
      from: "ben",
      state: "whole",
      body: { text: "" },
      ...change,
    } as ChatRecord;
    return this.apply({ kind: "record", record });
  }

  model(): Model {
    return updateAll(emptyModel(), this.#events).model;
  }
}

const SERVER = {
  name: "box.lan",
  fingerprint: "SHA256:abc",
  needsRoomPassword: false,
  welcome: undefined,
  textBytesMax: 65_536,
  keepsKey: true,
};

export function createScene(topic = "Plans, questions, and what was for lunch", read = 0): Scene {
  const progress = { n: 0, skipped: 0 };
  const room = (id: RoomId, name: string, unread: number) =>
    ({ kind: "room", room: id, name, ...progress, n: unread, read: 0, unread }) as const;
  return new Scene().apply(
    { kind: "greeted", server: SERVER },
    { kind: "entered", user: "ana" },
    { kind: "connection", connection: { kind: "online" } },
    { kind: "room", room: LOBBY, name: "lobby", topic, ...progress, read, keepMs: 30 * 86_400_000 },
    room(DEV, "dev", 12),
    room(OPS, "a-room-with-a-long-name", 0),
    { kind: "room", room: BEN, with: "ben", n: 0, skipped: 0, read: 0 },
    { kind: "room", room: CLEO, with: "cleo", n: 3, skipped: 0, read: 0, unread: 3 },
    { kind: "caught-up" },
    { kind: "presence", room: LOBBY, user: "ben", online: true },
    { kind: "presence", room: LOBBY, user: "ana", online: true },
    { kind: "draft", target: "dev", draft: { text: "half a thought" } },
  );
}

const MEMBERS = [
  { name: "ana", isOnline: true, role: "member", isBot: true },
  { name: "ben", isOnline: true, role: "operator" },
  { name: "cleo", isOnline: false, role: "moderator" },
  {
    name: "somebody-with-a-very-long-name-1",
    isOnline: false,
    role: "member",
    mutedUntilUnixMs: 0,
  },
] as const;

function fileId(name: string): FileId {
  const letters = name.replaceAll(/[^a-z]/g, "").padEnd(11, "a");
  return `f${letters.slice(0, 11)}` as FileId;
}

export function fileEntry(name: string, more: object = {}) {
  const digest = "0".repeat(64);
  return { file: fileId(name), name, size: 2_150_000, chunks: 9, digest, ...more };
}

/** Body of a message with one file. */
export function fileBody(name: string, more: object = {}) {
  return { ...more, files: [fileEntry(name)] };
}

export function conversation(): Scene {
  const story = createScene(undefined, 14);
  story
    .message("ben", "good morning, everybody")
    .message("ben", "is the printer on the second floor working again?")
    .wait(2)
    .message("cleo", "It is, since yesterday evening. The paper is in the cupboard on the left.", {
      re: 2,
    })
    .record({ kind: "reaction", from: "ben", body: { re: 3, react: "👍" } })
    .record({ kind: "reaction", from: "ana", body: { re: 3, react: "👍" } })
    .record({ kind: "reaction", from: "dan", body: { re: 3, react: "🎉" } })
    .wait(3)
    .record({ kind: "join", from: "dan", body: {} })
    .record({ kind: "join", from: "eve", body: {} })
    .record({ kind: "leave", from: "eve", body: {} })
    .record({ kind: "topic", from: "ben", body: { topic: "Plans, questions, and lunch" } })
    .message("dan", "secret plans")
    .record({ kind: "erase", from: "dan", body: { seq: 11 } })
    .record({ kind: "text", from: "dan", state: "damaged", body: undefined as never })
    .record({ kind: "action", from: "dan", body: { text: "waves to all of you" } })
    .wait(24 * 60 - 30)
    .record({ kind: "file", from: "ben", body: fileBody("floor plan, final.pdf") })
    .record({
      kind: "file",
      from: "ben",
      body: { files: [fileEntry("photos", { folder: { entries: 48, manifestBytes: 5_000 } })] },
    })
    .wait(1)
    .message(
      "cleo",
      "@ana, have you seen https://example.org/rota?week=47&who=ana? Which day is yours?",
      { mentions: ["ana"] },
    )
    .message("dan", "what was said before is not here any more", { re: 900 })
    .message("dan", "Tuesday is mien")
    .record({ kind: "edit", from: "dan", body: { seq: 19, text: "Tuesday is mine" } })
    .message("dan", "and this one was said somewhere else", {
      imported: { from: "old-dan", time: START_UNIX_MS - 86_400_000 },
    })
    .record({ kind: "kick", from: "ben", body: { name: "eve" } })
    .record({ kind: "mute", from: "ben", body: { name: "dan", on: true } })
    .record({ kind: "grant", from: "ben", body: { name: "cleo", on: true } })
    .record({ kind: "rename", from: "ben", body: { user: "u1", was: "dan", name: "daniel" } })
    .record({ kind: "retention", from: "ben", body: { keepMs: 30 * 86_400_000 } })
    .message("ana", "Wednesday is mine. I come at nine and bring the cake that you all like.")
    .apply(
      // A later post would remove the line of new messages.
      posted("k1", "on my way"),
      { kind: "stored", key: "k1" },
      posted("k2", "this is too long"),
      { kind: "open", target: "lobby" },
      { kind: "members", room: LOBBY, members: MEMBERS },
      {
        kind: "settled",
        key: "k2",
        outcome: { kind: "refused", fault: new Fault("muted", msg`you are muted in '${"dev"}'`) },
      },
      {
        kind: "transfer",
        transfer: {
          id: "t1",
          kind: "download",
          file: fileId("photos"),
          name: "photos",
          to: [],
          state: { kind: "running" },
          progress: {
            doneBytes: 967_500,
            sizeBytes: 2_150_000,
            resumedBytes: 0,
            ratePerS: 1_200_000,
            leftMs: 3_000,
            elapsedMs: 900,
          },
        },
      },
    );
  return story;
}

function posted(key: string, text: string): ModelEvent {
  const writtenUnixMs = START_UNIX_MS + 24 * 60 * 60_000;
  return { kind: "posted", key, id: key, to: "lobby", body: { text }, writtenUnixMs };
}

const NOTED = { text: "for @ana, page 3: https://example.org/stairs" };

export function withPictures() {
  const story = createScene()
    .message("ben", "look at this")
    .record({ kind: "file", from: "ben", body: fileBody("stairs.jpg") })
    .record({ kind: "reaction", from: "ana", body: { re: 2, react: "👍" } })
    .record({ kind: "file", from: "cleo", body: fileBody("notes.pdf", NOTED) })
    .wait(3)
    .record({ kind: "file", from: "ana", body: fileBody("banner.png") })
    .message("ben", "and this is the banner?")
    .apply({ kind: "open", target: "lobby" });
  const pictures: PictureSizes = new Map([
    [fileId("stairs.jpg"), { id: 1, columns: 120, rows: 160 }],
    [fileId("banner.png"), { id: 2, columns: 20, rows: 2.5 }],
  ]);
  return { story, pictures };
}

export function wideWords(): Scene {
  return createScene("日本語の話題 🎉")
    .message("ben", "今日はいい天気ですね。散歩に行きませんか？公園の桜がとてもきれいだそうです。")
    .message("cleo", "가족 👨‍👩‍👧‍👦 and a flag 🇮🇩 and ❤️ and a thumb 👍🏽, each two columns wide")
    .message("dan", `zalgo: ${`h${"\u0301\u0302\u0303\u0304".repeat(10)}`.repeat(3)}i, café, क्षि`)
    .message("eve", "\u001b[31mred\u001b[0m \u0007bell \u202eevil\u202c \u200bhidden \u2028line")
    .message("ben", "tab\tby\ttab\n  indented\n\nand a gap")
    .message("cleo", `${"x".repeat(90)} https://example.org/${"long/".repeat(20)}`)
    .apply({ kind: "open", target: "lobby" });
}

const AFTERNOON = ["I cut the branch after lunch", "Fine. Release on Monday at six."];

/** A room with 54 new messages, one of which calls ana, opened at the first of them. */
export function afterAWeekend() {
  const people = ["tom", "priya", "jonas", "sven", "elif", "nora", "ute", "kim"];
  const unread = { n: 0, skipped: 0, read: 3 };
  const story = new Scene().apply(
    { kind: "greeted", server: SERVER },
    { kind: "entered", user: "ana" },
    { kind: "connection", connection: { kind: "online" } },
    { kind: "room", room: LOBBY, name: "lobby", topic: "Code, reviews, releases", ...unread },
    ...["general", "ops", "random", "support"].map((name, i) => {
      const calls = i < 2 ? [{ seq: 900 + i, n: 20 }] : [];
      const counts = { n: 40, skipped: 0, read: 1, unread: 34 + i };
      return { kind: "room", room: name as RoomId, name, ...counts, calls } as const;
    }),
    { kind: "caught-up" },
  );
  story
    .message("jonas", AFTERNOON[0] ?? "")
    .wait(23)
    .message("tom", AFTERNOON[1] ?? "");
  story.wait(17).message("ana", "See you on Monday").wait(27);
  const { seq } = story;
  story
    .message("tom", "The branch builds. Tests take 40 minutes on the old runner, so I moved it.")
    .wait(15)
    .message("priya", "Which one is the new one?")
    .wait(60 * 17)
    .message("jonas", "Who migrates the orders?")
    .wait(4)
    .message("sven", "with a default, please");
  for (let i = 0; i < 50; i++) {
    const call = i === 20 ? { mentions: ["ana"] } : {};
    story.wait(9).message(people[i % people.length] ?? "", `@ana, the text ${i}`, call);
  }
  story.apply({ kind: "open", target: "lobby" });
  const at = (n: number) => ({ seq: n, n });
  const messages: NewMessages = {
    room: LOBBY,
    target: "lobby",
    read: seq,
    last: story.seq,
    unread: 54,
    calls: [at(28)],
    hasCard: true,
  };
  const catchUp: RoomCatchUp = {
    unread: 54,
    sinceUnixMs: 0,
    first: at(seq + 1),
    last: at(story.seq),
    authors: 8,
    people: [
      { user: "tom", unread: 19 },
      { user: "priya", unread: 12 },
      { user: "jonas", unread: 9 },
    ],
    parts: [
      { kind: "calls", messages: [at(28)] },
      { kind: "moderator", user: "priya", messages: [at(6), at(9)] },
      { kind: "files", messages: [at(10), at(11), at(12)] },
      { kind: "polls", messages: [at(14)] },
    ],
    isPartial: false,
  };
  const change = { newMessages: messages, loadedCatchUp: { messages, catchUp } };
  return { model: story.model(), change };
}

export function propsOf(model: Model, size: Size, change: Partial<ViewProps> = {}): ViewProps {
  const { texts = screenTexts("en") } = change;
  return {
    model,
    rows: new RowBuilder().rowsOf(model, () => 0),
    state: FIRST_STATE,
    size,
    settings: DEFAULT_SETTINGS,
    nowUnixMs: START_UNIX_MS,
    texts,
    times: timesIn(texts),
    depth: "none",
    status: { address: "127.0.0.1:2428", transport: "quic", roundTripMs: 12.4 },
    fetchKey: "Alt-f",
    foldKey: "Alt-u",
    ...change,
  };
}

export function stateOf(change: Partial<ScreenState>): ScreenState {
  return { ...FIRST_STATE, ...change };
}

export function frameOf(props: ViewProps): ScreenFrame {
  return new FrameComposer().compose(props).frame;
}

export function plainLines({ lines }: Pick<ScreenFrame, "lines">): readonly string[] {
  const visible = lines.map((line) => line.replaceAll(/\u{10eeee}\p{Mn}*/gu, "▒"));
  return visible.map((line) => line.replaceAll(/\x1b\[[0-9;]*m|\x1b\]8;;[^\x07\x1b]*\x07/g, ""));
}
