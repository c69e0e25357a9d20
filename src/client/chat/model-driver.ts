import { unreachable } from "../../base/assert.ts";
import { asFault } from "../../base/fault.ts";
import type { Sha256 } from "../../base/ids.ts";
import type { ChatRecord } from "../../core/client/chat-record.ts";
import type { ModelEffect, ModelEvent } from "../../core/model/event.ts";
import type { Model } from "../../core/model/state.ts";
import { emptyModel, updateAll } from "../../core/model/update.ts";
import type { RoomPrefs } from "../../core/rooms/prefs.ts";
import type { Ask } from "../link/queries.ts";
import { type HistoryOf, ModelQueries } from "./model-queries.ts";

/** What a model wants done, and only its face can do. */
export type FaceEffect = Extract<ModelEffect, { kind: "read" | "notify" | "keep-draft" }>;

export interface ModelDriverOptions {
  /** Calls back once, when the next frame is about to be shown. */
  readonly nextFrame: (callback: () => void) => void;
  readonly sha256: Sha256;
  /** Milliseconds that never run back. */
  readonly now: () => number;
  /** Of one room that are held; left out: SHOWN_ITEMS_MAX. */
  readonly itemsMax?: number;
  /** As for ModelQueries. */
  readonly history?: HistoryOf;
}

/**
 * Holds a model, tells it what happens, and asks the server what it wants to know. `model` is a
 * value that never changes; `subscribe` is told of the next one, at most once a frame.
 */
export abstract class ModelDriver {
  readonly #nextFrame: ModelDriverOptions["nextFrame"];
  readonly #queries: ModelQueries;
  #model: Model;
  /** Not in the model yet: until the next frame. */
  #events: ModelEvent[] = [];
  #isFlushing = false;
  #isAwaitingFrame = false;
  readonly #listeners = new Set<() => void>();

  /** Completes pages of records with what this device has of sealed rooms. */
  readonly historyOf: HistoryOf;

  constructor({ nextFrame, sha256, itemsMax, history }: ModelDriverOptions) {
    this.historyOf = history ?? ((fields, ask) => ask(fields));
    this.#model = emptyModel(itemsMax);
    this.#nextFrame = nextFrame;
    this.#queries = new ModelQueries({
      ask: (kind, fields) => this.request(kind, fields),
      tell: (event) => this.tell(event),
      sha256,
      history: this.historyOf,
    });
  }

  /** All the protocol has: rooms, who, kick, mute, invite, ban, watch, clients, stats, … */
  abstract readonly request: Ask;

  protected abstract perform(effect: FaceEffect): void;

  get model(): Model {
    return this.#model;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Shown with the next frame. */
  protected tell(event: ModelEvent): void {
    this.#events.push(event);
    if (this.#isAwaitingFrame || this.#isFlushing) return;
    this.#isAwaitingFrame = true;
    this.#nextFrame(() => {
      this.#isAwaitingFrame = false;
      this.update();
    });
  }

  /** Somebody did it, and waits for what they see. */
  protected person(event: ModelEvent): void {
    this.#events.push(event);
    this.update();
  }

  /** One of a room's past; undefined: it is not there. @throws Fault */
  protected record(target: string, seq: number): Promise<ChatRecord | undefined> {
    return this.#queries.record(target, seq);
  }

  /** What was told and is not in the model yet was another account's. */
  protected forget(): void {
    this.#events = [];
  }

  /** Its fault is for the person to see. */
  protected show(work: Promise<unknown>): void {
    work.catch((error: unknown) => {
      this.person({ kind: "fault", fault: asFault(error) });
    });
  }

  /** All that was told is in the model now. */
  protected update(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    try {
      while (this.#events.length > 0) {
        const events = this.#events;
        this.#events = [];
        const { model, effects } = updateAll(this.#model, events);
        this.#model = model;
        for (const effect of effects) this.#perform(effect);
      }
    } finally {
      this.#isFlushing = false;
    }
    for (const listener of [...this.#listeners]) listener();
  }

  #perform(effect: ModelEffect): void {
    switch (effect.kind) {
      case "page":
        void this.#queries.page(effect);
        return;
      case "members":
        void this.#queries.members(effect.room, effect.target);
        return;
      case "search":
        void this.#queries.search(effect);
        return;
      case "prefs-set":
        return this.show(this.request("prefs-set", { room: effect.room, ...given(effect.prefs) }));
      case "read":
      case "notify":
      case "keep-draft":
        return this.perform(effect);
      default:
        return unreachable(effect);
    }
  }
}

/** An optional field is left out, never undefined. */
function given(prefs: RoomPrefs): RoomPrefs {
  return Object.fromEntries(Object.entries(prefs).filter(([, value]) => value !== undefined));
}
