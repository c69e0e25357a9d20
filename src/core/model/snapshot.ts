/** Snapshot of a model as JSON, with which a user interface opens before it has connected. */

import { decodeJson } from "../../base/decode.ts";
import type { RoomId } from "../../base/ids.ts";
import { SNAPSHOT_ITEMS_MAX, SNAPSHOT_ROOMS_MAX } from "../../base/limits-screen.ts";
import { jsonLine } from "../../base/text.ts";
import { VERSION } from "../../base/version.ts";
import type { RoomPrefs } from "../rooms/prefs.ts";
import type { ModelEvent } from "./event.ts";
import type { Model, ReadingPlace, RoomState } from "./state.ts";

/** Format, which may change with each version. */
const FORMAT = `4 ${VERSION}`;

export interface ModelSnapshot {
  readonly event: Extract<ModelEvent, { kind: "restored" }>;
  /** `seq` up to which the device has received everything. */
  readonly after: number | undefined;
}

/** Leaves out the messages of encrypted rooms, and those beyond the newest of each room. */
export function formatSnapshot(
  { me, server, rooms, displayNames, prefs, places }: Model,
  after: number | undefined,
): string {
  const newest = [...rooms.values()].sort((a, b) => b.lastSeq - a.lastSeq);
  const kept = new Set(newest.slice(0, SNAPSHOT_ROOMS_MAX).filter(({ isSealed }) => !isSealed));
  const snapshot: SnapshotJson = {
    format: FORMAT,
    after,
    me,
    server,
    rooms: [...rooms.values()].map((room) => roomJson(room, kept.has(room))),
    displayNames: [...displayNames],
    prefs: prefs === undefined ? undefined : [...prefs],
    places: [...places],
  };
  return jsonLine(snapshot);
}

function roomJson(room: RoomState, keepsItems: boolean) {
  const { tail, changes, receivedN } = room;
  const items = keepsItems ? tail.items.slice(-SNAPSHOT_ITEMS_MAX) : [];
  const hasOlder = items.length < tail.items.length || tail.hasOlder;
  const seqs = new Set(items.map(({ seq }) => seq));
  return {
    ...room,
    tail: { items, hasOlder: items.length === 0 ? receivedN > 0 : hasOlder, hasNewer: false },
    changes: [...changes].filter(([seq]) => seqs.has(seq)),
    jump: undefined,
    thread: undefined,
    loading: undefined,
    jumpSeq: undefined,
    readAtOpening: undefined,
    isCleared: false,
    online: [],
    members: undefined,
    unlisted: undefined,
    typing: [],
    offered: [],
  };
}

type RoomJson = ReturnType<typeof roomJson>;

interface SnapshotJson extends Pick<Model, "me" | "server"> {
  readonly format: string;
  readonly after: number | undefined;
  readonly rooms: readonly RoomJson[];
  readonly displayNames: readonly (readonly [string, string])[];
  readonly prefs: readonly (readonly [RoomId, RoomPrefs])[] | undefined;
  readonly places: readonly (readonly [string, ReadingPlace])[];
}

/**
 * Leaves out messages whose retention has ended.
 * @returns `undefined` if the text is damaged, or another version wrote it
 */
export function parseSnapshot(text: string, nowUnixMs: number): ModelSnapshot | undefined {
  try {
    const snapshot = decodeJson(text) as SnapshotJson;
    const { format, after, me, server, rooms, displayNames, prefs, places } = snapshot;
    if (format !== FORMAT) return undefined;
    const event = {
      kind: "restored",
      me,
      server,
      rooms: new Map(rooms.map((room) => [room.id, parseRoom(room, nowUnixMs)])),
      displayNames: new Map(displayNames),
      prefs: prefs === undefined ? undefined : new Map(prefs),
      places: new Map(places),
    } as const;
    return { event, after };
  } catch {
    return undefined;
  }
}

/**
 * Reports whether a process that has received everything up to `after` has received less than the
 * one that stored the snapshot.
 */
export function isOlderSnapshot(stored: string, after = 0): boolean {
  return (parseSnapshot(stored, 0)?.after ?? 0) > after;
}

function parseRoom(room: RoomJson, nowUnixMs: number): RoomState {
  const { keepMs = Number.POSITIVE_INFINITY, tail } = room;
  const items = tail.items.filter(({ timeUnixMs }) => timeUnixMs + keepMs > nowUnixMs);
  return { ...room, tail: { ...tail, items }, changes: new Map(room.changes), online: new Set() };
}
