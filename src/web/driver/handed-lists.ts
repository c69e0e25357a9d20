/** Lists of the work in assignment rooms, kept current box by box. */

import type { RoomId } from "../../base/ids.ts";
import { boxNames } from "../../base/names.ts";
import type { HandedIn } from "../../client/actions.ts";
import { isSameName } from "../../core/model/item.ts";
import type { Model, RoomState } from "../../core/model/state.ts";
import { TaskQueue } from "../../io/task-queue.ts";
import type { PageClient } from "./page-client.ts";

/** Above this number of changed boxes, the whole list is one request instead of many. */
const CHANGED_BOXES_MAX = 8;

interface HandedList {
  readonly room: string;
  readonly works: readonly HandedIn[];
  /** Newest record of the room and of each box when they were requested. */
  readonly seqs: ReadonlyMap<RoomId, number>;
}

interface HandedListsOptions {
  readonly model: () => Model;
  /** Lists everyone, or only `user`. */
  readonly handed: (room: string, user?: string) => Promise<readonly HandedIn[]>;
}

export class HandedLists {
  /** Sends one request at a time, so that records that arrive meanwhile share the next one. */
  readonly #requests = new TaskQueue();
  #latest: HandedList | undefined;

  constructor(private readonly options: HandedListsOptions) {}

  /**
   * Requests only what has changed since the room was listed.
   * @throws {Fault} not-allowed
   */
  current(room: string): Promise<readonly HandedIn[]> {
    return this.#requests.runFor(this, () => this.#update(room));
  }

  async #update(room: string): Promise<readonly HandedIn[]> {
    const { model, handed } = this.options;
    const parts = partsOf(model(), room);
    const seqs = new Map(parts.map(({ id, lastSeq }) => [id, lastSeq]));
    const known = isSameName(this.#latest?.room, room) ? this.#latest : undefined;
    const changed = parts.filter(({ id, lastSeq }) => known?.seqs.get(id) !== lastSeq);
    const owners = changed.map(({ target }) => boxNames(target)?.user);
    const isWhole = owners.includes(undefined) || owners.length > CHANGED_BOXES_MAX;
    const answers = await Promise.all(
      known === undefined || isWhole ? [handed(room)] : owners.map((user) => handed(room, user)),
    );
    const before = known === undefined || isWhole ? [] : known.works;
    const works = new Map([...before, ...answers.flat()].map((work) => [work.user, work]));
    this.#latest = { room, works: [...works.values()], seqs };
    return this.#latest.works;
  }
}

/** Returns the lists of the account, which end with its session. */
export function handedListsOf(chat: PageClient): HandedLists {
  chat.handedLists ??= new HandedLists({
    model: () => chat.model,
    handed: (room, user) => chat.actions.handed(room, user),
  });
  return chat.handedLists;
}

/** Returns the `seq` of the newest record of the room and its boxes. */
export function newestWork(model: Model, room: string): number {
  return Math.max(0, ...partsOf(model, room).map(({ lastSeq }) => lastSeq));
}

function partsOf({ rooms }: Model, room: string): readonly RoomState[] {
  return [...rooms.values()].filter(
    ({ name, target }) => isSameName(name, room) || isSameName(boxNames(target)?.room, room),
  );
}
