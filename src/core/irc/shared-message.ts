/** Message published to many sessions: decoded once, and rendered once per set of capabilities. */

import { concatBytes, utf8Encode } from "../../base/bytes.ts";
import type { RoomId } from "../../base/ids.ts";
import { decode } from "../../wire/codec.ts";
import type { Notice } from "../../wire/messages.ts";
import {
  type ChatRecord,
  type HeadedRecord,
  readHead,
  resolveRecord,
} from "../client/chat-record.ts";
import { setNewest } from "../evict.ts";
import { CAP, RENDER_CAPS } from "./capabilities.ts";
import { formatLines } from "./format.ts";
import { ircRow } from "./kinds.ts";
import { renderIrcRecord } from "./render.ts";
import type { IrcServer } from "./server.ts";

/** About 1 MB. The removal of an older reaction is shown as an erasure. */
const REACTIONS_MAX = 2_000;

const MESSAGE_CAPS = CAP.tags | CAP.time | CAP.accountTag;
const MULTILINE_CAPS = CAP.batch | CAP.multiline;

/** Messages, which may be long, have few renderings, whatever their readers request. */
function renderCaps(caps: number, isMessage: boolean): number {
  if (!isMessage) return caps & RENDER_CAPS;
  const isMultiline = (caps & MULTILINE_CAPS) === MULTILINE_CAPS;
  return (caps & MESSAGE_CAPS) | (isMultiline ? MULTILINE_CAPS : 0);
}

interface Rendered {
  readonly to: string;
  readonly bytes: Uint8Array;
}

export class SharedRecord {
  readonly record: ChatRecord;
  readonly room: RoomId;
  readonly isMessage: boolean;
  readonly #rendered = new Map<number, Rendered>();

  constructor(
    private readonly server: IrcServer,
    headed: HeadedRecord,
    isLive = false,
  ) {
    const room = headed.head.room as RoomId;
    const name = server.rooms.get(room)?.name ?? "";
    const view = { kind: "room", name, id: room, topic: "" } as const;
    this.room = room;
    const record = resolveRecord(headed, view, server.sha256);
    const timeUnixMs = isLive ? server.liveTimes.of(room, record) : record.timeUnixMs;
    this.record = timeUnixMs === record.timeUnixMs ? record : { ...record, timeUnixMs };
    const { kind, seq } = this.record;
    this.isMessage = ircRow(kind).as === "message";
    if (kind === "reaction") setNewest(server.reactions, seq, this.record, REACTIONS_MAX);
  }

  /** Lines of a room's record, the same for all readers with these capabilities. */
  bytes(caps: number, to: string): Uint8Array {
    const key = renderCaps(caps, this.isMessage);
    const known = this.#rendered.get(key);
    if (known?.to === to) return known.bytes;
    const lines = renderIrcRecord(this.record, { server: this.server, caps: key, to });
    const bytes = utf8Encode(formatLines(lines));
    this.#rendered.set(key, { to, bytes });
    return bytes;
  }
}

/** Consecutive records of one room. */
export class SharedRecords {
  readonly kind = "records";
  readonly records: readonly SharedRecord[];
  /** True if most sessions show the same lines for all records. */
  readonly isUniform: boolean;
  readonly #isMessages: boolean;
  readonly #authors: ReadonlySet<string | undefined>;
  readonly #rendered = new Map<number, Rendered>();

  constructor(server: IrcServer, headed: readonly HeadedRecord[]) {
    this.records = headed.map((record) => new SharedRecord(server, record, true));
    const [first] = this.records;
    this.isUniform = this.records.every(({ room, record }) => {
      return room === first?.room && ircRow(record.kind).isPersonal !== true;
    });
    this.#isMessages = this.records.every(({ isMessage }) => isMessage);
    this.#authors = new Set(this.records.map(({ record }) => record.from));
  }

  isBy(name: string | undefined): boolean {
    return this.#authors.has(name);
  }

  bytes(caps: number, to: string): Uint8Array {
    const key = renderCaps(caps, this.#isMessages);
    const known = this.#rendered.get(key);
    if (known?.to === to) return known.bytes;
    const bytes = concatBytes(...this.records.map((record) => record.bytes(caps, to)));
    this.#rendered.set(key, { to, bytes });
    return bytes;
  }
}

export type SharedMessage = SharedRecords | { readonly kind: "notice"; readonly notice: Notice };

/** @param bytes published message without records */
export function sharedMessage(bytes: Uint8Array): SharedMessage | undefined {
  const incoming = decode(bytes);
  if (incoming.kind !== "message") return undefined;
  return { kind: "notice", notice: incoming.message as Notice };
}

export function sharedNotice(server: IrcServer, notice: Notice): SharedMessage {
  if (notice.kind !== "records") return { kind: "notice", notice };
  return new SharedRecords(server, notice.records.map(readHead));
}
